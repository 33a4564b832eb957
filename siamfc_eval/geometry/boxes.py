"""Overlaps and centre errors of axis-aligned boxes: pure functions on arrays.

Boxes are x, y, w, h in pixels; the results do not depend on where the origin is, except where a function says so. NaN
in a box gives NaN in its result, which compares as neither hit nor success.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Boxes

Values = NDArray[np.float64]

_TOGETHER = 8192
"""Pairs of boxes that are compared at once, so that each step finds in the cache what the one before made."""


class Comparison(NamedTuple):
    """Pairs of boxes, compared; each of shape (n,)."""

    overlaps: Values
    """Intersection over union of continuous rectangles, in [0, 1].

    Two rectangles without any area have overlap 0, not NaN. A negative width or height is a box without area, whatever
    its product is.
    """
    centre_errors: Values
    """Distance of the centres in pixels."""
    normalised_centre_errors: Values
    """Distance of the centres in units of the ground truth's width and height, per axis; infinite or NaN where it has
    none, unless the centres are the same there. Source: Mueller et al., TrackingNet, ECCV 2018, section 4."""


def compare_boxes(boxes: Boxes, ground_truth: Boxes, *, last_pixels: bool = False) -> Comparison:
    """Overlaps and centre errors, pair by pair.

    Args:
        boxes: shape (n, 4).
        ground_truth: shape (n, 4).
        last_pixels: compute overlaps by way of the last pixel of each box, x + w - 1, as MATLAB's toolkits do. It is
            the same but for the rounding, which decides overlaps that are a threshold, or 1, which it may exceed.

    Raises:
        ValueError: the shapes are others, or differ.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in (boxes, ground_truth))
    if first.shape != second.shape or first.ndim != 2 or first.shape[1] != 4:
        raise ValueError(f"expected two arrays of shape (n, 4), found {first.shape} and {second.shape}")
    found = np.empty((3, len(first)))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for start in range(0, len(first), _TOGETHER):
            some = slice(start, start + _TOGETHER)
            found[:, some] = _compare(first[some], second[some], last_pixels)
    return Comparison(*found)


def _compare(boxes: Boxes, ground_truth: Boxes, last_pixels: bool) -> Comparison:
    """`compare_boxes` of a few."""
    # Transposed in memory: numpy is quick along a long axis and slow along one of four.
    x1, y1, w1, h1 = np.ascontiguousarray(boxes.T)
    x2, y2, w2, h2 = np.ascontiguousarray(ground_truth.T)
    extent = _shared_pixels if last_pixels else _shared_extent
    shared = extent(x1, w1, x2, w2) * extent(y1, h1, y2, h2)
    # Nothing shared is no overlap, even where areas are 0 or negative and the union is no area.
    union = np.where(shared == 0.0, 1.0, w1 * h1 + w2 * h2 - shared)
    centre_x, centre_y = x1 + (w1 - 1.0) / 2.0, y1 + (h1 - 1.0) / 2.0
    truth_x, truth_y = x2 + (w2 - 1.0) / 2.0, y2 + (h2 - 1.0) / 2.0
    overlap = np.maximum(shared / union, 0.0)
    return Comparison(
        overlap if last_pixels else np.minimum(overlap, 1.0),
        _distance(centre_x - truth_x, centre_y - truth_y),
        _distance(_difference_in(w2, centre_x, truth_x), _difference_in(h2, centre_y, truth_y)),
    )


def _shared_extent(start: Values, extent: Values, other: Values, other_extent: Values) -> Values:
    """What pairs of intervals share; 0 if nothing."""
    shared: Values = np.minimum(start + extent, other + other_extent) - np.maximum(start, other)
    return np.maximum(shared, 0.0)


def _shared_pixels(start: Values, extent: Values, other: Values, other_extent: Values) -> Values:
    """What pairs of intervals share, computed by way of their last pixels; 0 if nothing."""
    shared: Values = np.minimum(start + extent - 1.0, other + other_extent - 1.0) - np.maximum(start, other) + 1.0
    return np.maximum(shared, 0.0)


def _difference_in(unit: Values, first: Values, second: Values) -> Values:
    """The difference in units that may be 0, of which no difference has none."""
    # Divided before the difference, as every toolkit does it: errors exactly at a threshold fall the same way.
    difference: Values = first / unit - second / unit
    if not unit.all():
        difference[(unit == 0.0) & (first == second)] = 0.0
    return difference


def _distance(dx: Values, dy: Values) -> Values:
    return np.sqrt(dx * dx + dy * dy)


def overlaps(first: Boxes, second: Boxes) -> Values:
    """Intersection over union, pair by pair: see `Comparison.overlaps`."""
    return compare_boxes(first, second).overlaps


def centres(boxes: Boxes) -> tuple[Values, Values]:
    """Centres as the OTB toolkit has them: x + (w - 1) / 2 and y + (h - 1) / 2, each of shape (n,).

    The half pixel is there because a 1-based box of w pixels ends at x + w - 1. It cancels in differences.
    """
    x, y, w, h = _columns(boxes)
    return x + (w - 1.0) / 2.0, y + (h - 1.0) / 2.0


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
