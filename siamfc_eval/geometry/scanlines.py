"""Compiled kernels behind `siamfc_eval.geometry.raster`: counting the pixels that two regions share, row by row.

No bitmap is ever made. A region is drawn as intervals of pixels in each row, so memory does not depend on the size of
the regions, and nothing can be read or written out of bounds however wild the coordinates are.

Importing this module imports numba; `siamfc_eval.geometry.raster` does so only when an overlap is asked for.
"""

# ruff: noqa: PLR0917 -- compiled functions call each other by position only.
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Compiles a function on its first call and keeps the machine code on disk for later processes."""
    return cast(Kernel, njit(cache=True, nogil=True)(function))


FAR = 9.0e15
"""Column beyond which a crossing is clamped, so that its conversion to an integer is defined."""

MAX_EXTENT = 1 << 20
"""Rows or columns (after clipping) beyond which a region is not drawn: such a region is no answer."""


@compiled
def half_away(value: float) -> float:
    """Nearest integer, halves away from zero (C's `round`)."""
    return float(np.floor(value + 0.5)) if value >= 0.0 else float(np.ceil(value - 0.5))


@compiled
def crossings(xs: Floats, ys: Floats, count: int, row: int, flat_edges: bool, out: Ints) -> int:
    """Columns, sorted, in which a polygon's edges meet a row; both ends of an edge belong to it.

    Args:
        xs, ys: vertices, whole numbers, relative to the raster's origin.
        count: number of vertices.
        row: row of the raster.
        flat_edges: whether a horizontal edge counts, with the column of its second end.
        out: shape (>= count,), receives the columns, truncated towards zero.

    Returns:
        The number of columns.
    """
    found = 0
    before = count - 1
    for vertex in range(count):
        y, y_before = ys[vertex], ys[before]
        if (y <= row <= y_before) or (y_before <= row <= y):
            rise = y_before - y
            if rise != 0.0 or flat_edges:
                column = xs[vertex]
                if rise != 0.0:
                    # Division first: the order decides which way a crossing next to a whole number is truncated.
                    column += (row - y) / rise * (xs[before] - column)
                column = min(max(column, -FAR), FAR)
                node = np.int64(column)
                place = found
                while place > 0 and out[place - 1] > node:
                    out[place] = out[place - 1]
                    place -= 1
                out[place] = node
                found += 1
        before = vertex
    return found


@compiled
def fill(nodes: Ints, found: int, width: int, lone_points: bool, low: Ints, high: Ints) -> int:
    """Intervals of pixels, both ends included, between pairs of crossings, clipped to 0 .. width - 1.

    Of two equal crossings the first is passed over (an edge ends there and the next begins); with `lone_points` it is
    drawn if nothing else follows in the row.

    Returns:
        The number of intervals; they are disjoint and ascend.
    """
    spans = 0
    i = 0
    while i < found - 1:
        first, last = nodes[i], nodes[i + 1]
        if first == last and not (lone_points and i == found - 2):
            i += 1
            continue
        if first >= width:
            break
        i += 2
        first, last = max(first, 0), min(last, width - 1)
        if spans > 0:
            first = max(first, high[spans - 1] + 1)
        if first <= last:
            low[spans] = first
            high[spans] = last
            spans += 1
    return spans


@compiled
def shared_pixels(low_a: Ints, high_a: Ints, spans_a: int, low_b: Ints, high_b: Ints, spans_b: int) -> int:
    """Pixels in both of two lists of disjoint ascending intervals."""
    total = 0
    i = j = 0
    while i < spans_a and j < spans_b:
        total += max(min(high_a[i], high_b[j]) - max(low_a[i], low_b[j]) + 1, 0)
        if high_a[i] < high_b[j]:
            i += 1
        else:
            j += 1
    return total


@compiled
def vertices(values: Floats, official: bool, xs: Floats, ys: Floats) -> int:
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
def drawn_rows(ys: Floats, count: int, height: int) -> tuple[int, int]:
    """First and last row of the raster that a region may reach; the last is before the first if there is none."""
    top = bottom = ys[0]
    for i in range(1, count):
        top, bottom = min(top, ys[i]), max(bottom, ys[i])
    return int(min(max(top, 0.0), 1.0 * height)), int(max(min(bottom, height - 1.0), -1.0))


@compiled
def place(xs: Floats, ys: Floats, count: int, x: float, y: float, official: bool) -> None:
    """Moves corners into the raster with origin (x, y); `vot-official` rounds here, halves away from zero."""
    for i in range(count):
        if official:
            xs[i] = half_away(np.float64(np.float32(xs[i] - x)))
            ys[i] = half_away(np.float64(np.float32(ys[i] - y)))
        else:
            xs[i] -= x
            ys[i] -= y


@compiled
def row_spans(
    xs: Floats,
    ys: Floats,
    count: int,
    box: bool,
    official: bool,
    row: int,
    width: int,
    nodes: Ints,
    low: Ints,
    high: Ints,
) -> int:
    """The intervals of one region in one row."""
    if box:
        # `vot-official` finds two equal crossings in a box less than two pixels wide and draws nothing.
        first, last = max(xs[0], 0.0), min(xs[1], width - 1.0)
        if first > last or (official and (xs[0] == xs[1] or ys[0] == ys[2])):
            return 0
        low[0], high[0] = np.int64(first), np.int64(last)
        return 1
    found = crossings(xs, ys, count, row, not official, nodes)
    return fill(nodes, found, width, not official, low, high)


@compiled
def iou(
    a: Floats,
    b: Floats,
    right_bound: float,
    bottom_bound: float,
    bounded: bool,
    official: bool,
    floats: Floats,
    ints: Ints,
) -> float:
    """Overlap of two regions drawn by either rule, clipped to 0 .. right_bound, 0 .. bottom_bound (included).

    Args:
        floats, ints: scratch of shape (4, n) and (5, n), n >= the number of corners of either region.
    """
    ax, ay, bx, by = floats[0], floats[1], floats[2], floats[3]
    count_a, count_b = vertices(a, official, ax, ay), vertices(b, official, bx, by)
    if count_a == 0 or count_b == 0:
        return 0.0
    left_a, top_a, right_a, bottom_a = box_of(ax, ay, count_a)
    left_b, top_b, right_b, bottom_b = box_of(bx, by, count_b)
    if bounded:
        left_a, top_a, left_b, top_b = max(left_a, 0.0), max(top_a, 0.0), max(left_b, 0.0), max(top_b, 0.0)
        right_a, right_b = min(right_a, right_bound), min(right_b, right_bound)
        bottom_a, bottom_b = min(bottom_a, bottom_bound), min(bottom_b, bottom_bound)
    across, down = min(right_a, right_b) - max(left_a, left_b), min(bottom_a, bottom_b) - max(top_a, top_b)
    # `vot-official` lets regions whose outward-rounded boxes only touch share nothing, although both draw that line.
    if across < 0.0 or down < 0.0 or (official and (across == 0.0 or down == 0.0)):
        return 0.0
    x, y = min(left_a, left_b), min(top_a, top_b)
    columns, rows = max(right_a, right_b) - x + 1.0, max(bottom_a, bottom_b) - y + 1.0
    if columns > MAX_EXTENT or rows > MAX_EXTENT:
        return 0.0
    width, height = int(columns), int(rows)
    place(ax, ay, count_a, x, y, official)
    place(bx, by, count_b, x, y, official)
    box_a, box_b = a.shape[0] == 4, b.shape[0] == 4
    first_a, last_a = drawn_rows(ay, count_a, height)
    first_b, last_b = drawn_rows(by, count_b, height)
    nodes, low_a, high_a, low_b, high_b = ints[0], ints[1], ints[2], ints[3], ints[4]
    area_a = area_b = both = 0
    for row in range(min(first_a, first_b), max(last_a, last_b) + 1):
        spans_a = spans_b = 0
        if first_a <= row <= last_a:
            spans_a = row_spans(ax, ay, count_a, box_a, official, row, width, nodes, low_a, high_a)
        if first_b <= row <= last_b:
            spans_b = row_spans(bx, by, count_b, box_b, official, row, width, nodes, low_b, high_b)
        for i in range(spans_a):
            area_a += high_a[i] - low_a[i] + 1
        for i in range(spans_b):
            area_b += high_b[i] - low_b[i] + 1
        if spans_a > 0 and spans_b > 0:
            both += shared_pixels(low_a, high_a, spans_a, low_b, high_b, spans_b)
    union = area_a + area_b - both
    return both / union if union > 0 else 0.0


@compiled
def ious(
    a: Floats, starts_a: Ints, b: Floats, starts_b: Ints, corners: Floats, bounded: bool, official: bool, out: Floats
) -> None:
    """Overlaps of n pairs of regions under m bounds.

    Args:
        a, b: the values of all regions one after another.
        starts_a, starts_b: shape (n + 1,): region i is values[starts[i] : starts[i + 1]].
        corners: shape (m, 2): the last column and row inside each bound.
        out: shape (m, n), receives the overlaps.
    """
    most = 4
    for i in range(starts_a.shape[0] - 1):
        most = max(most, (starts_a[i + 1] - starts_a[i]) // 2, (starts_b[i + 1] - starts_b[i]) // 2)
    floats = np.empty((4, most))
    ints = np.empty((5, most), np.int64)
    for i in range(starts_a.shape[0] - 1):
        one, other = a[starts_a[i] : starts_a[i + 1]], b[starts_b[i] : starts_b[i + 1]]
        for k in range(corners.shape[0]):
            out[k, i] = iou(one, other, corners[k, 0], corners[k, 1], bounded, official, floats, ints)
