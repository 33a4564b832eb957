"""What a run over TraX leaves behind when its tracker misbehaves, and what users can set."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from siamfc_eval.adapters import vot
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.adapters.trax.client import TraxTracker
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.errors import InputError
from siamfc_eval.results.read import read_results
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from tests.waiting import is_running, numbers_in, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS")

LISTING = [f"{number:08d}.jpg" for number in range(1, 6)]
SCRIPT = Path(__file__).parent / "trax_trackers" / "misbehaving.py"
COMMAND = f'"{sys.executable}" "{SCRIPT}"'
EXPERIMENT = parse_experiment({"name": "one pass", "dataset": "embedded", "protocols": [{"kind": "ope"}]}, "test")


def test_a_crashing_tracker_fails_its_runs_is_restarted_and_noted(tmp_path: Path) -> None:
    dataset = embedded_benchmark(length=5, names=("ball-dashes", "jelly-drifts", "disc-spins"))
    fault = tmp_path / "fault"
    fault.write_text("dies-in-frame")
    tracker = TraxTracker(f'{COMMAND} "{fault}"', "crashing")
    summary = run_experiment(EXPERIMENT, [tracker], dataset, tmp_path / "runs", options=RunOptions(lanes=1))
    assert summary.exit_code == 3
    assert len(summary.failures) == 3
    assert all("exit code 5" in failure.error for failure in summary.failures)
    assert summary.protocols[0].restarts == 2
    assert any("started again 2 times" in note for note in summary.notes)
    assert not list((tmp_path / "runs").rglob("*.txt"))
    # The same command, repaired, finishes what is missing.
    fault.write_text("none")
    again = run_experiment(EXPERIMENT, [tracker], dataset, tmp_path / "runs", options=RunOptions(lanes=1))
    assert again.exit_code == 0
    assert again.protocols[0].ran == 3
    assert not again.notes
    # Another command under the same name is another tracker, whose results must not be mixed with these.
    other = TraxTracker(f"{COMMAND} none", "crashing")
    with pytest.raises(InputError, match=r"tracker\.command"):
        run_experiment(EXPERIMENT, [other], dataset, tmp_path / "runs", options=RunOptions(lanes=1))


def test_nonsense_costs_its_own_sequence_and_nothing_else(tmp_path: Path) -> None:
    dataset = embedded_benchmark(length=5, names=("ball-dashes", "jelly-drifts", "disc-spins"))
    tracker = TraxTracker(f'{COMMAND} nonsense-once "{tmp_path / "said"}"', "confused")
    summary = run_experiment(EXPERIMENT, [tracker], dataset, tmp_path / "runs", options=RunOptions(lanes=1))
    assert summary.exit_code == 3
    (failure,) = summary.failures
    assert "the region ''" in failure.error
    assert summary.protocols[0].ran == 2
    assert len(read_results(summary.out, dataset)["confused"].runs) == 2


def test_a_classic_script_is_started_anew_for_each_reset_and_that_is_no_restart(tmp_path: Path) -> None:
    """Such a script ends where the next run would begin, and its process's start is not the tracker's time."""
    dataset = embedded_benchmark(length=30, names=("jelly-drifts",))
    command = f'"{sys.executable}" "{SCRIPT.with_name("classic.py")}" rectangle 40'
    protocols = [{"kind": "supervised", "repetitions": 1}, {"kind": "realtime", "fps": 0.1}]
    experiment = parse_experiment({"name": "resets", "dataset": "embedded", "protocols": protocols}, "test")
    summary = run_experiment(experiment, [TraxTracker(command, "classic")], dataset, tmp_path)
    assert summary.exit_code == 0, summary.failures
    assert [part.restarts for part in summary.protocols] == [0, 0]
    for folder in ("baseline", "realtime"):
        (run,) = read_results(summary.out, dataset, protocol=folder)["classic"].runs["jelly-drifts"]
        assert int((run.trajectory().codes == 1).sum()) >= 3


def test_a_time_out_is_set_by_the_option_else_by_the_definition_else_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seconds(spec: str, option: float | None) -> float:
        tracker = load_tracker(spec, timeout=option)
        assert isinstance(tracker, TraxTracker)
        assert tracker.timeouts.hello == tracker.timeouts.initialize == tracker.timeouts.frame
        return tracker.timeouts.frame

    path = tmp_path / "mine.toml"
    path.write_text('family = "trax"\ncommand = "python tracker.py"\ntimeout = 300\n')
    assert seconds("trax:anything", None) == 60
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_TIMEOUT", "7.5")
    assert seconds("trax:anything", None) == 7.5
    assert seconds("trax:anything", 9) == 9
    assert seconds(str(path), None) == 300
    assert seconds(str(path), 9) == 9


def test_the_option_of_run_reaches_trackers_in_processes_and_the_error_names_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "siamfc_eval", "run", "embedded", "--no-score", "--json", "--out", str(tmp_path)]
    command += ["--sequence", "ball-dashes", "--sequence", "jelly-drifts", "--workers", "2"]
    command += ["--tracker", f"trax:{COMMAND} never-hello", "--trax-timeout", "1.5"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 3, done.stderr
    assert "--trax-timeout is now called --timeout" in done.stderr
    failures = json.loads(done.stdout)["failures"]
    assert len(failures) == 2
    for failure in failures:
        assert "did not answer within 1.5 s" in failure["error"]
        assert "More time is given with --timeout SECONDS" in failure["error"]


def test_a_definition_starts_a_tracker_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "fault").write_text("none")
    shutil.copy(SCRIPT, tmp_path / "tracker.py")
    path = tmp_path / "mine.toml"
    path.write_text(f"""family = "trax"\ncommand = '"{sys.executable}" tracker.py fault'\n""")
    tracker = load_tracker(str(path))
    assert isinstance(tracker, TraxTracker)
    assert (tracker.name, tracker.facts["family"]) == ("mine", "trax")
    sequence = embedded_benchmark(length=2, names=("ball-dashes",)).sequences[0]
    assert sequence.frames is not None
    state = tracker.init(sequence.frames[0], sequence.boxes[0])
    assert tuple(tracker.update(state, sequence.frames[1])[1].region) == (1, 2, 30, 40)
    tracker.close()
    path.write_text('family = "trax"\ncommand = "x"\ntimeout = -1\n')
    with pytest.raises(InputError, match="timeout = -1"):
        load_tracker(str(path))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_tracker_ends_with_a_client_that_was_killed(tmp_path: Path) -> None:
    """One that hangs does not notice that its client has gone."""
    pid = tmp_path / "pid"
    words = ["run", "embedded", "--no-score", "--out", str(tmp_path / "runs"), "--sequence", "ball-dashes"]
    words += ["--tracker", f'trax:{COMMAND} hangs-and-leaves-child "{pid}"']
    client = subprocess.Popen([sys.executable, "-m", "siamfc_eval", *words], stderr=subprocess.DEVNULL)
    try:
        tracker, child = numbers_in(pid, 120)
    finally:
        client.kill()
        client.wait()
    wait_for(lambda: not is_running(tracker) and not is_running(child), 120)


def test_time_outs_and_the_folder_of_logs_are_set_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_TIMEOUT", "7.5")
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_LOGS", str(tmp_path / "logs"))
    tracker = load_tracker(f"trax:{COMMAND} none")
    assert isinstance(tracker, TraxTracker)
    limits = tracker.timeouts
    assert (limits.hello, limits.initialize, limits.frame) == (7.5, 7.5, 7.5)
    sequence = embedded_benchmark(length=2, names=("ball-dashes",)).sequences[0]
    assert sequence.frames is not None
    tracker.init(sequence.frames[0], sequence.boxes[0])
    tracker.close()
    (log,) = (tmp_path / "logs").iterdir()
    assert "about to show the fault none" in log.read_text()


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_time_out_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_TIMEOUT", value)
    with pytest.raises(InputError, match=f"SIAMFC_EVAL_TRAX_TIMEOUT={value}"):
        load_tracker("trax:anything")


def test_a_script_that_reports_on_the_first_image_is_told_so_instead_of_being_a_frame_late(tmp_path: Path) -> None:
    command = f'"{sys.executable}" "{SCRIPT.with_name("late.py")}"'
    dataset = embedded_benchmark(length=5, names=("jelly-drifts",))
    summary = run_experiment(EXPERIMENT, [TraxTracker(command, "late")], dataset, tmp_path)
    assert summary.exit_code == 3
    [failure] = summary.failures
    assert "report() without a frame to answer" in failure.error


def test_the_loop_of_the_docstring_answers_each_frame_with_its_own_region(tmp_path: Path) -> None:
    """The lines of the module's docstring, with a tracker that answers the frame's own number."""
    assert vot.__doc__ is not None
    lines = [line[4:] for line in vot.__doc__.splitlines() if line.startswith("    ")]
    loop = "\n".join(lines).replace("x, y, width, height", "number(image), 0, 9, 9")
    script = tmp_path / "docstring.py"
    script.write_text(
        "from pathlib import Path\n"
        "confidence = 1.0\n"
        "def number(image):\n"
        f"    return {LISTING!r}.index(Path(image).name)\n"
        f"{loop}\n"
    )
    folder = render_to_folder(embedded_benchmark(length=5, names=("jelly-drifts",)), tmp_path / "videos", "vot")
    dataset = load_dataset(folder)
    assert [frame.path.name for frame in dataset.sequences[0].frames or ()] == LISTING
    summary = run_experiment(EXPERIMENT, [TraxTracker(f'"{sys.executable}" "{script}"', "mine")], dataset, tmp_path)
    assert not summary.failures
    (run,) = read_results(summary.out, dataset)["mine"].runs["jelly-drifts"]
    assert run.boxes()[1:, 0].tolist() == [1, 2, 3, 4]
