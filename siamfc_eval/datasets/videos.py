"""Frames of a video file, each exactly the one of its number, whatever the codec.

Seeking in a video lands on other frames than were asked for, depending on codec, container and build of OpenCV, and the
count in a header may be wrong. So frames are only ever decoded one after the other from the beginning, as every tracker
that reads the video itself has them; those last decoded stay at hand.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted

VIDEOS = frozenset({".mp4", ".avi", ".mov", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".wmv", ".mjpeg"})
"""Endings of video files."""

_KEPT_BYTES = 64 * 2**20


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in VIDEOS and not path.name.startswith(".") and path.is_file()


class VideoFrames(Sequence[Frame]):
    """Frames of a video, decoded when their pixels are asked for; safe to use from several threads.

    Forward it costs one decoding of each frame. A step back beyond the frames that are kept costs a decoding from the
    beginning.
    """

    def __init__(self, path: Path, indices: range, reader: _Reader | None = None) -> None:
        """
        Args:
            path: of the video.
            indices: the frames, counted from 0; whether they are there is known when they are decoded.
            reader: shared with other parts of the same video.
        """
        self.path = path
        self.indices = indices
        self._reader = reader or _Reader(path)

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> VideoFrames: ...
    def __getitem__(self, index: int | slice) -> Frame | VideoFrames:
        if isinstance(index, slice):
            return VideoFrames(self.path, self.indices[index], self._reader)
        number = self.indices[index]
        return Frame(None, lambda: self._reader.frame(number))

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the file anew."""
        return VideoFrames, (self.path, self.indices)


def count_frames(path: Path) -> int:
    """How many frames a video has, by decoding it: what its header says may be wrong.

    Raises:
        InputError: it cannot be opened or has no frame.
    """
    capture = _opened(path)
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    if not count:
        raise _undecodable(path)
    return count


def video_facts(path: Path) -> tuple[tuple[int, int], float | None]:
    """(width, height) of the frames, and frames per second where the header has a likely number.

    Raises:
        InputError: it cannot be opened or its first frame cannot be decoded.
    """
    import cv2

    capture = _opened(path)
    there, pixels = capture.read()
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    capture.release()
    if not there:
        raise _undecodable(path)
    return (pixels.shape[1], pixels.shape[0]), rate if 1.0 <= rate <= 1000.0 else None


class _Reader:
    """One video, decoded from the beginning on, with the last frames kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._capture: Any = None
        self._next = 0
        self._kept: OrderedDict[int, Image] = OrderedDict()

    def frame(self, number: int) -> Image:
        """The pixels of a frame, shape (height, width, 3), RGB uint8; a copy, which may be written into.

        Raises:
            InputError: the video cannot be decoded, or ends before that frame.
        """
        with self._lock:
            if number not in self._kept:
                self._decode_to(number)
            return self._kept[number].copy()

    def _decode_to(self, number: int) -> None:
        if self._capture is None or number < self._next:
            self._release()
            self._capture, self._next = _opened(self._path), 0
        while self._next <= number:
            there, pixels = self._capture.read()
            if not there:
                reached = self._next
                self._release()
                if not reached:
                    raise _undecodable(self._path)
                raise InputError(
                    f"{self._path}: frame {number + 1} cannot be decoded: the video ends, or is damaged, after "
                    f"{counted(reached, 'frame')}. Shorten its boxes to {counted(reached, 'row')}, or repair the file."
                )
            self._keep(self._next, np.ascontiguousarray(pixels[..., ::-1]))
            self._next += 1

    def _keep(self, number: int, image: Image) -> None:
        self._kept[number] = image
        self._kept.move_to_end(number)
        while len(self._kept) > max(4, _KEPT_BYTES // image.nbytes):
            self._kept.popitem(last=False)

    def _release(self) -> None:
        if self._capture is not None:
            self._capture.release()
        self._capture, self._next = None, 0


def _opened(path: Path) -> Any:
    import cv2

    if not path.is_file():
        raise InputError(f"{path}: no such video.")
    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise _undecodable(path)
    return capture


def _undecodable(path: Path) -> InputError:
    return InputError(
        f"{path}: OpenCV cannot decode this video. Is it complete, and is its codec in this OpenCV? "
        f"Otherwise make images of it: ffmpeg -i {path.name} img/%08d.jpg"
    )
