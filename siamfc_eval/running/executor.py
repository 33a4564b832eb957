"""What runs work items: the executors by name, and which of them suits a tracker.

This is the only list of them; another package adds its own as entry points of the group `siamfc_eval.executors`.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from siamfc_eval.errors import InputError
from siamfc_eval.registry import Registry
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.work import Advance, Outcome, WorkItem
from siamfc_eval.tracking.tracker import Tracker

Loader = Callable[[], Tracker]
"""Makes the tracker, as often as it is called; picklable where the tracker's own code is."""


@dataclass(frozen=True, eq=False)
class Job:
    """One tracker under one protocol, to be run."""

    tracker: Tracker
    load: Loader
    """Makes the tracker in another process."""
    protocol: ProtocolSettings
    options: RunOptions
    items: list[WorkItem]
    """The whole plan, runs from before included, so that a resumed run has the same batches."""
    note: Callable[[str], None] = lambda text: None
    """Told, in the caller's thread, of what the user should know."""

    @property
    def workers(self) -> int:
        """Cores to use."""
        return self.options.workers or os.cpu_count() or 1

    @property
    def timed(self) -> bool:
        """Whether the time of each call is asked for: by the user, or by a protocol that runs against the clock."""
        return self.options.speed or self.protocol.needs_times


@dataclass(frozen=True, eq=False)
class Execution:
    """How one job is run."""

    label: str
    """What a user sees, e.g. "8 lanes"."""
    settings: dict[str, str]
    """For the manifest, in addition to the executor's name."""
    run: Callable[[list[WorkItem], Advance], Iterator[Outcome]]
    """Runs the given items of the job, in any order; it calls `Advance` with frames done, in the caller's thread."""
    loads_trackers: bool = False
    """It makes trackers of its own by `Job.load`, so that the job's own one may be closed meanwhile."""
    learned: Callable[[], dict[str, str]] = dict
    """What there is to add to `settings` once it has run."""


@dataclass(frozen=True)
class Executor:
    """A way to run work items."""

    name: str
    summary: str
    """One line for lists."""
    plan: Callable[[Job], Execution]
    unfit: Callable[[Job], str] = lambda job: ""
    """Why it cannot run a job, as a clause: "the tracker takes no batches"; "" where it can."""
    measures_times: bool = False
    """Whether it runs a tracker alone on the machine and times each call."""


EXECUTORS: Registry[Executor] = Registry(
    "executor", "siamfc_eval.running.executor:Executor", group="siamfc_eval.executors"
)
"""Every executor, by name."""

EXECUTORS.add("serial", "siamfc_eval.running.serial:SERIAL", "One frame after the other, timed")
EXECUTORS.add("lanes", "siamfc_eval.running.lanes:LANES", "Sequences side by side in one process, on a GPU in batches")
EXECUTORS.add("processes", "siamfc_eval.running.processes:PROCESSES", "Sequences side by side, a process for each core")
EXECUTORS.add(
    "cluster", "siamfc_eval.running.cluster.executor:CLUSTER", "Sequences spread over the workers of dask.distributed"
)


def plan_execution(job: Job) -> Execution:
    """How a job is run: by the executor that the options name, or else by the fastest one that suits it.

    Raises:
        UnknownNameError: there is no executor of that name.
        InputError: the named executor cannot run this job.
    """
    name = job.options.executor if job.options.executor and job.items else _suitable(job)
    executor = EXECUTORS[name]
    reason = _unfit(executor, job)
    if reason:
        option = "--executor" if job.options.executor else "--cluster"
        raise InputError(
            f"{job.tracker.name}, {job.protocol.kind}: the executor '{name}' cannot run it: {reason}. "
            f"Leave out {option} to have a suitable one chosen, or name another (`siamfc-eval list executors`)."
        )
    execution = executor.plan(job)
    return dataclasses.replace(execution, settings={"executor": name, **execution.settings})


def _suitable(job: Job) -> str:
    if job.options.cluster is not None and job.items and not job.timed:
        return "cluster"
    if job.timed or job.options.lanes == 1 or len(job.items) < 2:
        return "serial"
    side_by_side = ("lanes", "processes") if job.workers > 1 else ("lanes",)
    return next((name for name in side_by_side if not _unfit(EXECUTORS[name], job)), "serial")


def _unfit(executor: Executor, job: Job) -> str:
    if job.timed and not executor.measures_times:
        return "calls are to be timed, which it does not do"
    return executor.unfit(job)


def longest_first(items: list[WorkItem]) -> list[WorkItem]:
    """Items in the order in which the fewest workers are idle at the end; those of a sequence stay together, so that
    frames which several of them need are decoded once."""
    longest: dict[str, int] = {}
    for item in items:
        name = item.sequence.name
        longest[name] = max(item.start.frames, longest.get(name, 0))
    places = {name: place for place, name in enumerate(sorted(longest, key=lambda name: -longest[name]))}
    return sorted(items, key=lambda item: (places[item.sequence.name], -item.start.frames))
