"""Which executor runs a tracker: one after the other, abreast in lanes, or in processes."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from siamfc_eval.running.lanes import run_lanes
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.processes import Loader, can_travel, run_processes
from siamfc_eval.running.protocol_specs import AnySpec
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Advance, Outcome, WorkItem
from siamfc_eval.tracking.tracker import BatchTracker, Tracker

CPU_LANES = 8
GPU_LANES = 64


@dataclass(frozen=True)
class Execution:
    """A way to run work items."""

    label: str
    """What a user sees, e.g. "8 lanes"."""
    settings: dict[str, str]
    """For the manifest."""
    run: Callable[[list[WorkItem], Advance], Iterator[Outcome]]
    note: str = ""
    """What the user should know; "" if nothing."""


def choose_execution(
    tracker: Tracker, load: Loader, protocol: AnySpec, options: RunOptions, items: list[WorkItem]
) -> Execution:
    """The executor for a tracker under a protocol.

    Args:
        tracker: batches are for trackers that can, and that are deterministic (lanes share random generators).
        load: makes the tracker in another process.
        protocol: realtime runs need measured times.
        options: lanes, workers, speed.
        items: the whole plan, runs from before included, so that a resumed run has the same lanes.
    """
    planned = len(items)
    workers = options.workers or os.cpu_count() or 1
    timed = options.speed or protocol.needs_times
    batches = isinstance(tracker, BatchTracker) and tracker.is_deterministic
    if not timed and batches and options.lanes != 1 and planned > 1:
        lanes = lane_count(planned, options.lanes or default_lanes(tracker))
        assert isinstance(tracker, BatchTracker)
        return Execution(
            f"{lanes} lanes",
            {"executor": "lanes", "lanes": str(lanes), "times": "not measured: runs were advanced in batches"},
            partial(_in_lanes, tracker, lanes, workers),
        )
    parallel = not timed and not batches and options.lanes != 1 and workers > 1 and planned > 1
    if parallel and can_travel(load, items[0]):
        return Execution(
            f"{min(workers, planned)} processes",
            {"executor": "processes", "times": "not measured: processes shared the machine"},
            partial(_in_processes, load, min(workers, planned)),
        )
    note = ""
    if protocol.needs_times and (options.lanes or 1) > 1:
        note = f"{tracker.name}: realtime runs are timed, so they are made one after the other and not in lanes."
    return Execution(
        "one after the other, timed",
        {"executor": "serial", "lanes": "1", "times": "measured: the tracker alone, decoding excluded"},
        lambda items, advance: run_serial(tracker, items, advance),
        note,
    )


def default_lanes(tracker: Tracker) -> int:
    """Lanes that suit the device on which a tracker runs."""
    return GPU_LANES if str(getattr(tracker, "device", "cpu")).startswith("cuda") else CPU_LANES


def lane_count(planned: int, most: int) -> int:
    """Lanes for a plan: at most `most`, and such that all of them have work for the same number of rounds."""
    rounds = math.ceil(planned / most)
    return max(1, math.ceil(planned / rounds))


def _longest_first(items: list[WorkItem]) -> list[WorkItem]:
    return sorted(items, key=lambda item: -item.start.frames)


def _in_lanes(
    tracker: BatchTracker, lanes: int, workers: int, items: list[WorkItem], advance: Advance
) -> Iterator[Outcome]:
    return run_lanes(tracker, _longest_first(items), lanes, advance, workers)


def _in_processes(load: Loader, workers: int, items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
    return run_processes(load, _longest_first(items), workers, advance)
