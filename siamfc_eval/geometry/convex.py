"""Overlap of many rectangles and convex quadrangles, drawn by the rules of `siamfc_eval.geometry.raster`, in numpy.

This is what nearly all regions are. Each is drawn once, as the interval of pixels in each of its rows, in the
coordinates of the image; the ground truth so for all trackers. All values are those of `scanlines` to the last bit,
which draws relative to the first column and row of both regions: for whole numbers that makes no difference, except
where a crossing is a whole number and rounded to less than that. Regions with such a crossing are drawn again for each
pair. What is neither, or too far away for these numbers to be exact, is `left` to that kernel.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Columns = NDArray[np.float32]
"""Whole numbers up to twice `FAR`, which single precision holds exactly, or infinite."""
Mask = NDArray[np.bool_]

FAR = float(1 << 20)
"""Pixels up to which crossings are exact enough to be distinguished from whole numbers."""
_NEAR = 1e-7
"""Less than the distance from a whole number of any crossing that is not one: rows times two within `FAR`."""
_TOGETHER = 1 << 15
"""Rows that are drawn or intersected at once: of more, what one step leaves for the next is not in the cache."""
_BEFORE = [3, 0, 1, 2]
"""Of each corner the one before it."""


class Corners(NamedTuple):
    """Regions of four corners each, clockwise or not, before they are drawn."""

    xs: Floats
    """Shape (4, n): numpy is quick along a long axis and slow along one of four."""
    ys: Floats
    """Shape (4, n)."""
    empty: Mask
    """Shape (n,): no region."""
    upright: Mask
    """Shape (n,): rectangles, from the top left clockwise."""
    left: Mask
    """Shape (n,): regions that are not drawn here; they are empty as well."""

    def take(self, which: Ints | Mask, moved: Floats) -> Corners:
        """Some of them, with columns counted from `moved` on, shape (number of them,)."""
        return Corners(
            self.xs[:, which] - moved, self.ys[:, which], self.empty[which], self.upright[which], self.left[which]
        )


def corners_of(values: Floats, starts: Ints, official: bool) -> Corners:
    """The corners in single precision, as `outlines.vertices` has them.

    Args:
        values: of all regions, one region after another.
        starts: shape (n + 1,): region i is values[starts[i] : starts[i + 1]].
        official: whether the rule is `vot-official`, by which corners are rounded only when they are drawn.
    """
    sizes = np.diff(starts)
    upright, quads = sizes == 4, sizes == 8
    if upright.all():
        xs, ys, empty = _of_boxes(values[starts[0] : starts[-1]].reshape(-1, 4), official)
        return Corners(xs, ys, empty, upright, ~upright)
    xs, ys, empty = np.zeros((4, len(sizes))), np.zeros((4, len(sizes))), np.ones(len(sizes), dtype=np.bool_)
    boxes = values[starts[:-1][upright, None] + np.arange(4)]
    xs[:, upright], ys[:, upright], empty[upright] = _of_boxes(boxes, official)
    with np.errstate(over="ignore"):
        single = values[starts[:-1][quads] + np.arange(8)[:, None]].astype(np.float32).astype(np.float64)
    finite = np.isfinite(single).all(axis=0)
    points = np.where(finite, single, 0.0)
    points = points if official else np.rint(points)
    xs[:, quads], ys[:, quads], empty[quads] = points[0::2], points[1::2], ~finite
    left = (sizes >= 6) & (sizes % 2 == 0) & ~quads
    drawn = np.flatnonzero(quads & ~empty)
    far = (np.abs(xs[:, drawn]) > FAR).any(axis=0) | (np.abs(ys[:, drawn]) > FAR).any(axis=0)
    left[drawn[far | ~_convex(_rounded(xs[:, drawn], official), _rounded(ys[:, drawn], official))]] = True
    return Corners(xs, ys, empty | left, upright, left)


def _of_boxes(boxes: Floats, official: bool) -> tuple[Floats, Floats, Mask]:
    """Columns and rows of the corners of rectangles, shape (4, n), and which of them are empty."""
    sides = np.ascontiguousarray(boxes.T)
    with np.errstate(over="ignore", invalid="ignore"):
        single = sides.astype(np.float32).astype(np.float64)
        start = single[:2]
        if official:
            stop = (sides[:2] + sides[2:]).astype(np.float32).astype(np.float64)
        else:
            start = np.rint(start)
            stop = start + np.rint(single[2:]) - 1.0
    fine = np.isfinite(single)
    fine[2:] &= (sides[2:] > 0) & (stop >= start)
    empty = np.asarray(~fine.all(axis=0))
    ends = np.concatenate([start, stop])
    ends[:, empty] = 0.0
    return ends[[0, 2, 2, 0]], ends[[1, 1, 3, 3]], empty


def _rounded(values: Floats, official: bool) -> Floats:
    """Whole numbers: `vot-official` rounds here, halves away from zero."""
    return np.trunc(values + np.copysign(0.5, values)) if official else values


def _convex(xs: Floats, ys: Floats) -> Mask:
    """Shape (n,): those that turn the same way at every corner; each of their rows is one interval."""
    across, down = xs - xs[_BEFORE], ys - ys[_BEFORE]
    turns = across[_BEFORE] * down - down[_BEFORE] * across
    return np.asarray((turns > 0).all(axis=0) | (turns < 0).all(axis=0))


class Doubtful(NamedTuple):
    """Crossings at a whole column less one rounding."""

    owners: Ints
    """Shape (k,): the regions."""
    corners: Floats
    """Shape (k,): the column of the corner that the edge leads to."""
    away: Floats
    """Shape (k,): from there to the crossing."""

    def otherwise(self, origin: Floats) -> Ints:
        """Regions that are drawn otherwise when their columns are counted from `origin`, shape (n,)."""
        shift = origin[self.owners]
        moved = np.trunc(self.corners - shift + self.away) + shift
        return np.asarray(self.owners[moved != np.trunc(self.corners + self.away)])


@dataclass(frozen=True, eq=False)
class Drawn:
    """Regions as intervals of pixels, clipped to columns 0 .. right and rows 0 .. bottom."""

    corners: Corners
    box: Floats
    """Shape (4, n): left, top, right and bottom of the corners, rounded outwards and clipped."""
    first: Ints
    """Shape (n,): the first row."""
    last: Ints
    """Shape (n,): the last row."""
    places: Ints
    """Shape (n + 1,): the rows of region i are places[i] .. places[i + 1] - 1 of `low` and `stop`; all rows of a
    rectangle are alike, so there is one, as there is for a region without any."""
    low: Columns
    """The first column of each row."""
    stop: Columns
    """One after the last column of each row; nothing is drawn where it is not above `low`."""
    area: Floats
    """Shape (n,): pixels."""
    doubtful: Doubtful


def draw(corners: Corners, right: float | Floats, bottom: float | Floats, official: bool) -> Drawn:
    """Draw regions.

    Args:
        corners: of n regions.
        right: the last column of the image, at most `FAR`; or shape (n,), that of each region's.
        bottom: the last row, likewise.
        official: whether `vot-official` draws.
    """
    box = np.stack(
        [
            np.maximum(np.floor(corners.xs.min(axis=0)), 0.0),
            np.maximum(np.floor(corners.ys.min(axis=0)), 0.0),
            np.minimum(np.ceil(corners.xs.max(axis=0)), right),
            np.minimum(np.ceil(corners.ys.max(axis=0)), bottom),
        ]
    )
    xs, ys = _rounded(corners.xs, official), _rounded(corners.ys, official)
    first = np.minimum(np.maximum(ys.min(axis=0), 0.0), bottom + 1.0).astype(np.int64)
    last = np.maximum(np.minimum(ys.max(axis=0), bottom), -1.0).astype(np.int64)
    heights = np.where(corners.empty, 0, np.maximum(last - first + 1, 0))
    sizes = np.where(corners.upright, 1, np.maximum(heights, 1))
    places = np.append(0, np.cumsum(sizes))
    # In one piece, so that all edges are drawn in one go; left ends, then right ones.
    ends = np.repeat(np.array([np.inf, -np.inf], dtype=np.float32), places[-1])
    low, stop = ends[: places[-1]], ends[places[-1] :]
    boxes = np.flatnonzero(corners.upright & ~corners.empty)
    low[places[boxes]], stop[places[boxes]] = xs[0, boxes], xs[1, boxes]
    quads = np.flatnonzero(~corners.upright & (heights > 0))
    shown = np.stack([first[quads], last[quads]])
    edges = _edges(xs[:, quads], ys[:, quads], shown, places[quads] - first[quads], len(low))
    for some in _parts(np.append(0, np.cumsum(edges.counts))):
        _draw_edges(edges.take(some), ends)
    if official:
        stop[low == stop] = -1.0
        stop[places[boxes[ys[0, boxes] == ys[2, boxes]]]] = -1.0
    np.maximum(low, 0.0, out=low)
    np.minimum(stop, np.repeat(np.broadcast_to(np.asarray(right, dtype=np.float32), sizes.shape), sizes), out=stop)
    stop += 1.0
    pixels = np.maximum(stop - low, 0.0)
    area = np.add.reduceat(pixels, places[:-1], dtype=np.float64) * np.where(corners.upright, heights, 1)
    return Drawn(corners, box, first, last, places, low, stop, area, _doubtful(edges, quads))


def _parts(starts: Ints) -> Iterator[slice]:
    """Some after some of what has rows, shape (n + 1,): the number of rows before each, and of all."""
    cuts = np.searchsorted(starts, np.arange(0, starts[-1], _TOGETHER))
    for start, stop in itertools.pairwise([*cuts.tolist(), len(starts) - 1]):
        if start < stop:
            yield slice(start, stop)


class _Edges(NamedTuple):
    """Edges of convex quadrangles, four of each, that lead from a corner to the one before it; each of shape (4 n,)."""

    x: Floats
    y: Floats
    run: Floats
    """Columns to the other corner."""
    rise: Floats
    """Rows to the other corner; not 0 where anything is to be drawn."""
    top: Ints
    """The first row that is drawn."""
    counts: Ints
    """Rows that are drawn."""
    places: Ints
    """Of the first of them in the table of ends."""

    def take(self, which: slice) -> _Edges:
        """Some of them."""
        some: list[NDArray[Any]] = [values[which] for values in self]
        return _Edges(*some)


def _edges(xs: Floats, ys: Floats, shown: Ints, offsets: Ints, width: int) -> _Edges:
    """The edges of quadrangles.

    Args:
        xs, ys: shape (4, n), whole numbers.
        shown: shape (2, n), the first and the last row to draw.
        offsets: shape (n,), what to add to a row for its place in the table of left ends.
        width: of that table, which that of right ends follows.
    """
    first, last = shown
    run, rise = xs[_BEFORE] - xs, ys[_BEFORE] - ys
    top = np.maximum(np.minimum(ys, ys + rise), first).astype(np.int64)
    stop = np.minimum(np.maximum(ys, ys + rise), last).astype(np.int64) + 1
    # What is level need not be drawn: its ends are those of other edges.
    counts = np.where(rise == 0.0, 0, np.maximum(stop - top, 0))
    clockwise = run[0] * rise[1] > rise[0] * run[1]
    on_the_right = (rise < 0.0) == clockwise
    places = top + offsets + np.where(on_the_right, width, 0)
    # The edges of a quadrangle one after another, so that its rows are written to while they are in the cache.
    flat: list[NDArray[Any]] = [values.T.reshape(-1) for values in (xs, ys, run, rise, top, counts, places)]
    return _Edges(*flat)


def _crossings(rows: Floats, run: Floats, rise: Floats) -> Floats:
    """How far from their corners edges cross rows that are so many below it; changes `rows`."""
    # Division first: the order decides which way a crossing next to a whole number is truncated.
    rows /= rise
    rows *= run
    return rows


def _draw_edges(edges: _Edges, ends: Columns) -> None:
    """Set the ends of rows; where two edges meet both set the corner, and left ends are never right of right ones."""
    counts = edges.counts
    begins = np.cumsum(counts) - counts
    numbers = np.arange(counts.sum())
    below = numbers + np.repeat(edges.top - edges.y - begins, counts)
    columns = _crossings(below, np.repeat(edges.run, counts), np.repeat(edges.rise, counts))
    columns += np.repeat(edges.x, counts)
    numbers += np.repeat(edges.places - begins, counts)
    ends[numbers] = np.trunc(columns, out=columns)


def _doubtful(edges: _Edges, quads: Ints) -> Doubtful:
    """Where edges cross rows at whole numbers less one rounding.

    An edge crosses a whole column in every row, counted from its corner, that is a multiple of its rise by the greatest
    common divisor of rise and run.
    """
    divisors = np.gcd(edges.run.astype(np.int64), edges.rise.astype(np.int64))
    slanted = np.flatnonzero((divisors > 1) & (edges.run != 0.0) & (edges.counts > 0))
    counts = divisors[slanted] - 1
    which = np.repeat(slanted, counts)
    step = 1 + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    below = step * (edges.rise[which] / divisors[which])
    row = edges.y[which] + below
    inside = (row >= edges.top[which]) & (row < edges.top[which] + edges.counts[which])
    which, below = which[inside], below[inside]
    away = _crossings(below, edges.run[which], edges.rise[which])
    missing = np.rint(away) - away
    near = (missing > 0.0) & (missing < _NEAR)
    return Doubtful(quads[which[near] // 4], edges.x[which[near]], away[near])


def compare(a: Drawn, b: Drawn, right: float | Floats, bottom: float | Floats, official: bool) -> Floats:
    """Overlaps of n pairs of regions that were drawn in the same images, shape (n,); of those `left` out 0."""
    overlaps = _overlaps(a, b, official)
    origin = np.minimum(a.box[0], b.box[0])
    # Some twice, if anything: numpy's own union loads masked arrays, which takes as long as drawing a thousand regions.
    again = np.concatenate([a.doubtful.otherwise(origin), b.doubtful.otherwise(origin)])
    if len(again):
        moved = origin[again]
        right, bottom = (np.broadcast_to(last, origin.shape)[again] for last in (right, bottom))
        one, other = (draw(side.corners.take(again, moved), right - moved, bottom, official) for side in (a, b))
        overlaps[again] = _overlaps(one, other, official)
    return overlaps


def _overlaps(a: Drawn, b: Drawn, official: bool) -> Floats:
    """`compare` of regions as they were drawn."""
    left, top = np.maximum(a.box[:2], b.box[:2])
    across, down = np.minimum(a.box[2:], b.box[2:]) - (left, top)
    # `vot-official` lets regions whose outward-rounded boxes only touch share nothing, although both draw that line.
    meet = (across > 0.0) & (down > 0.0) if official else (across >= 0.0) & (down >= 0.0)
    meet &= ~(a.corners.empty | b.corners.empty)
    rows = np.stack([np.maximum(a.first, b.first), np.minimum(a.last, b.last) + 1])
    heights = rows[1] - rows[0]
    meet &= heights > 0
    both = np.zeros(len(meet))
    of_a, of_b = a.corners.upright, b.corners.upright
    alike = np.flatnonzero(meet & of_a & of_b)
    one, other = a.places[alike], b.places[alike]
    shared = _shared(a.low[one], a.stop[one], b.low[other], b.stop[other])
    both[alike] = shared * heights[alike]
    for boxes, quads, mixed in ((a, b, meet & of_a & ~of_b), (b, a, meet & of_b & ~of_a)):
        which = np.flatnonzero(mixed)
        both[which] = _shared_with_boxes(boxes, quads, which, rows)
    which = np.flatnonzero(meet & ~of_a & ~of_b)
    both[which] = _shared_of_quads(a, b, which, rows)
    union = a.area + b.area - both
    overlaps = np.zeros(len(both))
    np.divide(both, union, out=overlaps, where=meet & (union > 0.0))
    return overlaps


def _shared_with_boxes(boxes: Drawn, quads: Drawn, which: Ints, rows: Ints) -> Floats:
    """Pixels that rectangles share with quadrangles.

    The rows of quadrangles are taken as they lie, those outside of the rectangles and of other regions included: to
    pick the right ones takes longer than to intersect them all.

    Args:
        boxes, quads: of n pairs.
        which: the pairs that are meant.
        rows: shape (2, n), the first row that is in both and one after the last.
    """
    found = np.empty(len(which))
    starts = quads.places[np.append(which, -1)]
    for part in _parts(starts - starts[0]):
        some = which[part]
        span = slice(some[0], some[-1] + 1)
        ends = slice(quads.places[span.start], quads.places[span.stop])
        columns, counts = boxes.places[span], np.diff(quads.places[span.start : span.stop + 1])
        low, stop = np.repeat(boxes.low[columns], counts), np.repeat(boxes.stop[columns], counts)
        shared = np.append(_shared(low, stop, quads.low[ends], quads.stop[ends]), np.float32(0.0))
        between = rows[:, some] + (quads.places[some] - quads.first[some] - ends.start)
        # Sums from each place to the next: of a pair's rows, and of what lies before those of the next pair.
        found[part] = np.add.reduceat(shared, between.T.reshape(-1), dtype=np.float64)[::2]
    return found


def _shared_of_quads(a: Drawn, b: Drawn, which: Ints, rows: Ints) -> Floats:
    """Pixels that quadrangles share; arguments as of `_shared_with_boxes`."""
    found = np.empty(len(which))
    heights = rows[1, which] - rows[0, which]
    for part in _parts(np.append(0, np.cumsum(heights))):
        some, counts = which[part], heights[part]
        begins = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(rows[0, some] - begins, counts)
        ends = []
        for side in (a, b):
            own = places + np.repeat(side.places[some] - side.first[some], counts)
            ends += [side.low.take(own), side.stop.take(own)]
        found[part] = np.add.reduceat(_shared(*ends), begins, dtype=np.float64)
    return found


def _shared(low_a: Columns, stop_a: Columns, low_b: Columns, stop_b: Columns) -> Columns:
    """Pixels in both of two intervals."""
    shared = np.minimum(stop_a, stop_b)
    shared -= np.maximum(low_a, low_b)
    return np.maximum(shared, 0.0, out=shared)
