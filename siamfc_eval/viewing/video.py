"""Where drawn frames go: a video file, an animated GIF, or a window on the screen."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import replacing

CODECS = {".mp4": ("mp4v", "avc1"), ".avi": ("MJPG", "XVID"), ".mkv": ("MJPG", "mp4v"), ".mov": ("mp4v", "avc1")}
"""Ending of a video file -> codecs to try, in order."""


class VideoFile:
    """A video that is written frame by frame; nothing half-written is left under its name.

    Args:
        path: its ending chooses container and codec; see `CODECS`.
        fps: frames per second.

    Raises:
        InputError: another ending.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise InputError(f"{path}: a video's name ends with one of {', '.join(CODECS)}")
        self.path = path
        self.frames = 0
        self._stack = ExitStack()
        self._fps = fps
        self._writer: Any = None
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Add a frame, BGR; frames of another size than the first are resized to it.

        Raises:
            InputError: the file cannot be written, or OpenCV has no codec for it.
        """
        import cv2

        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            self._writer = self._opened()
        if (image.shape[1], image.shape[0]) != self._size:
            image = np.asarray(cv2.resize(image, self._size), dtype=np.uint8)
        self._writer.write(image)
        self.frames += 1

    def _opened(self) -> Any:
        import cv2

        partial = self._stack.enter_context(replacing(self.path, durable=False, ending=self.path.suffix.lower()))
        if not os.access(self.path.parent, os.W_OK):
            raise InputError(f"{self.path}: cannot write into this folder.")
        codecs = CODECS[self.path.suffix.lower()]
        for codec in codecs:
            writer = cv2.VideoWriter(str(partial), cv2.VideoWriter.fourcc(*codec), self._fps, self._size)
            if writer.isOpened():
                return writer
        raise InputError(
            f"{self.path}: this OpenCV ({cv2.__version__}) has none of the codecs {', '.join(codecs)} for "
            f"{self.path.suffix} files. Try an .avi file, which needs MJPG only."
        )

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.release()
        if self.frames:
            self._stack.close()  # What was written of a video that was interrupted is a video too.
        else:
            self._stack.__exit__(kind or InputError, error or InputError("no frames"), traceback)


class Window:
    """A window on the screen.

    Raises:
        InputError: there is no display, or this OpenCV was built without windows.
    """

    _HINT = "To get a video file instead, use: --out video.mp4"

    def __init__(self, title: str) -> None:
        import cv2

        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise InputError(f"there is no display to show it on (DISPLAY is not set). {self._HINT}")
        self._title = title
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise InputError(
                "this OpenCV cannot open windows: opencv-python-headless is installed, which has none. Install "
                f"opencv-python in its place. {self._HINT}"
            ) from error

    def show(self, image: NDArray[np.uint8]) -> bool:
        """Show a frame; False once the user has pressed Escape or q."""
        import cv2

        cv2.imshow(self._title, image)
        return cv2.waitKey(1) & 0xFF not in {27, ord("q")}
