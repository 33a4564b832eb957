"""Decoding the frames that a run will ask for next, on worker threads."""

from __future__ import annotations

import collections.abc
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter

from siamfc_eval.datasets.frames import Frame


class FramesAhead:
    """The frames of one run, decoded before they are asked for as long as the run goes on in one direction."""

    def __init__(self, frames: collections.abc.Sequence[Frame], pool: ThreadPoolExecutor, depth: int = 2) -> None:
        """
        Args:
            frames: of the sequence.
            pool: where frames are decoded; image decoding runs outside the interpreter's lock.
            depth: frames to decode ahead.
        """
        self._frames = frames
        self._pool = pool
        self._depth = depth
        self._last = -1
        self._pending: dict[int, Future[tuple[Frame, float]]] = {}

    def request(self, index: int) -> None:
        """Say that a frame will be taken next, so that it and those behind it are decoded meanwhile."""
        direction = -1 if 0 <= index < self._last else 1
        self._last = index
        wanted = range(index, index + direction * (self._depth + 1), direction)
        for other in [other for other in self._pending if other not in wanted]:
            self._pending.pop(other).cancel()
        for other in wanted:
            if other not in self._pending and 0 <= other < len(self._frames):
                self._pending[other] = self._pool.submit(_decode, self._frames[other])

    def take(self, index: int) -> tuple[Frame, float]:
        """A requested frame, decoded, and the seconds that its decoding took.

        Raises:
            InputError: the image is missing or unreadable.
        """
        if index not in self._pending:
            self.request(index)
        return self._pending.pop(index).result()

    def close(self) -> None:
        """Drop what was not taken."""
        for future in self._pending.values():
            future.cancel()
        self._pending.clear()


def _decode(frame: Frame) -> tuple[Frame, float]:
    started = perf_counter()
    _ = frame.pixels
    return frame, perf_counter() - started
