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
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Advance, Outcome, WorkItem
from siamfc_eval.tracking.capabilities import device_of
from siamfc_eval.tracking.tracker import BatchTracker, Tracker

GPU_LANES = 64
GPU_GROUPS = 4
"""Threads that crop for a GPU."""


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
    tracker: Tracker, load: Loader, protocol: ProtocolSettings, options: RunOptions, items: list[WorkItem]
) -> Execution:
    """The executor for a tracker under a protocol.

    Args:
        tracker: batches are for trackers that can, and that are deterministic (lanes share random generators).
        load: makes the tracker in another process.
        protocol: realtime runs need measured times.
        options: lanes, workers, speed.
        items: the whole plan, runs from before included, so that a resumed run has the same batches.
    """
    planned = len(items)
    workers = options.workers or os.cpu_count() or 1
    timed = options.speed or protocol.needs_times
    batches = isinstance(tracker, BatchTracker) and tracker.is_deterministic
    if not timed and batches and options.lanes != 1 and planned > 1:
        groups, most = lane_shape(tracker, options.lanes, workers)
        groups = min(groups, planned)
        lanes = lane_count(planned, groups, most)
        assert isinstance(tracker, BatchTracker)
        label = f"{groups * lanes} lanes"
        settings = {"executor": "lanes", "lanes": f"{groups} groups of {lanes}"}
        return Execution(
            label,
            settings | {"times": "not measured: runs were advanced side by side"},
            lambda items, advance: _in_lanes(
                tracker, lanes, groups=groups, workers=workers, items=items, advance=advance
            ),
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


def lane_shape(tracker: Tracker, asked: int | None, cores: int) -> tuple[int, int]:
    """Groups, and the most lanes in each, for the device on which a tracker runs.

    A group is a thread. On a CPU each has one lane: a batch is no faster there, and a lane for each core uses all.

    Args:
        tracker: says its device.
        asked: lanes that the user wants in all; None: as suits the device.
        cores: cores to use.
    """
    if not device_of(tracker).startswith("cuda"):
        return asked or cores, 1
    total = asked or GPU_LANES
    groups = min(cores, GPU_GROUPS, total)
    return groups, math.ceil(total / groups)


def lane_count(planned: int, groups: int, most: int) -> int:
    """Lanes of each group: at most `most`, and such that all of them have work for the same number of rounds."""
    rounds = math.ceil(planned / (groups * most))
    return max(1, math.ceil(planned / (groups * rounds)))


def _longest_first(items: list[WorkItem]) -> list[WorkItem]:
    return sorted(items, key=lambda item: -item.start.frames)


def _in_lanes(
    tracker: BatchTracker, lanes: int, *, groups: int, workers: int, items: list[WorkItem], advance: Advance
) -> Iterator[Outcome]:
    return run_lanes(tracker, _longest_first(items), lanes, advance, groups=groups, workers=workers)


def _in_processes(load: Loader, workers: int, items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
    return run_processes(load, _longest_first(items), workers, advance)
