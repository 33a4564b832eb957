"""Runs side by side in processes of their own, for trackers that cannot work on batches."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import pickle
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from loky.process_executor import BrokenProcessPool, ProcessPoolExecutor, TerminatedWorkerError

from siamfc_eval.errors import TrackerError
from siamfc_eval.running.executor import Execution, Executor, Job, Loader, longest_first
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.team import Telling, run_in_team, without_item, without_times
from siamfc_eval.running.work import Advance, Failed, Outcome, WorkItem

_worker: dict[str, Any] = {}
"""What this worker process has: its tracker, where it says how far it is, whether others share the machine."""


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
        advance: called with frames done, in the caller's thread.
    """
    items = list(items)
    return run_in_team(_Processes(load, min(workers, len(items)), shared=workers > 1), items, advance)


class _Processes:
    """A team on this machine, connected by pipes: nobody else can reach them."""

    def __init__(self, load: Loader, count: int, shared: bool) -> None:
        self._all = [_Worker(load, shared) for _ in range(max(1, count))]
        self._busy: dict[Future[list[Outcome]], _Worker] = {}

    def _idle(self) -> list[_Worker]:
        busy = {worker for future, worker in self._busy.items() if not future.done()}
        return [worker for worker in self._all if worker not in busy]

    def wants(self, waiting: int) -> int:
        return 1 if self._idle() else 0

    def submit(self, number: int, items: list[WorkItem]) -> Future[list[Outcome]]:
        worker = self._idle()[0]
        self._busy = {future: busy for future, busy in self._busy.items() if not future.done()}
        future = worker.submit(number, items)
        self._busy[future] = worker
        return future

    def progress(self) -> Iterator[tuple[int, int]]:
        for worker in self._all:
            yield from worker.progress()

    def outcomes(self, future: Future[list[Outcome]]) -> list[Outcome]:
        return future.result()

    def failed(self, error: Exception, item: WorkItem) -> Failed:
        if isinstance(error, TerminatedWorkerError):
            died = "the tracker's process died (a crash in compiled code, or out of memory)."
            return Failed(item, f"sequence '{item.sequence.name}': {died}", "tracker", details=str(error))
        # The item or its answer could not be sent.
        return Failed(item, f"{type(error).__name__}: {error}", "tracker", details=str(error.__cause__ or ""))

    def end(self, at_once: bool) -> None:
        """End all of them side by side; after an interrupt whatever they are doing, since nobody waits for it."""
        with ThreadPoolExecutor(len(self._all)) as threads:
            list(threads.map(lambda worker: worker.end(at_once), self._all))


class _Worker:
    """A process with a tracker of its own; where it has died, the next item starts another.

    Each is a pool of one: a pool of several breaks as a whole when one of its processes dies, and does not say which
    item was in it.
    """

    def __init__(self, load: Loader, shared: bool) -> None:
        self._load = load
        self._shared = shared
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # "spawn", since such a process can see its parent's end.
        context = multiprocessing.get_context("spawn")
        self._heard, self._said = context.Pipe(duplex=False)
        return ProcessPoolExecutor(
            1, context=context, initializer=_prepare, initargs=(self._load, self._said, self._shared)
        )

    def submit(self, number: int, items: list[WorkItem]) -> Future[list[Outcome]]:
        """Begin a share; the process has nothing else to do."""
        with interrupts_held():
            try:
                future: Future[list[Outcome]] = self._pool.submit(_run_share, number, items)
            except BrokenProcessPool:
                self._pool.shutdown()
                self._hang_up()
                self._pool = self._new_pool()
                future = self._pool.submit(_run_share, number, items)
            return future

    def progress(self) -> Iterator[tuple[int, int]]:
        """What the process has said of its share."""
        with contextlib.suppress(EOFError, OSError):  # it has died, which its future tells
            while self._heard.poll():
                yield self._heard.recv()

    def end(self, at_once: bool) -> None:
        """End the process: when its tracker is closed, or at once, with all processes that it has started."""
        self._pool.shutdown(kill_workers=at_once)
        self._hang_up()

    def _hang_up(self) -> None:
        self._heard.close()
        self._said.close()


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
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


def _prepare(load: Loader, said: Any, shared: bool) -> None:
    """Make a worker process ready: one thread, no interrupts of its own, and an end with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"
    import cv2

    cv2.setNumThreads(1)
    _worker.update(said=said, shared=shared)
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


def _run_share(number: int, items: list[WorkItem]) -> list[Outcome]:
    """Run items in this worker; their sequences stay here."""

    def tell(frames: int) -> None:
        _worker["said"].send((number, frames))

    outcomes = map(without_item, run_serial(_worker["tracker"], items, Telling(tell)))
    return [without_times(outcome) if _worker["shared"] else outcome for outcome in outcomes]


def _unfit(job: Job) -> str:
    return "" if can_travel(job.load, job.items[0]) else "the tracker or the data set cannot be sent to another process"


def _plan(job: Job) -> Execution:
    workers = min(job.workers, len(job.items))

    def run(items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
        return run_processes(job.load, longest_first(items), workers, advance)

    settings = {"times": "not measured: processes shared the machine"}
    return Execution(f"{workers} processes", settings, run, loads_trackers=True)


PROCESSES = Executor("processes", "Sequences side by side, a process for each core", _plan, _unfit)
