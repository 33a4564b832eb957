"""Runs of classes of a user's own: what fails costs its own sequence, and what changes is noticed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.results.read import read_results
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.running.summary import RunSummary
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from tests.waiting import commands, wait_for

CLASSES = '''
import os, sys, time
import numpy as np
import step

class Base:
    """Two sequences have discs and kites; one of them is special to some classes."""
    is_deterministic = True
    def init(self, image, box):
        self.box, self.size, self.count = np.array(box), image.size, 0
        self.is_first = bool(box[0] == FIRST)
    def update(self, image):
        self.count += 1
        if self.is_first and self.count == 2:
            self.misbehave()
        self.box = self.box + [step.STEP, 0, 0, 0]
        return self.box
    def misbehave(self):
        pass

class Exits(Base):
    def misbehave(self):
        sys.exit(0)

class Leaves(Base):
    def misbehave(self):
        os._exit(0)

class Crashes(Base):
    def misbehave(self):
        os.abort()

class Raises(Base):
    def misbehave(self):
        raise ValueError("no target here")

class RaisesAlways(Base):
    def update(self, image):
        raise ValueError("no target anywhere")

class Lost(Base):
    def update(self, image):
        answer = super().update(image)
        return [float("nan")] * 4 if self.count == 2 else answer

class Sure(Base):
    def update(self, image):
        return super().update(image), 1 / (1 + self.count)

class Random(Base):
    is_deterministic = False
    def update(self, image):
        return super().update(image) + np.random.normal(size=4)

class Slow(Base):
    def update(self, image):
        time.sleep(0.1)
        return super().update(image)

class Unmade(Base):
    def __init__(self):
        os._exit(0)

class Sized(Base):
    def __init__(self, weights="step.py", size=1):
        pass
'''

DATASET = embedded_benchmark(length=8, size=(160, 120), names=("disc-spins", "kite-dives", "ball-dashes"))
OPE = parse_experiment({"name": "one pass", "dataset": "embedded", "protocols": [{"kind": "ope"}]}, "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of classes, of which some misbehave on the first sequence."""
    (tmp_path / "step.py").write_text("STEP = 1\n")
    first = DATASET.sequences[0].boxes[0, 0]
    (tmp_path / "mine.py").write_text(f"FIRST = {first!r}\n".replace("np.float64", "float") + CLASSES)
    return tmp_path


def _run(folder: Path, kind: str, experiment: Any = OPE, **options: Any) -> RunSummary:
    return run_experiment(
        experiment, [f"{folder}/mine.py:{kind}"], DATASET, folder / "runs", options=RunOptions(**options)
    )


@pytest.mark.parametrize("lanes", [None, 1], ids=["in worker processes", "one after the other"])
@pytest.mark.parametrize("kind", ["Exits", "Leaves", "Crashes", "Raises"])
def test_what_a_class_does_costs_its_own_sequence(folder: Path, kind: str, lanes: int | None) -> None:
    summary = _run(folder, kind, lanes=lanes, workers=2)
    assert summary.exit_code == 3
    executor = json.loads((summary.protocols[0].folder / "manifest.json").read_text())["settings"]["executor"]
    assert executor == ("serial" if lanes else "processes")
    (failure,) = summary.failures
    assert failure.key == "disc-spins"
    assert summary.protocols[0].ran == 2
    log = (summary.protocols[0].folder / "errors.log").read_text()
    assert failure.error in log
    if kind in {"Exits", "Raises"}:
        assert 'mine.py", line' in failure.details
        assert failure.details in log
    assert set(read_results(summary.out, DATASET)[kind].runs) == {"kite-dives", "ball-dashes"}


def test_workers_and_a_serial_run_leave_the_same_files(folder: Path) -> None:
    files = []
    for lanes in (1, None):
        summary = _run(folder, "Random", lanes=lanes, workers=2, fresh=True)
        assert summary.exit_code == 0, summary.failures
        files.append([path.read_bytes() for path in sorted(summary.protocols[0].folder.glob("*.txt"))])
    assert files[0] == files[1]
    assert len(files[0]) == 3


def test_times_are_the_class_s_own(folder: Path) -> None:
    summary = _run(folder, "Slow", lanes=1)
    (part,) = summary.protocols
    assert part.tracker_seconds is not None
    assert part.tracker_seconds >= 3 * 7 * 0.1
    assert part.decode_seconds < part.tracker_seconds
    assert (part.folder / "times" / "disc-spins_time.txt").is_file()


def test_an_answer_that_is_no_number_is_a_failed_frame_and_counted(folder: Path) -> None:
    summary = _run(folder, "Lost", lanes=1)
    assert summary.exit_code == 0
    assert summary.protocols[0].invalid == 3
    (run,) = read_results(summary.out, DATASET)["Lost"].runs["disc-spins"]
    assert np.flatnonzero(np.isnan(run.trajectory().boxes()).any(axis=1)).tolist() == [2]


def test_confidences_reach_the_long_term_protocol(folder: Path) -> None:
    experiment = parse_experiment({"name": "lt", "protocols": [{"kind": "long-term"}]}, "test")
    summary = _run(folder, "Sure", experiment, lanes=1)
    (run,) = read_results(summary.out, DATASET, protocol="long-term")["Sure"].runs["disc-spins"]
    confidences = run.trajectory().confidences
    assert confidences is not None
    np.testing.assert_allclose(confidences[1:], 1 / np.arange(2, 9))
    quiet = _run(folder, "Base", experiment, lanes=1)
    assert any("no confidences" in note for note in quiet.notes)
    assert not any("no confidences" in note for note in summary.notes)


def test_changed_code_or_files_are_another_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert _run(folder, "Sized", lanes=1).exit_code == 0
    again = _run(folder, "Sized", lanes=1)
    assert (again.protocols[0].ran, again.protocols[0].done_before) == (0, 3)
    (folder / "step.py").write_text("STEP = 2\n")
    with pytest.raises(InputError, match=r"different: tracker\.arguments, tracker\.code\.step"):
        _run(folder, "Sized", lanes=1)
    assert _run(folder, "Sized", lanes=1, fresh=True).protocols[0].ran == 3


def test_names_tell_two_weights_of_one_class_apart(folder: Path) -> None:
    spec = f"{folder}/mine.py:Sized"
    summary = run_experiment(
        OPE, [spec, spec, "static"], DATASET, folder / "runs", options=RunOptions(names=("a", "b", "c"))
    )
    assert [part.tracker for part in summary.protocols] == ["a", "b", "c"]
    assert set(read_results(summary.out, DATASET)) == {"a", "b", "c"}
    with pytest.raises(InputError, match="1 names for 2 trackers"):
        run_experiment(OPE, [spec, spec], DATASET, folder / "runs", options=RunOptions(names=("a",)))


def test_a_class_that_cannot_be_made_leaves_the_other_trackers_their_runs(folder: Path) -> None:
    trackers = [f"{folder}/mine.py:Unmade", "static"]
    summary = run_experiment(OPE, trackers, DATASET, folder / "runs")
    assert summary.exit_code == 3
    (failure,) = summary.failures
    assert "ended with exit code 0 while it was loaded" in failure.error
    assert [(part.tracker, part.ran) for part in summary.protocols] == [("static", 3)]


def _command(folder: Path, kind: str, *more: str, **options: Any) -> subprocess.CompletedProcess[str]:
    words = [
        "run",
        "embedded",
        "--sequence",
        "ball-dashes",
        "--sequence",
        "jelly-drifts",
        "--out",
        str(folder / "runs"),
    ]
    words += ["--tracker", f"{folder}/mine.py:{kind}", "--no-score", *more]
    return subprocess.run(
        [sys.executable, "-m", "siamfc_eval", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


def test_a_traceback_is_shown_once_and_nothing_is_called_a_success_where_nothing_ran(folder: Path) -> None:
    done = _command(folder, "RaisesAlways", "--workers", "1")
    assert done.returncode == 3
    assert "taken for got10k style: PIL images in RGB, box answers" in done.stderr
    assert done.stderr.count("Traceback (most recent call last)") == 1
    assert f'File "{folder}/mine.py", line' in done.stderr
    assert "errors.log" in done.stderr
    assert "next:" not in done.stdout
    assert "results:" not in done.stdout
    assert "nothing was run" in done.stderr
    log = folder / "runs" / "synthetic" / "RaisesAlways" / "errors.log"
    assert log.read_text().count("no target anywhere") >= 2


def test_debug_stops_where_the_class_raises(folder: Path) -> None:
    done = _command(folder, "RaisesAlways", "--debug", input="p 'count is', self.box.size\nq\n")
    assert "('count is', 4)" in done.stdout
    assert 'raise ValueError("no target anywhere")' in done.stdout
    assert done.returncode == 130, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
@pytest.mark.parametrize(
    "how",
    [
        pytest.param(["--lanes", "1"], id="one after the other"),
        pytest.param(["--workers", "2"], id="in workers"),
        pytest.param(["--cluster", "local", "--workers", "2"], id="on a local cluster", marks=pytest.mark.stress),
    ],
)
def test_the_end_of_a_run_is_the_end_of_all_its_processes(folder: Path, how: list[str], end: signal.Signals) -> None:
    experiment = folder / "untimed.toml"
    experiment.write_text('dataset = "embedded"\n[[protocols]]\nkind = "ope"\n')
    words = ["run", str(experiment), "--out", str(folder / "runs"), "--no-score"]
    words += ["--tracker", f"{folder}/mine.py:Slow", *how]
    process = subprocess.Popen(
        [sys.executable, "-m", "siamfc_eval", *words], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        wait_for(lambda: any((folder / "runs").rglob("*.holder.json")))
        if "--workers" in how:
            wait_for(lambda: sum("spawn_main" in line for line in _processes(process.pid, folder)) == 2)
        time.sleep(1)
        if end == signal.SIGINT:
            os.killpg(process.pid, end)  # as a terminal does, to all processes of the run
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 130
            assert "interrupted" in errors
            assert "Traceback" not in errors
        else:
            process.kill()
            process.wait()
        wait_for(lambda: not _processes(process.pid, folder))
    finally:
        process.kill()
        process.communicate()


def _processes(session: int, folder: Path) -> list[str]:
    """The command lines of processes of a session, or that name a folder."""
    found = []
    for pid, line in commands().items():
        with contextlib.suppress(OSError):  # a process may end while it is looked at
            if pid != os.getpid() and line and (os.getsid(pid) == session or str(folder) in line):
                found.append(line)
    return found
