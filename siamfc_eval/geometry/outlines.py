"""Compiled functions behind `siamfc_eval.geometry.scanlines`: the corners of a region, before it is drawn.

Importing this module imports numba, which only a kernel that is called needs.
"""

# ruff: noqa: PLR0917 -- compiled functions call each other by position only.
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@compiled
def half_away(value: float) -> float:
    """Nearest integer, halves away from zero (C's `round`)."""
    return float(np.floor(value + 0.5)) if value >= 0.0 else float(np.ceil(value - 0.5))


@compiled
def vertices(values: Floats, official: int, xs: Floats, ys: Floats) -> int:
    """The corners of a region in single precision, as both toolkits hold them.

    For `vot-official` a rectangle becomes the polygon x .. x + w, y .. y + h. For `vot-toolkit` everything is rounded,
    halves to even, before anything else happens, and a rectangle's far corner is its last pixel.

    Returns:
        The number of corners (4 of a rectangle, clockwise from the top left); 0: the region is empty, not finite, or
        no region.
    """
    size = values.shape[0]
    if size < 4 or size % 2 == 1:
        return 0
    for value in values:
        if not np.isfinite(np.float32(value)):
            return 0
    if size > 4:
        for i in range(size // 2):
            x, y = np.float64(np.float32(values[2 * i])), np.float64(np.float32(values[2 * i + 1]))
            xs[i], ys[i] = (x, y) if official else (np.rint(x), np.rint(y))
        return int(size // 2)
    if values[2] <= 0.0 or values[3] <= 0.0:
        return 0
    if official:
        left, top = np.float64(np.float32(values[0])), np.float64(np.float32(values[1]))
        right, bottom = np.float64(np.float32(values[0] + values[2])), np.float64(np.float32(values[1] + values[3]))
    else:
        left, top = np.rint(np.float64(np.float32(values[0]))), np.rint(np.float64(np.float32(values[1])))
        right = left + np.rint(np.float64(np.float32(values[2]))) - 1.0
        bottom = top + np.rint(np.float64(np.float32(values[3]))) - 1.0
        if right < left or bottom < top:
            return 0
    xs[0], xs[1], xs[2], xs[3] = left, right, right, left
    ys[0], ys[1], ys[2], ys[3] = top, top, bottom, bottom
    return 4


@compiled
def box_of(xs: Floats, ys: Floats, count: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the corners, rounded outwards."""
    left = right = xs[0]
    top = bottom = ys[0]
    for i in range(1, count):
        left, right = min(left, xs[i]), max(right, xs[i])
        top, bottom = min(top, ys[i]), max(bottom, ys[i])
    return float(np.floor(left)), float(np.floor(top)), float(np.ceil(right)), float(np.ceil(bottom))


@compiled
def drawn_rows(ys: Floats, count: int, height: float) -> tuple[int, int]:
    """First and last row of the raster that a region may reach; the last is before the first if there is none."""
    top = bottom = ys[0]
    for i in range(1, count):
        top, bottom = min(top, ys[i]), max(bottom, ys[i])
    return int(min(max(top, 0.0), height)), int(max(min(bottom, height - 1.0), -1.0))


@compiled
def place(xs: Floats, ys: Floats, count: int, x: float, y: float, official: int) -> None:
    """Moves corners into the raster with origin (x, y); `vot-official` rounds here, halves away from zero."""
    for i in range(count):
        if official:
            xs[i] = half_away(np.float64(np.float32(xs[i] - x)))
            ys[i] = half_away(np.float64(np.float32(ys[i] - y)))
        else:
            xs[i] -= x
            ys[i] -= y


@compiled
def is_convex(xs: Floats, ys: Floats, count: int) -> bool:
    """True for a triangle or quadrangle that turns the same way at every corner; each of its rows is one interval."""
    if count > 4:
        return False
    left = right = 0
    for i in range(count):
        j, k = (i + 1) % count, (i + 2) % count
        turn = (xs[j] - xs[i]) * (ys[k] - ys[j]) - (ys[j] - ys[i]) * (xs[k] - xs[j])
        left += turn > 0.0
        right += turn < 0.0
    return count in (left, right)


@compiled
def is_upright(xs: Floats, ys: Floats, count: int) -> bool:
    """True for a rectangle with upright sides, from the top left clockwise; all of its rows are one interval."""
    upright = count == 4 and xs[0] == xs[3] and xs[1] == xs[2] and ys[0] == ys[1] and ys[2] == ys[3]
    return bool(upright and xs[0] <= xs[1] and ys[0] <= ys[2])
