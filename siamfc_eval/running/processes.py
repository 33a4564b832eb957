"""Runs side by side in processes of their own, for trackers that cannot work on batches."""

from __future__ import annotations

import dataclasses
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import numpy as np

from siamfc_eval.errors import TrackerError
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Advance, Failed, Finished, Outcome, WorkItem
from siamfc_eval.tracking.tracker import Tracker

Loader = Callable[[], Tracker]
"""Makes the tracker inside a worker process; must be picklable."""

_worker: dict[str, Tracker] = {}
"""The tracker of this worker process."""


def can_travel(*things: Any) -> bool:
    """Whether things can be sent to another process."""
    try:
        pickle.dumps(things)
    except Exception:  # what an object raises when pickled is its own affair
        return False
    return True


def run_processes(load: Loader, items: Iterable[WorkItem], workers: int, advance: Advance) -> Iterator[Outcome]:
    """Run work items in worker processes, each with a tracker of its own and one thread.

    A process that dies takes down the run that it was in, and no other: what was in flight beside it is run again.
    With more than one worker, times are dropped (NaN), since processes that share a machine slow each other down.

    Args:
        load: makes the tracker; picklable.
        items: picklable; the longest first.
        workers: processes, at least 1.
        advance: told of each finished item.
    """
    waiting = list(items)
    while waiting:
        lost: list[WorkItem] = []
        for outcome in _run_pool(load, waiting, workers, lost):
            advance(outcome.item.start.frames)
            yield outcome if workers == 1 else _without_times(outcome)
        waiting = waiting if lost else []
        # A pool that broke does not say which run broke it: those in flight are tried once more, each alone.
        for item in lost:
            broken: list[WorkItem] = []
            alone = list(_run_pool(load, [item], 1, broken))
            outcome = alone[0] if alone else Failed(item, _DIED.format(name=item.sequence.name), "tracker")
            advance(item.start.frames)
            yield outcome if workers == 1 else _without_times(outcome)


_DIED = "sequence '{name}': the tracker's process died (a crash in compiled code, or out of memory)."


def _run_pool(load: Loader, waiting: list[WorkItem], workers: int, lost: list[WorkItem]) -> Iterator[Outcome]:
    """Run items until none are waiting or a process dies.

    Args:
        waiting: items to run; those that were begun are removed.
        lost: receives the items that were in flight when a process died.
    """
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(load,)
    )
    in_flight: dict[Future[Any], WorkItem] = {}
    finished = False
    try:
        while waiting or in_flight:
            while waiting and len(in_flight) < workers and not lost:
                item = waiting.pop(0)
                in_flight[pool.submit(_run_one, item)] = item
            done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
            for future in done:
                item = in_flight.pop(future)
                try:
                    answer = future.result()
                except BrokenProcessPool:
                    lost.append(item)
                except Exception as error:  # the item or its answer could not be sent
                    yield Failed(item, f"{type(error).__name__}: {error}", "tracker")
                else:
                    yield dataclasses.replace(answer, item=item)
            if lost:
                lost += in_flight.values()
                return
        finished = True
    except BrokenProcessPool:
        lost += [item, *in_flight.values()]
    finally:
        if finished:
            pool.shutdown(wait=True)
        else:
            _stop(pool)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers now, whatever they are doing: after an interrupt there is nothing to wait for."""
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(timeout=5)


def _without_times(outcome: Outcome) -> Outcome:
    if isinstance(outcome, Failed) or outcome.trajectory.times is None:
        return outcome
    nothing = np.full(len(outcome.trajectory), np.nan)
    return dataclasses.replace(outcome, trajectory=dataclasses.replace(outcome.trajectory, times=nothing))


def _prepare(load: Loader) -> None:
    """Make a worker process ready: one thread, no interrupts of its own, and an end with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    import cv2

    cv2.setNumThreads(1)
    try:
        tracker = _worker["tracker"] = load()
        if hasattr(tracker, "close"):
            # A child of multiprocessing ends without running what was registered with atexit.
            multiprocessing.util.Finalize(None, tracker.close, exitpriority=10)
    except Exception as error:
        # Raised here it would break the pool without a word; each run says it instead.
        _worker["tracker"] = _Unloadable(error)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


class _Unloadable:
    """Stands for a tracker that could not be made."""

    is_deterministic = True

    def __init__(self, error: Exception) -> None:
        self.name = ""
        self._message = str(error)

    def init(self, frame: Any, region: Any) -> Any:
        raise TrackerError(self._message)

    def update(self, state: Any, frame: Any) -> Any:
        raise TrackerError(self._message)


def _run_one(item: WorkItem) -> Outcome:
    """Run one item in this worker; the sequence stays here."""
    outcome = next(run_serial(_worker["tracker"], [item], lambda frames: None))
    stripped: Any = None
    if isinstance(outcome, Finished):
        return dataclasses.replace(outcome, item=stripped)
    return dataclasses.replace(outcome, item=stripped)
