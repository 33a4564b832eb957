"""The one loop that hands work items to processes, on this machine or on many, and takes in what becomes of them."""

from __future__ import annotations

import dataclasses
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Protocol

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.running.work import Advance, Failed, Outcome, WorkItem

PULSE = 0.25
"""Seconds between two looks at how far the processes are."""


class TeamLostError(InputError):
    """There are no processes any more, and there will be none."""


class Team(Protocol):
    """Processes that run work items, each a share of them at a time."""

    def wants(self, waiting: int) -> int:
        """How many of `waiting` items are to be begun now, as one share; 0 where no process is free.

        Raises:
            InputError: there is no process that could run them.
            TrackerError: processes cannot make the tracker without dying.
        """
        ...

    def submit(self, number: int, items: list[WorkItem]) -> Future[Any]:
        """Begin a share, of any number of its own."""
        ...

    def outcomes(self, future: Future[Any]) -> list[Outcome]:
        """What became of a share that has ended, in the order of its items, without these.

        Raises:
            TeamLostError: there will be no answer to any.
            Exception: there is none to this one.
        """
        ...

    def progress(self) -> Iterable[tuple[int, int]]:
        """What has been heard since the last call: numbers of shares, and the frames that each has done so far."""
        ...

    def failed(self, error: Exception, item: WorkItem) -> Failed:
        """What became of an item whose share came to no answer."""
        ...

    def end(self, at_once: bool) -> None:
        """Let the processes go: when they are through, or at once, whatever they are doing."""
        ...


class _Share:
    """Items that one process has, and how many of their frames were reported."""

    def __init__(self, items: list[WorkItem]) -> None:
        self.items = items
        self._frames = sum(item.start.frames for item in items)
        self._told = 0

    def reached(self, frames: int, advance: Advance) -> None:
        """Tell of frames done; a share that is begun again elsewhere tells nothing until it is past where it was."""
        new = min(frames, self._frames) - self._told
        if new > 0:
            self._told += new
            advance(new)

    def ended(self, advance: Advance) -> None:
        """Tell of all that is left."""
        self.reached(self._frames, advance)


def run_in_team(team: Team, items: Iterable[WorkItem], advance: Advance) -> Iterator[Outcome]:
    """Run work items in a team's processes, which are let go at the end, or when the caller has had enough.

    Args:
        team: of processes; it is used up.
        items: picklable; the longest first.
        advance: called with frames done, in the caller's thread.
    """
    waiting = deque(items)
    in_flight: dict[Future[Any], int] = {}
    shares: dict[int, _Share] = {}
    begun, finished = 0, False
    try:
        while waiting or in_flight:
            while waiting and (size := team.wants(len(waiting))):
                begun += 1
                items_now = [waiting.popleft() for _ in range(size)]
                shares[begun] = _Share(items_now)
                in_flight[team.submit(begun, items_now)] = begun
            if not in_flight:
                time.sleep(PULSE / 5)
                continue
            done, _ = wait(in_flight, timeout=PULSE, return_when=FIRST_COMPLETED)
            for number, frames in team.progress():
                if number in shares:
                    shares[number].reached(frames, advance)
            for future in done:
                ended = shares.pop(in_flight.pop(future))
                ended.ended(advance)
                yield from _outcomes(team, future, ended.items)
        finished = True
    finally:
        team.end(at_once=not finished)


def _outcomes(team: Team, future: Future[Any], items: list[WorkItem]) -> Iterator[Outcome]:
    try:
        outcomes = team.outcomes(future)
    except TeamLostError:
        raise
    except Exception as error:
        yield from (team.failed(error, item) for item in items)
        return
    yield from (dataclasses.replace(outcome, item=item) for outcome, item in zip(outcomes, items, strict=True))


def without_item(outcome: Outcome) -> Outcome:
    """An outcome as it travels: its item is where it is needed already."""
    nothing: Any = None
    return dataclasses.replace(outcome, item=nothing)


def without_times(outcome: Outcome) -> Outcome:
    """An outcome whose times are dropped (NaN), since processes that share a machine slow each other down."""
    if isinstance(outcome, Failed) or outcome.trajectory.times is None:
        return outcome
    nothing = np.full(len(outcome.trajectory), np.nan)
    return dataclasses.replace(outcome, trajectory=dataclasses.replace(outcome.trajectory, times=nothing))


class Telling:
    """Counts frames in a process, and tells of them now and then: an `Advance`."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        """
        Args:
            tell: takes the frames so far.
        """
        self._tell = tell
        self._frames = 0
        self._last = time.monotonic()

    def __call__(self, frames: int) -> None:
        self._frames += frames
        now = time.monotonic()
        if now - self._last >= PULSE:
            self._last = now
            self._tell(self._frames)
