"""Runs side by side in processes of their own, for trackers that cannot work on batches."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np
from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor, TerminatedWorkerError

from siamfc_eval.errors import TrackerError
from siamfc_eval.running.executor import Execution, Executor, Job, Loader, longest_first
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Advance, Failed, Finished, Outcome, WorkItem
from siamfc_eval.tracking.tracker import Tracker

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

    A process that dies takes down the run that it was in, and no other; the next item starts another process.
    With more than one worker, times are dropped (NaN), since processes that share a machine slow each other down.

    Args:
        load: makes the tracker; picklable.
        items: picklable; the longest first.
        workers: processes, at least 1.
        advance: told of each finished item.
    """
    waiting = deque(items)
    team = [_Worker(load) for _ in range(min(workers, len(waiting)))]
    idle = list(team)
    in_flight: dict[Future[Outcome], tuple[_Worker, WorkItem]] = {}
    finished = False
    try:
        while waiting or in_flight:
            while waiting and idle:
                worker, item = idle.pop(), waiting.popleft()
                in_flight[worker.submit(item)] = worker, item
            done, _ = wait(in_flight, return_when=FIRST_COMPLETED)
            for future in done:
                worker, item = in_flight.pop(future)
                idle.append(worker)
                outcome = _outcome(future, item)
                advance(item.start.frames)
                yield outcome if workers == 1 else _without_times(outcome)
        finished = True
    finally:
        _end(team, at_once=not finished)


class _Worker:
    """A process with a tracker of its own; where it has died, the next item starts another.

    Each is a pool of one: a pool of several breaks as a whole when one of its processes dies, and does not say which
    item was in it.
    """

    def __init__(self, load: Loader) -> None:
        self._load = load
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # "spawn", since such a process can see its parent's end.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(1, context=context, initializer=_prepare, initargs=(self._load,))

    def submit(self, item: WorkItem) -> Future[Outcome]:
        """Begin an item; the process has nothing else to do."""
        with _interrupts_held():
            try:
                future: Future[Outcome] = self._pool.submit(_run_one, item)
            except BrokenProcessPool:
                self._pool.shutdown()
                self._pool = self._new_pool()
                future = self._pool.submit(_run_one, item)
            return future

    def end(self, at_once: bool) -> None:
        """End the process: when its tracker is closed, or at once, with all processes that it has started."""
        self._pool.shutdown(kill_workers=at_once)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is started meanwhile hears no interrupt, which a terminal sends to all; this one hears it after.

    `_prepare` would come too late for it: a process that is still importing ends with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(team: list[_Worker], at_once: bool) -> None:
    """End all workers side by side: after an interrupt whatever they are doing, since nobody waits for it."""
    with ThreadPoolExecutor(max(1, len(team))) as threads:
        list(threads.map(lambda worker: worker.end(at_once), team))


def _outcome(future: Future[Outcome], item: WorkItem) -> Outcome:
    """What became of an item that a worker had."""
    try:
        return dataclasses.replace(future.result(), item=item)
    except TerminatedWorkerError as error:
        died = "the tracker's process died (a crash in compiled code, or out of memory)."
        return Failed(item, f"sequence '{item.sequence.name}': {died}", "tracker", details=str(error))
    except Exception as error:  # the item or its answer could not be sent
        return Failed(item, f"{type(error).__name__}: {error}", "tracker", details=str(error.__cause__ or ""))


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


def _unfit(job: Job) -> str:
    return "" if can_travel(job.load, job.items[0]) else "the tracker or the data set cannot be sent to another process"


def _plan(job: Job) -> Execution:
    workers = min(job.workers, len(job.items))

    def run(items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
        return run_processes(job.load, longest_first(items), workers, advance)

    settings = {"times": "not measured: processes shared the machine"}
    return Execution(f"{workers} processes", settings, run, loads_trackers=True)


PROCESSES = Executor("processes", "Sequences side by side, a process for each core", _plan, _unfit)
