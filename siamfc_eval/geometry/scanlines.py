"""Compiled kernels behind `siamfc_eval.geometry.raster`: counting the pixels that two regions share, row by row.

No bitmap is ever made. A region is drawn as intervals of pixels in each row, so memory does not depend on the size of
the regions, and nothing can be read or written out of bounds however wild the coordinates are.

Importing this module imports numba: `siamfc_eval.geometry.raster` does it when regions are first compared.
"""

# ruff: noqa: PLR0917 -- compiled functions call each other by position only.
from __future__ import annotations

import numpy as np
from numba import carray

from siamfc_eval.compiled import Pointer, compiled, compiled_sum
from siamfc_eval.geometry.outlines import (
    Floats,
    Ints,
    box_of,
    drawn_rows,
    is_convex,
    is_upright,
    place,
    vertices,
)

FAR = 9.0e15
"""Column beyond which a crossing is clamped, so that its conversion to an integer is defined."""

MAX_EXTENT = 1 << 20
"""Rows or columns (after clipping) beyond which a region is not drawn: such a region is no answer."""


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


@compiled_sum
def total_length(low: Floats, high: Floats, start: int, stop: int, left: float, right: float) -> float:
    """Pixels in the intervals of rows start .. stop - 1, cut to left .. right."""
    total = 0.0
    if start < stop:
        lows, highs = low[start:stop], high[start:stop]
        for i in range(lows.size):
            total += max(min(highs[i], right) - max(lows[i], left) + 1.0, 0.0)
    return total


@compiled
def draw_convex(
    xs: Floats, ys: Floats, count: int, width: int, first: int, last: int, official: int, low: Floats, high: Floats
) -> float:
    """What `crossings` and `fill` do, for all rows of a convex region at once, edge by edge.

    Nearly every region is convex, and this is ten times faster than going row by row.

    Args:
        first, last: rows of the raster that the region may reach.
        low, high: shape (> last - first,), receive the ends of each row's interval; low > high: nothing is drawn.

    Returns:
        The number of pixels.
    """
    for i in range(last - first + 1):
        low[i], high[i] = np.inf, -np.inf
    before = count - 1
    for vertex in range(count):
        x, y, y_before = xs[vertex], ys[vertex], ys[before]
        rise, run = y_before - y, xs[before] - x
        top, bottom = int(max(min(y, y_before), 1.0 * first)), int(min(max(y, y_before), 1.0 * last))
        if rise != 0.0 and run == 0.0:  # as all upright edges of rectangles are: no division for each row
            for row in range(top, bottom + 1):
                low[row - first], high[row - first] = min(low[row - first], x), max(high[row - first], x)
        elif rise != 0.0 and top <= bottom:
            # Parts of arrays, counted from 0: a place that may be negative costs more than the arithmetic.
            lows, highs = low[top - first : bottom - first + 1], high[top - first : bottom - first + 1]
            for i in range(lows.size):
                column = np.trunc(x + (top + i - y) / rise * run)
                lows[i], highs[i] = min(lows[i], column), max(highs[i], column)
        elif not official and first <= y <= last:
            row = int(y) - first
            low[row], high[row] = min(low[row], x), max(high[row], x)
        before = vertex
    for i in range(last - first + 1):
        if official and low[i] == high[i]:
            high[i] = -1.0
        low[i], high[i] = max(low[i], 0.0), min(high[i], width - 1.0)
    return total_length(low, high, 0, last - first + 1, 0.0, width - 1.0)


@compiled
def ends_of(xs: Floats, width: int, official: int) -> tuple[float, float]:
    """What `draw_convex` draws in every row of an upright rectangle."""
    left, right = xs[0], xs[1]
    if official and left == right:
        right = -1.0
    return max(left, 0.0), min(right, width - 1.0)


@compiled
def iou_of_upright(corners: Floats, rows: Ints, width: int, official: int) -> float:
    """`iou_of_convex` for two upright rectangles."""
    low_a, high_a = ends_of(corners[0], width, official)
    low_b, high_b = ends_of(corners[2], width, official)
    area_a = max(high_a - low_a + 1.0, 0.0) * max(rows[1] - rows[0] + 1, 0)
    area_b = max(high_b - low_b + 1.0, 0.0) * max(rows[3] - rows[2] + 1, 0)
    height = max(min(rows[1], rows[3]) - max(rows[0], rows[2]) + 1, 0)
    both = max(min(high_a, high_b) - max(low_a, low_b) + 1.0, 0.0) * height
    union = area_a + area_b - both
    return both / union if union > 0.0 else 0.0


@compiled
def iou_with_upright(
    xs: Floats,
    ys: Floats,
    count: int,
    drawn: Ints,
    box_xs: Floats,
    box_rows: Ints,
    width: int,
    official: int,
    table: Floats,
) -> float:
    """`iou_of_convex` for a convex region and an upright rectangle, of which only the region is drawn."""
    first, last = drawn[0], drawn[1]
    height = max(last - first, 0) + 1
    low, high = table[:height], table[height : 2 * height]
    area = draw_convex(xs, ys, count, width, first, last, official, low, high)
    left, right = ends_of(box_xs, width, official)
    box_area = max(right - left + 1.0, 0.0) * max(box_rows[1] - box_rows[0] + 1, 0)
    both = total_length(low, high, max(first, box_rows[0]) - first, min(last, box_rows[1]) - first + 1, left, right)
    union = area + box_area - both
    return both / union if union > 0.0 else 0.0


@compiled
def draw_rows(
    xs: Floats, ys: Floats, count: int, row: int, width: int, official: int, nodes: Ints, low: Ints, high: Ints
) -> int:
    """The intervals of any region in one row; returns their number."""
    return fill(nodes, crossings(xs, ys, count, row, not official, nodes), width, not official, low, high)


@compiled
def pixels_in(low: Ints, high: Ints, spans: int) -> int:
    """Pixels in a list of intervals."""
    total = 0
    for i in range(spans):
        total += high[i] - low[i] + 1
    return total


@compiled
def iou_of_convex(
    corners: Floats, count_a: int, count_b: int, rows: Ints, width: int, official: int, table: Floats
) -> float:
    """Overlap of two convex regions.

    Args:
        corners: shape (4, n): x and y of one region, x and y of the other.
        rows: shape (4,): first and last row of one, first and last row of the other.
        table: scratch of shape (>= 4 * (number of rows),).
    """
    upright_a = is_upright(corners[0], corners[1], count_a)
    upright_b = is_upright(corners[2], corners[3], count_b)
    if upright_a and upright_b:
        return iou_of_upright(corners, rows, width, official)
    if upright_a:
        return iou_with_upright(corners[2], corners[3], count_b, rows[2:], corners[0], rows[:2], width, official, table)
    if upright_b:
        return iou_with_upright(corners[0], corners[1], count_a, rows[:2], corners[2], rows[2:], width, official, table)
    first_a, last_a, first_b, last_b = rows[0], rows[1], rows[2], rows[3]
    height = max(last_a - first_a, last_b - first_b, 0) + 1
    low_a, high_a = table[:height], table[height : 2 * height]
    low_b, high_b = table[2 * height : 3 * height], table[3 * height : 4 * height]
    area_a = draw_convex(corners[0], corners[1], count_a, width, first_a, last_a, official, low_a, high_a)
    area_b = draw_convex(corners[2], corners[3], count_b, width, first_b, last_b, official, low_b, high_b)
    both = 0.0
    for row in range(max(first_a, first_b), min(last_a, last_b) + 1):
        i, j = row - first_a, row - first_b
        both += max(min(high_a[i], high_b[j]) - max(low_a[i], low_b[j]) + 1.0, 0.0)
    union = area_a + area_b - both
    return both / union if union > 0.0 else 0.0


@compiled
def iou_of_any(
    corners: Floats, count_a: int, count_b: int, rows: Ints, width: int, official: int, spans: Ints
) -> float:
    """`iou_of_convex` for regions of any shape; `spans` is scratch of shape (5 or more, n)."""
    nodes, low_a, high_a, low_b, high_b = spans[0], spans[1], spans[2], spans[3], spans[4]
    union = both = 0
    for row in range(min(rows[0], rows[2]), max(rows[1], rows[3]) + 1):
        spans_a = spans_b = 0
        if rows[0] <= row <= rows[1]:
            spans_a = draw_rows(corners[0], corners[1], count_a, row, width, official, nodes, low_a, high_a)
        if rows[2] <= row <= rows[3]:
            spans_b = draw_rows(corners[2], corners[3], count_b, row, width, official, nodes, low_b, high_b)
        shared = shared_pixels(low_a, high_a, spans_a, low_b, high_b, spans_b)
        both += shared
        union += pixels_in(low_a, high_a, spans_a) + pixels_in(low_b, high_b, spans_b) - shared
    return both / union if union > 0 else 0.0


@compiled
def iou(
    a: Floats,
    b: Floats,
    right: float,
    bottom: float,
    bounded: int,
    official: int,
    floats: Floats,
    ints: Ints,
    table: Floats,
) -> tuple[float, bool]:
    """Overlap of two regions drawn by either rule, clipped to 0 .. right, 0 .. bottom (included).

    Args:
        floats, ints: scratch of shape (4, n) and (6, n), n >= 4 and >= the number of corners of either region.
        table: scratch, four numbers for each row that a region may have.

    Returns:
        The overlap; and whether `right` or `bottom` cut anything off, without which further bounds change nothing.
    """
    ax, ay, bx, by = floats[0], floats[1], floats[2], floats[3]
    count_a, count_b = vertices(a, official, ax, ay), vertices(b, official, bx, by)
    if count_a == 0 or count_b == 0:
        return 0.0, False
    left_a, top_a, right_a, bottom_a = box_of(ax, ay, count_a)
    left_b, top_b, right_b, bottom_b = box_of(bx, by, count_b)
    cut = max(right_a, right_b) > right or max(bottom_a, bottom_b) > bottom
    if bounded:
        left_a, top_a, left_b, top_b = max(left_a, 0.0), max(top_a, 0.0), max(left_b, 0.0), max(top_b, 0.0)
        right_a, right_b = min(right_a, right), min(right_b, right)
        bottom_a, bottom_b = min(bottom_a, bottom), min(bottom_b, bottom)
    across, down = min(right_a, right_b) - max(left_a, left_b), min(bottom_a, bottom_b) - max(top_a, top_b)
    # `vot-official` lets regions whose outward-rounded boxes only touch share nothing, although both draw that line.
    if across < 0.0 or down < 0.0 or (official and (across == 0.0 or down == 0.0)):
        return 0.0, cut
    x, y = min(left_a, left_b), min(top_a, top_b)
    columns, height = max(right_a, right_b) - x + 1.0, max(bottom_a, bottom_b) - y + 1.0
    if columns > MAX_EXTENT or height > MAX_EXTENT or 4.0 * height > table.shape[0]:
        return 0.0, cut
    width = int(columns)
    place(ax, ay, count_a, x, y, official)
    place(bx, by, count_b, x, y, official)
    rows = ints[5, :4]
    rows[0], rows[1] = drawn_rows(ay, count_a, height)
    rows[2], rows[3] = drawn_rows(by, count_b, height)
    if is_convex(ax, ay, count_a) and is_convex(bx, by, count_b):
        return iou_of_convex(floats, count_a, count_b, rows, width, official, table), cut
    return iou_of_any(floats, count_a, count_b, rows, width, official, ints), cut


def ious(
    a: Pointer,
    starts_a: Pointer,
    b: Pointer,
    starts_b: Pointer,
    pairs: int,
    bounds: Pointer,
    bound_count: int,
    bounded: int,
    official: int,
    floats: Pointer,
    ints: Pointer,
    most: int,
    table: Pointer,
    table_size: int,
    out: Pointer,
) -> int:
    """Overlaps of n pairs of regions under m bounds.

    Args:
        a, b: the values of all regions one after another.
        starts_a, starts_b: shape (n + 1,): region i is values[starts[i] : starts[i + 1]].
        pairs: n.
        bounds: shape (m, 2): the last column and row inside each bound.
        bound_count: m.
        bounded: whether regions are clipped at all.
        official: whether `vot-official` draws, else `vot-toolkit`.
        floats, ints: scratch of shape (4, most) and (6, most).
        most: at least 4, and at least the corners of any region.
        table: scratch of shape (table_size,).
        table_size: four times the rows that a region has at most; one that has more is no answer.
        out: shape (m, n), receives the overlaps.

    Returns:
        0.
    """
    first_a, first_b = carray(starts_a, pairs + 1), carray(starts_b, pairs + 1)
    values_a, values_b = carray(a, first_a[pairs]), carray(b, first_b[pairs])
    corners, overlaps = carray(bounds, (bound_count, 2)), carray(out, (bound_count, pairs))
    points, spans, rows = carray(floats, (4, most)), carray(ints, (6, most)), carray(table, table_size)
    for i in range(pairs):
        one, other = values_a[first_a[i] : first_a[i + 1]], values_b[first_b[i] : first_b[i + 1]]
        cut, right, bottom = True, np.inf, np.inf
        for k in range(bound_count):
            if cut or corners[k, 0] < right or corners[k, 1] < bottom:
                right, bottom = corners[k, 0], corners[k, 1]
                overlaps[k, i], cut = iou(one, other, right, bottom, bounded, official, points, spans, rows)
            else:
                overlaps[k, i] = overlaps[k - 1, i]
    return 0
