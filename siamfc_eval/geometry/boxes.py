"""Overlaps and centre errors of axis-aligned boxes: pure functions on arrays.

Boxes are x, y, w, h in pixels; the results do not depend on where the origin is, except where a function says so. NaN
in a box gives NaN in its result, which compares as neither hit nor success.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Boxes

Values = NDArray[np.float64]


def overlaps(first: Boxes, second: Boxes) -> Values:
    """Intersection over union of continuous rectangles, pair by pair.

    Two rectangles without any area have overlap 0, not NaN. A negative width or height is a box without area, whatever
    its product is.

    Args:
        first: shape (n, 4).
        second: shape (n, 4).

    Returns:
        Shape (n,), in [0, 1]; NaN where a value is NaN.
    """
    x1, y1, w1, h1 = _columns(first)
    x2, y2, w2, h2 = _columns(second)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        shared = np.minimum(x1 + w1, x2 + w2)
        shared -= np.maximum(x1, x2)
        height = np.minimum(y1 + h1, y2 + h2)
        height -= np.maximum(y1, y2)
        np.maximum(shared, 0.0, out=shared)
        shared *= np.maximum(height, 0.0, out=height)
        union = w1 * h1
        union += w2 * h2
        union -= shared
        # Nothing shared is no overlap, even where areas are 0 or negative and the union is no area.
        np.copyto(union, 1.0, where=shared == 0.0)
        shared /= union
    return np.clip(shared, 0.0, 1.0, out=shared)


def centres(boxes: Boxes) -> tuple[Values, Values]:
    """Centres as the OTB toolkit has them: x + (w - 1) / 2 and y + (h - 1) / 2, each of shape (n,).

    The half pixel is there because a 1-based box of w pixels ends at x + w - 1. It cancels in differences.
    """
    x, y, w, h = _columns(boxes)
    return x + (w - 1.0) / 2.0, y + (h - 1.0) / 2.0


def centre_errors(first: Boxes, second: Boxes) -> Values:
    """Distance of the centres in pixels, shape (n,), from two arrays of shape (n, 4)."""
    return _distance(centres(first), centres(second))


def normalised_centre_errors(boxes: Boxes, ground_truth: Boxes) -> Values:
    """Distance of the centres in units of the ground truth's width and height, per axis.

    Source: Mueller et al., TrackingNet, ECCV 2018, section 4.

    Args:
        boxes: shape (n, 4).
        ground_truth: shape (n, 4).

    Returns:
        Shape (n,); infinite or NaN where the ground truth has no width or height.
    """
    # Divided before the difference, as every toolkit does it: errors exactly at a threshold fall the same way.
    return _distance(normalised_centres(boxes, ground_truth), normalised_centres(ground_truth, ground_truth))


def normalised_centres(boxes: Boxes, ground_truth: Boxes) -> tuple[Values, Values]:
    """Centres in units of the ground truth's width and height, x and y of shape (n,)."""
    x, y = centres(boxes)
    _, _, w, h = _columns(ground_truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return x / w, y / h


def clip_boxes(boxes: Boxes, width: Values, height: Values) -> Boxes:
    """Boxes cut to an image: the corner to [0, width] x [0, height], the size to what is left. Shape (n, 4).

    Args:
        boxes: shape (n, 4), 0-based.
        width, height: shape (n,) or (): of the image of each box.

    Source: got10k 0.1.3, `rect_iou(bound=...)`.
    """
    x, y, w, h = _columns(boxes)
    left, top = np.clip(x, 0.0, width), np.clip(y, 0.0, height)
    return np.stack([left, top, np.clip(w, 0.0, width - left), np.clip(h, 0.0, height - top)], axis=-1)


def _columns(boxes: Boxes) -> tuple[Values, Values, Values, Values]:
    """x, y, w and h apart: numpy is quick along a long axis and slow along one of four."""
    values = np.asarray(boxes, dtype=np.float64)
    return values[..., 0], values[..., 1], values[..., 2], values[..., 3]


def _distance(first: tuple[Values, Values], second: tuple[Values, Values]) -> Values:
    with np.errstate(invalid="ignore", over="ignore"):
        dx = first[0] - second[0]
        dy = first[1] - second[1]
        dx *= dx
        dy *= dy
        dx += dy
        return np.asarray(np.sqrt(dx, out=dx))
