"""Overlaps and centre errors of axis-aligned boxes: pure functions on arrays.

Boxes are x, y, w, h in pixels; the results do not depend on where the origin is, except where a function says so. NaN
in a box gives NaN in its result, which compares as neither hit nor success.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Boxes


def overlaps(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Intersection over union of continuous rectangles, pair by pair.

    Two rectangles without any area have overlap 0, not NaN. A negative width or height is a box without area, whatever
    its product is.

    Args:
        first: shape (n, 4).
        second: shape (n, 4).

    Returns:
        Shape (n,), in [0, 1]; NaN where a value is NaN.
    """
    x1, y1, w1, h1 = np.moveaxis(np.asarray(first, dtype=np.float64), -1, 0)
    x2, y2, w2, h2 = np.moveaxis(np.asarray(second, dtype=np.float64), -1, 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        width = np.minimum(x1 + w1, x2 + w2) - np.maximum(x1, x2)
        height = np.minimum(y1 + h1, y2 + h2) - np.maximum(y1, y2)
        shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        union = w1 * h1 + w2 * h2 - shared
        ratio = shared / union
    # 0/0 is two boxes without area; a negative area would turn the sign of the union.
    ratio = np.where((shared == 0.0) & ~np.isnan(union), 0.0, ratio)
    return np.clip(ratio, 0.0, 1.0)


def centres(boxes: Boxes) -> NDArray[np.float64]:
    """Centres as the OTB toolkit has them: x + (w - 1) / 2, y + (h - 1) / 2, shape (n, 2).

    The half pixel is there because a 1-based box of w pixels ends at x + w - 1. It cancels in differences.
    """
    return boxes[..., :2] + (boxes[..., 2:] - 1.0) / 2.0


def centre_errors(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """Distance of the centres in pixels, shape (n,), from two arrays of shape (n, 4)."""
    delta = centres(first) - centres(second)
    return np.asarray(np.sqrt(delta[..., 0] * delta[..., 0] + delta[..., 1] * delta[..., 1]))


def normalised_centre_errors(boxes: Boxes, ground_truth: Boxes) -> NDArray[np.float64]:
    """Distance of the centres in units of the ground truth's width and height, per axis.

    Source: Mueller et al., TrackingNet, ECCV 2018, section 4.

    Args:
        boxes: shape (n, 4).
        ground_truth: shape (n, 4).

    Returns:
        Shape (n,); infinite or NaN where the ground truth has no width or height.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        # Divided before the difference, as every toolkit does it: errors exactly at a threshold fall the same way.
        delta = centres(boxes) / ground_truth[..., 2:] - centres(ground_truth) / ground_truth[..., 2:]
        return np.asarray(np.sqrt(delta[..., 0] * delta[..., 0] + delta[..., 1] * delta[..., 1]))


def clip_boxes(boxes: Boxes, width: NDArray[np.float64], height: NDArray[np.float64]) -> Boxes:
    """Boxes cut to an image: the corner to [0, width] x [0, height], the size to what is left. Shape (n, 4).

    Args:
        boxes: shape (n, 4), 0-based.
        width, height: shape (n,) or (): of the image of each box.

    Source: got10k 0.1.3, `rect_iou(bound=...)`.
    """
    x = np.clip(boxes[..., 0], 0.0, width)
    y = np.clip(boxes[..., 1], 0.0, height)
    w = np.clip(boxes[..., 2], 0.0, width - x)
    h = np.clip(boxes[..., 3], 0.0, height - y)
    return np.stack([x, y, w, h], axis=-1)
