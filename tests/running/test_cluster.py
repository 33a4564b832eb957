"""Work spread over dask.distributed: the files of a serial run, whoever dies; workers that are fit or get no work."""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.frames import Frame, ImageFrames
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.running import events
from siamfc_eval.running.cluster import connection, recruits
from siamfc_eval.running.cluster.executor import _local_workers, _unfit
from siamfc_eval.running.cluster.worker import Assignment, Enlisted, Refused, _fit
from siamfc_eval.running.executor import Job
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.protocol_specs import OnePassSpec
from siamfc_eval.running.run import run_experiment
from siamfc_eval.running.summary import RunSummary
from tests.running.running_toys import OneByOne, ToyTracker, moving_sequence, small_dataset
from tests.waiting import wait_for

pytest.importorskip("distributed")

OPE = parse_experiment({"name": "one pass", "protocols": [{"kind": "ope"}]}, "here")
DATASET = small_dataset(30, 25, 20, 15, 10, 5)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A scheduler with three workers."""
    with connection.local_cluster([{}, {}, {}]) as client:
        yield client


def _address(cluster: Any) -> str:
    return str(cluster.scheduler.address)


def _run(out: Path, tracker: Any, cluster: str | None, dataset: Dataset = DATASET, **more: Any) -> RunSummary:
    options = RunOptions(cluster=cluster, executor="serial" if cluster is None else None)
    return run_experiment(OPE, [tracker], dataset, out, options=options, **more)


def _files(out: Path) -> dict[str, bytes]:
    """Everything that decides scores: all result files but those of times."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*.txt")
        if not path.stem.endswith("_time")
    }


class Noted(OneByOne):
    """Adds a line with its process to a file when a run begins."""

    facts = {"family": "noted"}  # noqa: RUF012

    def __init__(self, log: Path, behaviour: str = "fine", at: int = 3) -> None:
        super().__init__(behaviour, at, name="noted", seconds=0.03)
        self.log = log

    def init(self, frame: Frame, region: Region) -> Region:
        with self.log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return super().init(frame, region)


def test_what_a_worker_had_that_is_killed_is_run_again_elsewhere(cluster: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    killed: list[int] = []

    def kill(event: events.Event) -> None:
        if isinstance(event, events.Advanced) and not killed:
            killed.append(int(log.read_text().split()[0]))  # it has the longest sequence
            os.kill(killed[0], signal.SIGKILL)

    summary = _run(tmp_path / "spread", Noted(log), _address(cluster), on_event=kill)
    assert killed
    assert (summary.exit_code, summary.protocols[0].ran) == (0, len(DATASET))
    begun = log.read_text().split()
    assert len(begun) == len(DATASET) + begun.count(str(killed[0]))
    assert len(set(begun)) >= 3
    _run(tmp_path / "serial", Noted(tmp_path / "other"), None)
    assert _files(tmp_path / "spread") == _files(tmp_path / "serial")
    manifest = json.loads(next((tmp_path / "spread").rglob("manifest.json")).read_text())
    assert manifest["settings"]["executor"] == "cluster"
    assert " x " in manifest["settings"]["cluster_workers"]
    assert all(item["seconds"] is None for item in manifest["items"].values())


def test_a_run_goes_on_with_other_workers_when_all_that_it_had_died_at_once(cluster: Any, tmp_path: Path) -> None:
    """Its last items are under way then, and nothing waits any more."""
    dataset = small_dataset(30, 25, 20)
    killed: list[int] = []

    def kill(event: events.Event) -> None:
        if isinstance(event, events.Advanced) and not killed:
            killed.extend(cluster.run(os.getpid).values())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    summary = _run(tmp_path / "spread", Noted(tmp_path / "log"), _address(cluster), dataset, on_event=kill)
    assert killed
    assert (summary.exit_code, summary.protocols[0].ran) == (0, len(dataset))
    assert set((tmp_path / "log").read_text().split()) - set(map(str, killed))
    _run(tmp_path / "serial", Noted(tmp_path / "other"), None, dataset)
    assert _files(tmp_path / "spread") == _files(tmp_path / "serial")


def test_who_is_there_is_known_while_the_client_refreshes_what_it_knows(cluster: Any) -> None:
    """What it refreshes itself has no workers, and would have all of them gone."""
    stop = threading.Event()

    async def refresh() -> None:
        while not stop.is_set():
            await cluster._update_scheduler_info()

    cluster.loop.add_callback(refresh)
    try:
        assert [len(connection.workers_of(cluster)) for _ in range(30)] == [3] * 30
    finally:
        stop.set()


COORDINATOR = """
import sys
from pathlib import Path
from tests.running.test_cluster import DATASET, Noted, _run

if __name__ == "__main__":
    _run(Path(sys.argv[1]), Noted(Path(sys.argv[2])), sys.argv[3])
"""


def test_a_run_whose_own_process_was_killed_is_continued(cluster: Any, tmp_path: Path) -> None:
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    words = [sys.executable, str(script), str(tmp_path / "spread"), str(tmp_path / "log"), _address(cluster)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(words, cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    try:
        wait_for(lambda: any((tmp_path / "spread").rglob("*.txt")))
    finally:
        process.kill()
        process.wait()
    summary = _run(tmp_path / "spread", Noted(tmp_path / "log"), _address(cluster))
    assert summary.exit_code == 0
    assert summary.protocols[0].done_before >= 1
    assert summary.protocols[0].done_before + summary.protocols[0].ran == len(DATASET)
    _run(tmp_path / "serial", Noted(tmp_path / "other"), None)
    assert _files(tmp_path / "spread") == _files(tmp_path / "serial")


def test_a_class_of_ones_own_and_batches_leave_the_files_of_a_serial_run(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "class Mine:\n"
        "    is_deterministic = True\n"
        "    def init(self, image, box):\n"
        "        self.box = box\n"
        "    def update(self, image):\n"
        "        return [self.box[0] + image.size[0] / 7, *self.box[1:]]\n"
    )
    for name, tracker in (("foreign", f"{tmp_path}/mine.py:Mine"), ("toy", ToyTracker())):
        assert _run(tmp_path / name / "spread", tracker, _address(cluster)).exit_code == 0
        _run(tmp_path / name / "serial", tracker, None)
        found = _files(tmp_path / name / "spread")
        assert len(found) >= len(DATASET)
        assert found == _files(tmp_path / name / "serial")


def test_what_kills_every_worker_costs_its_own_run(cluster: Any, tmp_path: Path) -> None:
    # The scheduler's own limit is higher; here it stands for "more than once".
    cluster.cluster.scheduler.allowed_failures = 1
    summary = _run(tmp_path, Noted(tmp_path / "log", "die", at=27), _address(cluster))
    assert [failure.key for failure in summary.failures] == ["s1"]
    assert "each worker's process died that ran it" in summary.failures[0].error
    assert (summary.exit_code, summary.protocols[0].ran) == (3, len(DATASET) - 1)


BLIND = """
import pathlib
seen = pathlib.Path.is_file
pathlib.Path.is_file = lambda self: "images" not in self.parts and seen(self)
"""
OLD = """
import siamfc_eval.version
siamfc_eval.version.__version__ = "0.0.1"
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two sequences in files."""
    import cv2

    sequences = []
    for number in (1, 2):
        sequence = moving_sequence(f"s{number}", 4)
        paths = []
        for frame in range(4):
            paths.append(tmp_path_factory.getbasetemp() / "images" / f"{number}-{frame}.png")
            paths[-1].parent.mkdir(exist_ok=True)
            cv2.imwrite(str(paths[-1]), np.zeros((48, 64, 3), np.uint8))
        sequences.append(sequence.with_frames(ImageFrames(paths)))
    return Dataset("images", tuple(sequences))


@pytest.fixture(scope="module")
def unfit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A scheduler with a worker that does not see the images, one of another version, and one that is fit."""
    folder = tmp_path_factory.mktemp("preload")
    (folder / "blind.py").write_text(BLIND)
    (folder / "old.py").write_text(OLD)
    preloads = [{"preload": [str(folder / f"{name}.py")], "name": name} for name in ("blind", "old")]
    with connection.local_cluster([*preloads, {"name": "fit"}]) as client:
        yield client


def test_workers_that_are_not_fit_get_no_work_and_are_named(unfit: Any, images: Dataset, tmp_path: Path) -> None:
    # All have loaded what they are asked by, so that each has answered long before the run is over.
    unfit.run(pkgutil.resolve_name, "siamfc_eval.running.cluster.worker:__doc__")
    summary = _run(tmp_path / "all", OneByOne(seconds=0.5), _address(unfit), images)
    assert (summary.exit_code, summary.protocols[0].ran) == (0, 2)
    notes = "\n".join(note for note in summary.notes if "gets no work" in note)
    assert "worker blind (tcp://127.0.0.1:" in notes
    assert f"cannot see the data set: it has no file {images.sequences[0].frames[0].path}" in notes
    assert "worker old (tcp://127.0.0.1:" in notes
    assert "has siamfc_eval 0.0.1, and this is" in notes
    assert "worker fit" not in notes
    fit = next(address for address, each in connection.workers_of(unfit).items() if each["name"] == "fit")
    unfit.retire_workers([fit])
    with pytest.raises(InputError, match=r"no worker of the cluster is fit for this run: worker .*\(tcp:.*worker "):
        _run(tmp_path / "none", OneByOne(), _address(unfit), images)


def test_a_scheduler_of_another_version_is_refused(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "__version__", "9.9.9")
    with pytest.raises(InputError, match=r"its scheduler has another siamfc_eval: .*, and this is 9\.9\.9"):
        _run(tmp_path, OneByOne(), _address(cluster))
    monkeypatch.setattr(connection, "VERSION", "siamfc_eval_that_is_not_there:__version__")
    with pytest.raises(InputError, match=r"none \(No module named 'siamfc_eval_that_is_not_there'\)"):
        _run(tmp_path, OneByOne(), _address(cluster))


class OnCard(Noted):
    """May run on a graphics card."""

    device = "cpu"


def test_workers_with_a_card_get_a_networks_runs_and_no_others_do(cluster: Any, tmp_path: Path) -> None:
    card = next(iter(connection.workers_of(cluster)))
    [pid] = cluster.run(_tag, workers=[card]).values()
    _run(tmp_path / "network", OnCard(tmp_path / "network.log"), _address(cluster))
    assert set((tmp_path / "network.log").read_text().split()) == {str(pid)}
    _run(tmp_path / "other", Noted(tmp_path / "other.log"), _address(cluster))
    assert set((tmp_path / "other.log").read_text().split()) - {str(pid)}


async def _tag(dask_worker: Any) -> int:
    await dask_worker.set_resources(GPU=1)
    return os.getpid()


def test_a_local_cluster_has_a_worker_for_each_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def workers(tracker: Any, **loading: Any) -> list[Any]:
        items = plan_items("toy", OnePassSpec(kind="ope"), DATASET.sequences[0], [1], single=True) * 9
        options = RunOptions.of(workers=8, **loading)
        return list(_local_workers(Job(tracker, OneByOne, OnePassSpec(kind="ope"), options, items)))

    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: 2)))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    assert workers(OneByOne()) == [{}] * 8
    tracker = OneByOne()
    tracker.device = "cuda"  # type: ignore[attr-defined]
    cards = [own["env"]["CUDA_VISIBLE_DEVICES"] for own in workers(tracker)]
    assert cards == ["3", "5"]
    assert {(own["nthreads"], own["resources"]["GPU"]) for own in workers(tracker)} == {(4, 1)}
    assert len(workers(tracker, device="cuda:1")) == 1


def test_a_worker_that_makes_another_tracker_is_refused(tmp_path: Path) -> None:
    spec, options = OnePassSpec(kind="ope"), RunOptions()
    right = Assignment("right", Path.cwd(), OneByOne, {"family": "one by one"}, None, spec, options, 4)
    assert isinstance(_fit(right, 1), Enlisted)
    batches = _fit(replace(right, token="batches", load=ToyTracker, facts={"family": "toy"}), 3)
    assert isinstance(batches, Enlisted)
    assert batches.share == 3
    wrong = _fit(replace(right, token="wrong", facts={"family": "one by one", "weights": "a1"}), 1)
    assert isinstance(wrong, Refused)
    assert "makes another tracker of the same name; different: weights" in wrong.reason


def test_an_address_that_does_not_answer_says_what_to_do(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    worker = next(iter(connection.workers_of(cluster)))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        for address in (
            mute,
            "tcp://127.0.0.1:1",
            "tcp://nowhere.invalid:8786",
            "tcp://127.0.0.1:x",
            "udp://a:1",
            worker,
        ):
            with pytest.raises(InputError, match="no dask scheduler answers there") as caught:
                _run(tmp_path, OneByOne(), address)
            assert "dask scheduler" in str(caught.value)
    assert not list(tmp_path.iterdir()), "nothing was begun"
    with pytest.raises(InputError, match="no such file"):
        _run(tmp_path, OneByOne(), str(tmp_path / "scheduler.json"))
    (tmp_path / "scheduler.json").write_text("[]")
    with pytest.raises(InputError, match="not a scheduler file"):
        _run(tmp_path, OneByOne(), str(tmp_path / "scheduler.json"))


def test_a_scheduler_without_workers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recruits, "START_PATIENCE", 0.3)
    with connection.local_cluster([]) as client:
        scheduler = tmp_path / "scheduler.json"
        scheduler.write_text(json.dumps({"address": _address(client)}))
        with pytest.raises(InputError, match="no workers for 0 s"):
            _run(tmp_path, OneByOne(), str(scheduler))


def test_a_scheduler_that_goes_away_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.local_cluster([{}]) as client:
        monkeypatch.setattr(connection, "PATIENCE", 2.0)

        def end(event: events.Event) -> None:
            if isinstance(event, events.ItemFinished):
                client.cluster.close()

        with pytest.raises(InputError, match="has gone away during the run"):
            _run(tmp_path, OneByOne(seconds=0.02), _address(client), on_event=end)
    assert _run(tmp_path, OneByOne(), None).protocols[0].done_before >= 1


def test_without_the_extra_a_cluster_is_refused_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for where in ("local", "tcp://127.0.0.1:8786"):
        with pytest.raises(MissingDependencyError, match=r"needs the package 'distributed'.*\[cluster\]"):
            _run(tmp_path, OneByOne(), where)
    assert _run(tmp_path, OneByOne(), None).exit_code == 0


def test_timed_runs_stay_here(tmp_path: Path) -> None:
    assert "no cluster" in _unfit(Job(OneByOne(), OneByOne, OnePassSpec(kind="ope"), RunOptions(), []))
    with pytest.raises(InputError, match="exclude each other"):
        run_experiment(OPE, [OneByOne()], DATASET, tmp_path, options=RunOptions(cluster="local", executor="lanes"))
    timed = RunOptions(cluster="local", speed=True)
    summary = run_experiment(OPE, [OneByOne()], DATASET, tmp_path, options=timed)
    assert any("timed, so they are made here" in note for note in summary.notes)
    assert summary.protocols[0].fps is not None
