"""Foreign trackers on a cluster's workers: the files of a serial run, and what goes wrong costs what it costs here."""

from __future__ import annotations

import os
import platform
import re
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from siamfc_eval.running.cluster import connection
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.running.summary import RunSummary
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from tests.adapters.test_trax_runs import COMMAND, SCRIPT
from tests.running.test_class_runs import CLASSES
from tests.running.test_cluster import _files
from tests.waiting import is_running, numbers_in, wait_for

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="TraX needs Linux or macOS")

DATASET = embedded_benchmark(length=8, size=(160, 120), names=("disc-spins", "kite-dives", "ball-dashes"))
OPE = {"kind": "ope"}
RESETS = {"kind": "supervised", "repetitions": 2}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler with two workers, which were started in another folder than any run is."""
    with connection.local_cluster([{}, {}]) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user, who names files as they are called in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "step.py").write_text("STEP = 1\n")
    (tmp_path / "mine.py").write_text(f"FIRST = {float(DATASET.sequences[0].boxes[0, 0])}\n" + CLASSES)
    (tmp_path / "classic.py").write_bytes(SCRIPT.with_name("classic.py").read_bytes())
    return tmp_path


def _run(out: str, tracker: str, protocol: Any, cluster: Any = None, **more: Any) -> RunSummary:
    address = str(cluster.scheduler.address) if cluster is not None else None
    options = RunOptions.of(cluster=address, executor=None if cluster else "serial", **more)
    experiment = parse_experiment({"name": "foreign", "dataset": "embedded", "protocols": [protocol]}, "test")
    return run_experiment(experiment, [tracker], DATASET, Path(out), options=options)


@pytest.mark.parametrize(
    "tracker",
    [f'trax:"{sys.executable}" classic.py rectangle 9', "mine.py:Random"],
    ids=["TraX", "random class"],
)
def test_the_files_are_those_of_a_serial_run(cluster: Any, folder: Path, tracker: str) -> None:
    summary = _run("spread", tracker, RESETS, cluster)
    assert summary.exit_code == 0, summary.failures
    assert not [note for note in summary.notes if "started again" in note]
    assert _run("serial", tracker, RESETS).exit_code == 0
    found = _files(folder / "spread")
    assert len(found) >= 2 * len(DATASET)
    assert found == _files(folder / "serial")


@pytest.mark.parametrize("kind", ["Crashes", "Raises"])
def test_what_a_class_does_costs_its_own_sequence_and_is_said_with_its_place(
    cluster: Any, folder: Path, kind: str
) -> None:
    spread, serial = _run("spread", f"mine.py:{kind}", OPE, cluster), _run("serial", f"mine.py:{kind}", OPE)
    assert (spread.exit_code, spread.protocols[0].ran) == (3, len(DATASET) - 1)
    [there], [here] = spread.failures, serial.failures
    assert (there.key, there.error.splitlines()[0]) == (here.key, here.error.splitlines()[0])
    *details, place = there.details.splitlines()
    assert details == here.details.splitlines()
    assert re.fullmatch(rf"This was on {re.escape(platform.node())}, by worker [01]\.", place)
    assert place in (spread.protocols[0].folder / "errors.log").read_text()
    assert _files(folder / "spread") == _files(folder / "serial")


def test_a_program_that_dies_is_started_again_where_it_died(cluster: Any, folder: Path) -> None:
    (folder / "fault").write_text("dies-in-frame")
    tracker = f'trax:{COMMAND} "{folder / "fault"}"'
    summary = _run("spread", tracker, OPE, cluster)
    assert (summary.exit_code, len(summary.failures)) == (3, len(DATASET))
    assert all("exit code 5" in failure.error for failure in summary.failures)
    assert not list(folder.rglob("*.txt"))
    (folder / "fault").write_text("none")
    again = _run("spread", tracker, OPE, cluster)
    assert (again.exit_code, again.protocols[0].ran) == (0, len(DATASET))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_program_ends_with_the_worker_that_started_it(cluster: Any, folder: Path) -> None:
    """Also one that hangs, and what it has started itself; the runs are made again elsewhere until time is up."""
    pids = folder / "pids"
    workers = set(cluster.run(os.getpid).values())
    killed: list[int] = []

    def kill() -> None:
        killed.extend(numbers_in(pids, 120))
        for worker in workers:
            os.kill(worker, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    summary = _run("spread", f'trax:{COMMAND} hangs-and-leaves-child "{pids}"', OPE, cluster, timeout=2)
    thread.join()
    assert summary.exit_code == 3
    assert len(summary.failures) == len(DATASET)
    wait_for(lambda: not any(is_running(pid) for pid in killed), 120)
