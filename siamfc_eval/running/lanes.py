"""Many runs side by side: on a graphics card one batched call advances them all, on a CPU each has a thread.

A lane holds one running protocol. Each step takes the next command of every lane, whose frame was decoded ahead on
worker threads, answers all commands by one call for the initialisations and one for the updates, and lets a lane whose
run has ended take the next work item. Runs that reset, skip or end at different times need no special care, because a
protocol says itself what it wants next.

Lanes are divided into groups, each with a thread and batches of its own. A graphics card has two groups of many lanes,
so that protocols take their answers while the card works for the other group; a CPU has a group of one lane for each
core, and nothing is batched or filled.
"""

from __future__ import annotations

import math
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.protocols.commands import Initialize
from siamfc_eval.running.batches import BatchSize, batched
from siamfc_eval.running.decoding import Decoder, FramesAhead
from siamfc_eval.running.executor import Execution, Executor, Job, longest_first
from siamfc_eval.running.work import ActiveRun, Advance, Failed, Outcome, WorkItem, begin
from siamfc_eval.tracking.capabilities import device_of, upload_of
from siamfc_eval.tracking.tracker import BatchTracker, Output, Tracker

Answer = TypeVar("Answer")

GPU_LANES = 64
GPU_GROUPS = 2
"""Threads that call a tracker on a GPU."""


class _Lane:
    """A running protocol with the tracker's state and the frames to come."""

    def __init__(self, run: ActiveRun, decoder: Decoder) -> None:
        self.run = run
        self.state: Any = None
        assert run.item.sequence.frames is not None
        self._ahead = FramesAhead(run.item.sequence.frames, decoder)
        self._ahead.request(run.command.frame)

    def frame(self) -> Frame:
        """The decoded frame of the present command; InputError where it cannot be had."""
        _ = self.run.frame  # says what is wrong where images are fewer than ground truth
        frame, seconds = self._ahead.take(self.run.command.frame)
        self.run.decode_seconds += seconds
        return frame

    def answer_init(self, state: Any) -> None:
        """The tracker was initialised."""
        self.state = state
        self.run.report(None)
        self._look_ahead()

    def answer_update(self, answer: tuple[Any, Output]) -> None:
        """The tracker found the target."""
        self.state, output = answer
        self.run.report(output)
        self._look_ahead()

    def _look_ahead(self) -> None:
        if self.run.trajectory is None:
            self._ahead.request(self.run.command.frame)
        else:
            self._ahead.close()

    def fail(self, error: Exception) -> Failed:
        """End the run here."""
        self._ahead.close()
        return self.run.failed(error)


def run_lanes(
    tracker: BatchTracker,
    items: Iterable[WorkItem],
    lanes: int,
    advance: Advance,
    *,
    groups: int = 1,
    workers: int = 2,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[Outcome]:
    """Run work items side by side.

    Every batch has exactly `lanes` members, filled up with copies of its last one, so that no result depends on which
    runs happen to share a batch or on how many are left. Times are not measured (NaN): a share of a batched call is
    not the speed at which a tracker follows one target.

    Where a device's memory is too small for a batch, batches are halved, and the run goes on.

    Args:
        tracker: deterministic; random generators are not seeded here. With several groups it is called from several
            threads at once, each with states of its own.
        items: the longest first, so that few lanes are empty at the end.
        lanes: runs side by side in each group, at least 1.
        advance: called at each step, in the caller's thread.
        groups: threads that call the tracker.
        workers: threads that decode.
        note: told, in the caller's thread, of what the user should know.
    """
    items = list(items)
    pool = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="decode")
    messages: queue.SimpleQueue[_Message] = queue.SimpleQueue()
    decoder = Decoder(pool, [item.sequence.frames for item in items], upload_of(tracker))
    size = BatchSize(tracker.name, lanes, messages.put)
    stop = threading.Event()
    waiting = _Waiting(items, stop)
    share = _ShareOfCores(groups)

    def work() -> None:
        try:
            share.take()
            for outcome in _run_group(tracker, waiting, lanes, messages.put, decoder=decoder, size=size):
                messages.put(outcome)
        except BaseException as error:  # handed to the caller, who raises it
            messages.put(error)
        messages.put(None)

    threads = [threading.Thread(target=work, name=f"lanes-{number}", daemon=True) for number in range(groups)]
    try:
        for thread in threads:
            thread.start()
        running = groups
        while running:
            message = messages.get()
            if message is None:
                running -= 1
            elif isinstance(message, int):
                advance(message)
            elif isinstance(message, str):
                note(message)
            elif isinstance(message, BaseException):
                raise message
            else:
                yield message
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        pool.shutdown(wait=True, cancel_futures=True)
        share.give_back()


_Message = Outcome | int | str | BaseException | None
"""What a group's thread reports: an outcome, frames advanced, a note, what it died of, or that it is through."""


class _Waiting:
    """The work items that no lane has taken yet, for all groups."""

    def __init__(self, items: Iterable[WorkItem], stop: threading.Event) -> None:
        self.stop = stop
        self._items = iter(items)
        self._lock = threading.Lock()

    def take(self) -> WorkItem | None:
        """The next item; None when there are no more."""
        with self._lock:
            return next(self._items, None)


def _run_group(
    tracker: BatchTracker, waiting: _Waiting, lanes: int, advance: Advance, *, decoder: Decoder, size: BatchSize
) -> Iterator[Outcome]:
    """The lanes of one group, until no item is left or the caller has had enough."""
    active: list[_Lane] = []
    while not waiting.stop.is_set():
        while len(active) < lanes and (item := waiting.take()) is not None:
            run = begin(item, advance)
            if isinstance(run, Failed):
                yield run
            else:
                active.append(_Lane(run, decoder))
        if not active:
            return
        ended = _step(tracker, active, size)
        active = [lane for lane in active if lane not in ended]
        yield from ended.values()


class _ShareOfCores:
    """One of equal shares of torch's threads (where torch is loaded) for each of several threads of ours.

    A thread starts with the number that torch was given last, so it is asked for before any of them changes it.
    """

    def __init__(self, shares: int) -> None:
        self._torch = sys.modules.get("torch") if shares > 1 else None
        self._all = self._torch.get_num_threads() if self._torch is not None else 1
        self._share = max(1, self._all // shares)

    def take(self) -> None:
        """Called in each of the threads."""
        if self._torch is not None:
            self._torch.set_num_threads(self._share)

    def give_back(self) -> None:
        """Called in the thread that made this, once the others have ended."""
        if self._torch is not None:
            self._torch.set_num_threads(self._all)


def _step(tracker: BatchTracker, active: Sequence[_Lane], size: BatchSize) -> dict[_Lane, Outcome]:
    """Answer the present command of every lane; returns the lanes whose runs ended, in lane order."""
    ended: dict[_Lane, Outcome] = {}
    starting: list[tuple[_Lane, Frame]] = []
    following: list[tuple[_Lane, Frame]] = []
    for lane in active:
        try:
            frame = lane.frame()
        except Exception as error:
            ended[lane] = lane.fail(error)
            continue
        (starting if isinstance(lane.run.command, Initialize) else following).append((lane, frame))

    def initialize(members: Sequence[tuple[_Lane, Frame]]) -> list[Any]:
        regions = [lane.run.command.region for lane, _ in members]  # type: ignore[union-attr]
        return tracker.init_batch([frame for _, frame in members], regions)

    def update(members: Sequence[tuple[_Lane, Frame]]) -> list[tuple[Any, Output]]:
        return tracker.update_batch([lane.state for lane, _ in members], [frame for _, frame in members])

    ended |= _answer(starting, initialize, _Lane.answer_init, size)
    ended |= _answer(following, update, _Lane.answer_update, size)
    return {lane: ended[lane] for lane in active if lane in ended}


def _answer(
    members: Sequence[tuple[_Lane, Frame]],
    call: Callable[[Sequence[tuple[_Lane, Frame]]], Sequence[Answer]],
    hand_over: Callable[[_Lane, Answer], None],
    size: BatchSize,
) -> dict[_Lane, Outcome]:
    """Have all members answered and hand them the answers; returns those whose runs ended."""
    answers = batched(call, members, size)
    ended: dict[_Lane, Outcome] = {}
    for (lane, _), answer in zip(members, answers, strict=True):
        try:
            if isinstance(answer, Exception):
                raise answer
            hand_over(lane, answer)
        except Exception as error:
            ended[lane] = lane.fail(error)
        else:
            if lane.run.trajectory is not None:
                ended[lane] = lane.run.finished()
    return ended


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


def _unfit(job: Job) -> str:
    if not isinstance(job.tracker, BatchTracker):
        return "the tracker takes no batches"
    return "" if job.tracker.is_deterministic else "the tracker draws random numbers, which lanes would share"


def _plan(job: Job) -> Execution:
    tracker, planned = job.tracker, len(job.items)
    assert isinstance(tracker, BatchTracker)
    groups, most = lane_shape(tracker, job.options.lanes, job.workers)
    groups = min(groups, planned)
    lanes = lane_count(planned, groups, most)

    def run(items: list[WorkItem], advance: Advance) -> Iterator[Outcome]:
        return run_lanes(
            tracker, longest_first(items), lanes, advance, groups=groups, workers=job.workers, note=job.note
        )

    settings = {"lanes": f"{groups} groups of {lanes}", "times": "not measured: runs were advanced side by side"}
    return Execution(f"{groups * lanes} lanes", settings, run)


LANES = Executor("lanes", "Sequences side by side in one process, on a GPU in batches", _plan, _unfit)
