"""Crops on which a quantised backbone's ranges are measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import read_image
from siamfc_eval.errors import InputError

CROPS = 128
"""How many are taken."""

_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp"}


def crops_of(folder: Path, size: int, most: int = CROPS) -> list[NDArray[np.uint8]]:
    """The middles of images, spread over all of a folder: search regions where images show targets in their middles.

    Args:
        folder: with images in it or in its folders, such as training material.
        size: side in pixels; smaller images are left out.
        most: how many.

    Raises:
        InputError: no image is large enough.
    """
    files = sorted(path for path in folder.expanduser().rglob("*") if path.suffix.lower() in _ENDINGS)
    chosen = [files[index] for index in np.linspace(0, len(files) - 1, min(most, len(files))).astype(int)]
    found = []
    for path in chosen:
        image = read_image(path)
        top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
        if top >= 0 and left >= 0:
            found.append(image[top : top + size, left : left + size])
    if not found:
        raise InputError(f"{folder}: no images of {size} x {size} pixels or more, on which to measure ranges.")
    return found
