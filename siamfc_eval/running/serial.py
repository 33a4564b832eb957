"""One frame after the other: the executor that measures time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from time import perf_counter
from typing import Any

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.protocols.commands import Initialize
from siamfc_eval.running.executor import Execution, Executor, Job
from siamfc_eval.running.work import ActiveRun, Advance, Failed, Outcome, WorkItem, begin
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.seeding import seed_generators
from siamfc_eval.tracking.tracker import Tracker


def run_serial(tracker: Tracker, items: Iterable[WorkItem], advance: Advance) -> Iterator[Outcome]:
    """Run work items one by one, alone on the machine as far as this process can tell.

    Times are of the tracker's calls alone: before the clock starts the frame is decoded and a tracker's process, if it
    has one, is started by its method `make_ready`; a tracker with a method `synchronize` is waited for before the clock
    is read. A tracker with `last_call` (`siamfc_eval.tracking.tracker.CallTimes`) measures for itself, and one with a
    method `seed` seeds generators in a process of its own. Nothing decodes ahead, which would take a core away from the
    tracker.
    """
    for item in items:
        run = begin(item, advance)
        if isinstance(run, Failed):
            yield run
            continue
        seed_generators(item.seed)
        if isinstance(tracker, capabilities.Seeded):
            tracker.seed(item.seed)
        before = capabilities.restarts_of(tracker)
        try:
            _finish(tracker, run)
        except (Exception, SystemExit) as error:  # a tracker that exits has failed; only an interrupt ends the run
            yield replace(run.failed(error), restarts=capabilities.restarts_of(tracker) - before)
        else:
            yield replace(run.finished(), restarts=capabilities.restarts_of(tracker) - before)


def _finish(tracker: Tracker, run: ActiveRun) -> None:
    """Answer a run's commands until it ends."""
    state: Any = None
    while run.trajectory is None:
        command, frame = run.command, decoded(tracker, run)
        if isinstance(command, Initialize):
            capabilities.prepare(tracker)
        capabilities.synchronise(tracker)
        started = perf_counter()
        if isinstance(command, Initialize):
            state = tracker.init(frame, command.region)
            capabilities.synchronise(tracker)
            run.report(None, _seconds(tracker, run, perf_counter() - started))
        else:
            state, output = tracker.update(state, frame)
            capabilities.synchronise(tracker)
            seconds = _seconds(tracker, run, perf_counter() - started)
            run.report(output, seconds)


def _seconds(tracker: Tracker, run: ActiveRun, measured: float) -> float:
    """The time of a call, as a tracker in another process measured it where it did."""
    own = capabilities.last_call_of(tracker)
    if own is None:
        return measured
    run.decode_seconds += own.decode_seconds
    return own.seconds


def decoded(tracker: Tracker, run: ActiveRun) -> Frame:
    """The frame of the present command, decoded unless the tracker reads image files itself.

    Raises:
        InputError: the image is missing or unreadable.
    """
    frame = run.frame
    if not (frame.path is not None and capabilities.reads_files(tracker)):
        started = perf_counter()
        _ = frame.pixels
        run.decode_seconds += perf_counter() - started
    return frame


def _plan(job: Job) -> Execution:
    settings = {"lanes": "1", "times": "measured: the tracker alone, decoding excluded"}
    return Execution(
        "one after the other, timed", settings, lambda items, advance: run_serial(job.tracker, items, advance)
    )


SERIAL = Executor("serial", "One frame after the other, timed", _plan, measures_times=True)
