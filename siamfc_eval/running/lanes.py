"""Many runs abreast: one batched call of the tracker advances them all.

A lane holds one running protocol. Each step takes the next command of every lane, whose frame was decoded ahead on
worker threads, answers all commands by one call for the initialisations and one for the updates, and lets a lane whose
run has ended take the next work item. Runs that reset, skip or end at different times need no special care, because a
protocol says itself what it wants next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.protocols.commands import Initialize
from siamfc_eval.running.decoding import FramesAhead
from siamfc_eval.running.work import ActiveRun, Advance, Failed, Outcome, WorkItem, begin
from siamfc_eval.tracking.tracker import BatchTracker, Output

Answer = TypeVar("Answer")


class _Lane:
    """A running protocol with the tracker's state and the frames to come."""

    def __init__(self, run: ActiveRun, pool: ThreadPoolExecutor) -> None:
        self.run = run
        self.state: Any = None
        assert run.item.sequence.frames is not None
        self._ahead = FramesAhead(run.item.sequence.frames, pool)
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
        self.run.report(output.region, confidence=output.confidence)
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
    tracker: BatchTracker, items: Iterable[WorkItem], lanes: int, advance: Advance, workers: int = 2
) -> Iterator[Outcome]:
    """Run work items abreast.

    Every batch has exactly `lanes` members, filled up with copies of its last one, so that no result depends on which
    runs happen to share a batch or on how many are left. Times are not measured (NaN): a share of a batched call is
    not the speed at which a tracker follows one target.

    Args:
        tracker: deterministic; random generators are not seeded here.
        items: the longest first, so that few lanes are empty at the end.
        lanes: runs abreast, at least 1.
        advance: told of each step.
        workers: threads that decode.
    """
    pool = ThreadPoolExecutor(max(workers, 1), thread_name_prefix="decode")
    waiting = iter(items)
    active: list[_Lane] = []
    try:
        while True:
            while len(active) < lanes and (item := next(waiting, None)) is not None:
                run = begin(item, advance)
                if isinstance(run, Failed):
                    yield run
                else:
                    active.append(_Lane(run, pool))
            if not active:
                return
            ended = _step(tracker, active, lanes)
            active = [lane for lane in active if lane not in ended]
            yield from ended.values()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step(tracker: BatchTracker, active: Sequence[_Lane], lanes: int) -> dict[_Lane, Outcome]:
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

    ended |= _answer(starting, initialize, _Lane.answer_init, lanes)
    ended |= _answer(following, update, _Lane.answer_update, lanes)
    return {lane: ended[lane] for lane in active if lane in ended}


def _answer(
    members: Sequence[tuple[_Lane, Frame]],
    call: Callable[[Sequence[tuple[_Lane, Frame]]], Sequence[Answer]],
    hand_over: Callable[[_Lane, Answer], None],
    lanes: int,
) -> dict[_Lane, Outcome]:
    """One batched call for all members; if it raises, one for each, so that only the culprit's run fails."""
    if not members:
        return {}
    answers: list[Answer | Exception]
    try:
        answers = list(_padded_call(call, members, lanes))
    except Exception:
        answers = []
        for member in members:
            try:
                answers.append(_padded_call(call, [member], lanes)[0])
            except Exception as error:
                answers.append(error)
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


def _padded_call(
    call: Callable[[Sequence[tuple[_Lane, Frame]]], Sequence[Answer]],
    members: Sequence[tuple[_Lane, Frame]],
    lanes: int,
) -> Sequence[Answer]:
    padded = [*members, *[members[-1]] * (lanes - len(members))]
    answers = call(padded)
    if len(answers) != len(padded):
        raise RuntimeError(f"a batch of {len(padded)} was answered with {len(answers)} results")
    return answers[: len(members)]
