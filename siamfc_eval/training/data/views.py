"""How an image becomes an exemplar or a search crop: one affine warp, so that every geometric change costs one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Image
from siamfc_eval.geometry.regions import Box
from siamfc_eval.tracking.families.siamese.crops import context_side

Matrix = NDArray[np.float64]
"""Shape (2, 3): affine map from source to crop pixels, with pixel centres at integers as OpenCV counts."""


@dataclass(frozen=True)
class Jitter:
    """How a view departs from the plain crop around a target. The default departs in nothing."""

    shift: tuple[float, float] = (0.0, 0.0)
    """Where the target's centre lands, in crop pixels from the crop's centre."""
    zoom: float = 1.0
    """Factor on the target's size."""
    stretch: float = 1.0
    """Factor on the target's width over height, its area kept."""
    rotation: float = 0.0
    """Degrees, counter-clockwise as seen."""
    flip: bool = False
    """Mirror left and right around the target's centre."""


def view_matrix(box: Box, exemplar_size: int, crop_size: int, jitter: Jitter = Jitter()) -> Matrix:
    """The map that shows a target at the scale of exemplars in a crop.

    Args:
        box: x, y, w, h of the target in the source, pixels.
        exemplar_size: side of an exemplar, which spans `context_side` of the source.
        crop_size: side of this crop (equal to exemplar_size for an exemplar).
        jitter: what else happens to the target.

    Returns:
        Shape (2, 3), source to crop pixels.
    """
    x, y, width, height = (float(value) for value in box)
    scale = exemplar_size / context_side(np.array([width, height])) * jitter.zoom
    angle = np.deg2rad(jitter.rotation)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    root = np.sqrt(jitter.stretch)
    stretch = np.diag([root * (-1.0 if jitter.flip else 1.0), 1.0 / root])
    linear = scale * turn @ stretch
    # Boxes are in edge coordinates; OpenCV counts from pixel centres, half a pixel less.
    centre = np.array([x + width / 2.0 - 0.5, y + height / 2.0 - 0.5])
    middle = (crop_size - 1.0) / 2.0
    offset = np.array([middle + jitter.shift[0], middle + jitter.shift[1]]) - linear @ centre
    return np.concatenate([linear, offset[:, None]], axis=1)


def warp(image: Image, matrix: Matrix, size: int, fill: tuple[float, ...] | None = None) -> Image:
    """The square crop that a map shows.

    Args:
        image: shape (h, w, 3) or (h, w), uint8.
        matrix: source to crop pixels.
        size: side of the crop.
        fill: colour outside the source; None takes the source's mean colour, as the tracker does.
    """
    import cv2

    colour = tuple(float(v) for v in cv2.mean(image)[:3]) if fill is None else fill
    crop = cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    return np.asarray(crop, dtype=np.uint8)
