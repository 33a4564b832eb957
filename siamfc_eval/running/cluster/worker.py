"""What a worker of dask does for a run: sees whether it can serve it, and runs work items.

These functions are called in the worker's process, in a thread of its own. Everything comes and goes as bytes that are
pickled here, so that dask has no need to know what is in them, and a fault in reading them is reported as any other.
"""

from __future__ import annotations

import os
import pickle
import platform
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import SiamfcEvalError
from siamfc_eval.running.executor import Job, Loader, plan_execution
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.provenance import hardware
from siamfc_eval.running.team import Telling, without_item, without_times
from siamfc_eval.running.work import Failed, Outcome, WorkItem
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.tracker import BatchTracker, Tracker

if TYPE_CHECKING:
    from distributed import Worker


@dataclass(frozen=True, eq=False)
class Assignment:
    """One tracker under one protocol, as every worker of a run receives it."""

    token: str
    """Of this run, and of no other: the resource that workers have which are fit for it."""
    folder: Path
    """Where the run was started: relative paths begin there."""
    load: Loader
    facts: Mapping[str, Any]
    """What the tracker is where the run was started."""
    sample: Path | None
    """A file of the data set; None where the frames are in none."""
    protocol: ProtocolSettings
    options: RunOptions
    gpu_lanes: int
    """Runs side by side on a graphics card, the same on all, since it decides the last bits there."""


@dataclass(frozen=True)
class Enlisted:
    """A worker that is fit."""

    share: int
    """Items that it takes at once."""
    hardware: dict[str, str]


@dataclass(frozen=True)
class Refused:
    """A worker that is not, and why."""

    reason: str


class _Dropped(BaseException):
    """Nobody waits for this task any more; no fault of the tracker, whose errors are exceptions."""


_assignments: dict[str, Assignment] = {}
_at_work = threading.Lock()
"""Held by the one thread that uses the tracker, whatever the number of threads that this worker has."""
_made: dict[str, Tracker] = {}
"""The tracker that was used last, under its token; one at a time."""


def enlist(packed: bytes) -> Enlisted | Refused:
    """Make this worker ready for a run, or say why it is not fit for it; called as a task of its own."""
    from distributed import get_worker
    from distributed.utils import sync

    worker = get_worker()
    try:
        assignment: Assignment = pickle.loads(packed)
        with _at_work:
            fit = _fit(assignment, worker.state.nthreads)
    except Exception as error:
        what = str(error) if isinstance(error, SiamfcEvalError) else f"{type(error).__name__}: {error}"
        return Refused(f"cannot make the tracker: {what}")
    if isinstance(fit, Enlisted):
        _assignments[assignment.token] = assignment
        sync(worker.loop, _report_for_duty, worker, assignment.token)
    return fit


async def _report_for_duty(worker: Worker, token: str) -> None:
    """Take a run's tasks from now on, also those that lost their workers when there was no other.

    When a worker gets a resource the scheduler does not look again at tasks that nobody could take. It does when a
    worker comes back from a pause.
    """
    from distributed import Status

    await worker.set_resources(**{token: 1})
    if worker.status == Status.running:
        worker.status = Status.paused
        worker.status = Status.running


def _fit(assignment: Assignment, threads: int) -> Enlisted | Refused:
    _enter(assignment)
    if assignment.sample is not None and not assignment.sample.is_file():
        return Refused(
            f"cannot see the data set: it has no file {assignment.sample.absolute()}. Have the data set's folder under "
            "the same path on every machine"
        )
    tracker = _tracker(assignment)
    ours, theirs = assignment.facts, capabilities.facts_of(tracker)
    differing = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
    if differing:
        return Refused(f"makes another tracker of the same name; different: {', '.join(differing)}")
    return Enlisted(_share(assignment, tracker, threads), hardware(capabilities.device_of(tracker)))


def _enter(assignment: Assignment) -> None:
    if assignment.folder.is_dir():
        os.chdir(assignment.folder)


def _share(assignment: Assignment, tracker: Tracker, threads: int) -> int:
    """As many items as the worker can advance side by side."""
    if not isinstance(tracker, BatchTracker) or not tracker.is_deterministic:
        return 1
    on_gpu = capabilities.device_of(tracker).startswith("cuda")
    return assignment.gpu_lanes if on_gpu else assignment.options.lanes or threads


def _tracker(assignment: Assignment) -> Tracker:
    """The tracker of a run; that of another run is let go of."""
    if assignment.token not in _made:
        for tracker in _made.values():
            capabilities.close(tracker)
        _made.clear()
        import cv2

        cv2.setNumThreads(1)
        _made[assignment.token] = assignment.load()
    return _made[assignment.token]


def work(token: str, number: int, packed: bytes) -> bytes:
    """Run a share of work items, and tell now and then how many frames are done; called as a task.

    Returns:
        The outcomes in the order of the items, pickled.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def tell(frames: int) -> None:
        task = worker.state.tasks.get(key)
        if task is None or task.state in {"cancelled", "released", "forgotten"}:
            raise _Dropped
        worker.log_event(token, [number, frames])

    assignment = _assignments[token]
    items: list[WorkItem] = pickle.loads(packed)
    with _at_work:
        _enter(assignment)
        execution = plan_execution(_job(assignment, items, worker.state.nthreads))
        found = {outcome.item: outcome for outcome in execution.run(items, Telling(tell))}
    return pickle.dumps([_as_it_travels(found[item], worker.name) for item in items])


def _as_it_travels(outcome: Outcome, worker: object) -> Outcome:
    """An outcome without what is known where it goes; a failure says where files are that it names, such as logs."""
    outcome = without_times(without_item(outcome))
    if not isinstance(outcome, Failed):
        return outcome
    where = f"This was on {platform.node()}, by worker {worker}."
    return replace(outcome, details=f"{outcome.details.rstrip()}\n{where}".lstrip())


def _job(assignment: Assignment, items: list[WorkItem], threads: int) -> Job:
    """How this process runs a share by itself: as a full one, so that its lanes are as many as those of any other."""
    tracker = _tracker(assignment)
    share = _share(assignment, tracker, threads)
    executor = "serial" if share == 1 else "lanes"
    options = replace(assignment.options, cluster=None, executor=executor, workers=threads, lanes=share)
    plan = [items[number % len(items)] for number in range(share)]
    return Job(tracker, assignment.load, assignment.protocol, options, plan)


def dismiss(token: str) -> None:
    """Forget a run, and let go of its tracker; called on every worker when the run is over."""
    _assignments.pop(token, None)
    if _at_work.acquire(blocking=False):
        try:
            tracker = _made.pop(token, None)
            if tracker is not None:
                capabilities.close(tracker)
        finally:
            _at_work.release()
