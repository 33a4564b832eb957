"""Images on disk or in memory, decoded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError

Image = NDArray[np.uint8]
"""Shape (height, width, 3), RGB, 0-255."""


class Frame:
    """One image of a sequence: a file that is decoded on first use, or pixels made by a function.

    Decoding is lazy so that a tracker in another process can be handed the path alone, and so that worker threads can
    decode ahead of the tracker by touching `pixels`.
    """

    def __init__(self, path: Path | None, load: Callable[[], Image]) -> None:
        self.path = path
        self._load = load
        self._pixels: Image | None = None

    def __reduce__(self) -> tuple[type[Frame], tuple[Path | None, Callable[[], Image]]]:
        """Another process gets what makes the pixels, not the pixels."""
        return Frame, (self.path, self._load)

    @property
    def pixels(self) -> Image:
        """The decoded image, shape (height, width, 3), RGB uint8.

        Raises:
            InputError: the file is missing or is not an image.
        """
        if self._pixels is None:
            self._pixels = self._load()
        return self._pixels

    def release(self) -> None:
        """Forget the decoded pixels; they are decoded again when asked for."""
        self._pixels = None


def read_image(path: Path) -> Image:
    """Decode an image file to RGB uint8, shape (height, width, 3); 16-bit, grayscale and alpha are converted.

    Raises:
        InputError: the file is missing or cannot be decoded.
    """
    import cv2

    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise InputError(
            f"{path}: cannot read this frame ({error.strerror}). Check that the data set is complete."
        ) from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if data.size else None
    if image is None:
        raise InputError(f"{path}: not a readable image ({data.size} bytes). Replace the file or drop the sequence.")
    return np.asarray(image, dtype=np.uint8)


def image_frame(path: Path) -> Frame:
    """A frame that decodes an image file."""
    return Frame(path, partial(read_image, path))


class ImageFrames(Sequence[Frame]):
    """The frames of a sequence stored as image files, in order. Holds paths only."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = list(paths)

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> ImageFrames: ...
    def __getitem__(self, index: int | slice) -> Frame | ImageFrames:
        if isinstance(index, slice):
            return ImageFrames(self.paths[index])
        return image_frame(self.paths[index])
