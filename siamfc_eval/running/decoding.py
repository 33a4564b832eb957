"""Decoding the frames that runs will ask for next, on worker threads."""

from __future__ import annotations

import collections.abc
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

from siamfc_eval.datasets.frames import Frame

Frames = collections.abc.Sequence[Frame]

ROOM = 512 * 2**20
"""Bytes of decoded frames that are kept for other runs on the same sequence."""


@dataclass(frozen=True, eq=False)
class _Decoding:
    """A frame on its way to one run."""

    future: Future[tuple[Frame, float]]
    is_own: bool
    """Decoded for this run; else another run on the same sequence asked for it first."""


class Decoder:
    """Decodes frames on worker threads: those of a sequence with several runs once for all of them, as far as there is
    room for them.

    Args:
        pool: where frames are decoded; image decoding runs outside the interpreter's lock.
        users: the frames of the sequence of each run that is to be made.
        prepare: called with each decoded frame, in the thread that decoded it.
        room: bytes of shared frames to keep.
    """

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        users: Iterable[Frames | None] = (),
        prepare: Callable[[Frame], None] | None = None,
        room: int = ROOM,
    ) -> None:
        self._pool = pool
        self._prepare = prepare
        self._room = room
        self._users = Counter(id(frames) for frames in users if frames is not None)
        self._kept: OrderedDict[tuple[int, int], Future[tuple[Frame, float]]] = OrderedDict()
        self._sizes: dict[tuple[int, int], int] = {}
        self._lock = threading.Lock()

    def submit(self, frames: Frames, index: int) -> _Decoding:
        """Begin to decode a frame, or join those who wait for it already."""
        if not self.is_shared(frames):
            return _Decoding(self._pool.submit(self._decode, frames[index]), True)
        key = (id(frames), index)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return _Decoding(self._kept[key], False)
            self._kept[key] = self._pool.submit(self._decode, frames[index], key)
            return _Decoding(self._kept[key], True)

    def is_shared(self, frames: Frames) -> bool:
        """Whether several runs are made on these frames."""
        return self._users[id(frames)] > 1

    def _decode(self, frame: Frame, key: tuple[int, int] | None = None) -> tuple[Frame, float]:
        started = perf_counter()
        size = frame.pixels.nbytes
        seconds = perf_counter() - started
        if self._prepare is not None:
            self._prepare(frame)
        if key is not None:
            self._make_room(key, size)
        return frame, seconds

    def _make_room(self, key: tuple[int, int], size: int) -> None:
        """Forget the frames that were asked for longest ago, as many as are too many."""
        with self._lock:
            self._sizes[key] = size
            total = sum(self._sizes.values())
            for oldest in list(self._kept):
                if total <= self._room or oldest == key:
                    return
                if oldest in self._sizes:
                    total -= self._sizes.pop(oldest)
                    del self._kept[oldest]


class FramesAhead:
    """The frames of one run, decoded before they are asked for as long as the run goes on in one direction."""

    def __init__(self, frames: Frames, decoder: Decoder, depth: int = 2) -> None:
        """
        Args:
            frames: of the sequence.
            decoder: decodes them.
            depth: frames to decode ahead.
        """
        self._frames = frames
        self._decoder = decoder
        self._depth = depth
        self._last = -1
        self._pending: dict[int, _Decoding] = {}

    def request(self, index: int) -> None:
        """Say that a frame will be taken next, so that it and those behind it are decoded meanwhile."""
        direction = -1 if 0 <= index < self._last else 1
        self._last = index
        wanted = range(index, index + direction * (self._depth + 1), direction)
        for other in [other for other in self._pending if other not in wanted]:
            self._drop(other)
        for other in wanted:
            if other not in self._pending and 0 <= other < len(self._frames):
                self._pending[other] = self._decoder.submit(self._frames, other)

    def take(self, index: int) -> tuple[Frame, float]:
        """A requested frame, decoded, and the seconds that its decoding took for this run.

        Raises:
            InputError: the image is missing or unreadable.
        """
        if index not in self._pending:
            self.request(index)
        decoding = self._pending.pop(index)
        frame, seconds = decoding.future.result()
        return frame, seconds if decoding.is_own else 0.0

    def close(self) -> None:
        """Drop what was not taken."""
        for index in list(self._pending):
            self._drop(index)

    def _drop(self, index: int) -> None:
        decoding = self._pending.pop(index)
        if not self._decoder.is_shared(self._frames):
            decoding.future.cancel()
