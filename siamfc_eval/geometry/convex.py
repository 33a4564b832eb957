"""Overlap of many rectangles and convex quadrangles, drawn by the rules of `siamfc_eval.geometry.raster`, in numpy.

This is what nearly all regions are. Each is drawn once, as the interval of pixels in each of its rows, in the
coordinates of the image; the ground truth so for all trackers. All values are those of `scanlines` to the last bit,
which draws relative to the first column and row of both regions: for whole numbers that makes no difference, except
where a crossing is a whole number and rounded to less than that. Regions with such a crossing are drawn again for each
pair. What is neither, or too far away for these numbers to be exact, is `left` to that kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

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


class Corners(NamedTuple):
    """Regions of four corners each, clockwise or not, before they are drawn."""

    xs: Floats
    """Shape (n, 4)."""
    ys: Floats
    """Shape (n, 4)."""
    empty: Mask
    """Shape (n,): no region."""
    upright: Mask
    """Shape (n,): rectangles, from the top left clockwise."""
    left: Mask
    """Shape (n,): regions that are not drawn here; they are empty as well."""

    def take(self, which: Ints | Mask, moved: Floats) -> Corners:
        """Some of them, with columns counted from `moved` on, shape (number of them,)."""
        return Corners(
            self.xs[which] - moved[:, None], self.ys[which], self.empty[which], self.upright[which], self.left[which]
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
    xs, ys, empty = np.zeros((len(sizes), 4)), np.zeros((len(sizes), 4)), np.ones(len(sizes), dtype=np.bool_)
    xs[upright], ys[upright], empty[upright] = _of_boxes(values[starts[:-1][upright, None] + np.arange(4)], official)
    with np.errstate(over="ignore"):
        single = values[starts[:-1][quads, None] + np.arange(8)].astype(np.float32).astype(np.float64)
    finite = np.isfinite(single).all(axis=1)
    points = np.where(finite[:, None], single, 0.0)
    points = points if official else np.rint(points)
    xs[quads], ys[quads], empty[quads] = points[:, 0::2], points[:, 1::2], ~finite
    left = (sizes >= 6) & (sizes % 2 == 0) & ~quads
    drawn = np.flatnonzero(quads & ~empty)
    far = (np.abs(xs[drawn]) > FAR).any(axis=1) | (np.abs(ys[drawn]) > FAR).any(axis=1)
    left[drawn[far | ~_convex(_rounded(xs[drawn], official), _rounded(ys[drawn], official))]] = True
    return Corners(xs, ys, empty | left, upright, left)


def _of_boxes(boxes: Floats, official: bool) -> tuple[Floats, Floats, Mask]:
    """Columns and rows of the corners of rectangles, shape (n, 4), and which of them are empty."""
    with np.errstate(over="ignore", invalid="ignore"):
        single = boxes.astype(np.float32).astype(np.float64)
        start = single[:, :2]
        if official:
            stop = (boxes[:, :2] + boxes[:, 2:]).astype(np.float32).astype(np.float64)
        else:
            start = np.rint(start)
            stop = start + np.rint(single[:, 2:]) - 1.0
    fine = np.isfinite(single)
    fine[:, 2:] &= (boxes[:, 2:] > 0) & (stop >= start)
    empty = np.asarray(~fine.all(axis=1))
    ends = np.concatenate([start, stop], axis=1)
    ends[empty] = 0.0
    return ends[:, [0, 2, 2, 0]], ends[:, [1, 1, 3, 3]], empty


def _rounded(values: Floats, official: bool) -> Floats:
    """Whole numbers: `vot-official` rounds here, halves away from zero."""
    return np.trunc(values + np.copysign(0.5, values)) if official else values


def _convex(xs: Floats, ys: Floats) -> Mask:
    """Shape (n,): those that turn the same way at every corner; each of their rows is one interval."""
    across, down = np.roll(xs, -1, axis=1) - xs, np.roll(ys, -1, axis=1) - ys
    turns = across * np.roll(down, -1, axis=1) - down * np.roll(across, -1, axis=1)
    return np.asarray((turns > 0).all(axis=1) | (turns < 0).all(axis=1))


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
    """Shape (n,): where the first row's interval is in `low` and `high`; that of a rectangle is there once."""
    low: Columns
    high: Columns
    """Ends of the intervals, both included; nothing is drawn where low > high."""
    area: Floats
    """Shape (n,): pixels."""
    doubtful: Doubtful

    def intervals(self, which: Ints, counts: Ints, rows: Ints) -> tuple[Columns, Columns]:
        """The intervals of some regions in some rows.

        Args:
            which: the regions.
            counts: how many rows of each.
            rows: of all of them, one after another.
        """
        upright = self.corners.upright[which]
        if upright.all():
            places = self.places[which]
            return np.repeat(self.low[places], counts), np.repeat(self.high[places], counts)
        starts = np.repeat(self.places[which] - np.where(upright, 0, self.first[which]), counts)
        places = starts + (np.where(np.repeat(upright, counts), 0, rows) if upright.any() else rows)
        return self.low[places], self.high[places]


_CERTAIN = Doubtful(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))


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
            np.maximum(np.floor(corners.xs.min(axis=1, initial=np.inf)), 0.0),
            np.maximum(np.floor(corners.ys.min(axis=1, initial=np.inf)), 0.0),
            np.minimum(np.ceil(corners.xs.max(axis=1, initial=-np.inf)), right),
            np.minimum(np.ceil(corners.ys.max(axis=1, initial=-np.inf)), bottom),
        ]
    )
    xs, ys = _rounded(corners.xs, official), _rounded(corners.ys, official)
    first = np.minimum(np.maximum(ys.min(axis=1, initial=np.inf), 0.0), bottom + 1.0).astype(np.int64)
    last = np.maximum(np.minimum(ys.max(axis=1, initial=-np.inf), bottom), -1.0).astype(np.int64)
    drawn = ~corners.empty
    heights = np.where(drawn, np.maximum(last - first + 1, 0), 0)
    sizes = np.where(corners.upright, 1, heights)
    places = np.cumsum(sizes) - sizes
    low, high = np.full(sizes.sum(), np.inf, np.float32), np.full(sizes.sum(), -np.inf, np.float32)
    boxes = corners.upright & drawn
    low[places[boxes]], high[places[boxes]] = xs[boxes, 0], xs[boxes, 1]
    quads = np.flatnonzero(~corners.upright & (heights > 0))
    edges = _Edges(xs[quads], ys[quads], first[quads], last[quads], places[quads] - first[quads])
    found = [_draw_edges(edges, corner, low, high, official) for corner in range(4) if len(quads)]
    doubtful = Doubtful(*map(np.concatenate, zip(*found, strict=True))) if found else _CERTAIN
    doubtful = doubtful._replace(owners=quads[doubtful.owners])
    if official:
        high[low == high] = -1.0
        flat = boxes & (ys[:, 0] == ys[:, 2])
        high[places[flat]] = -1.0
    np.maximum(low, 0.0, out=low)
    np.minimum(high, np.repeat(np.broadcast_to(right, sizes.shape), sizes), out=high)
    pixels = np.maximum(high - low + 1.0, 0.0)
    sums = np.append(0.0, np.cumsum(pixels, dtype=np.float64))
    area = (sums[places + sizes] - sums[places]) * np.where(corners.upright, heights, 1)
    return Drawn(corners, box, first, last, places, low, high, area, doubtful)


class _Edges(NamedTuple):
    """Quadrangles whose edges are drawn."""

    xs: Floats
    ys: Floats
    first: Ints
    last: Ints
    offsets: Ints
    """What to add to a row for its place in the table of intervals."""


def _draw_edges(edges: _Edges, corner: int, low: Columns, high: Columns, official: bool) -> Doubtful:
    """Widen the intervals by the edge that leads to one corner of each quadrangle."""
    x, y = edges.xs[:, corner], edges.ys[:, corner]
    run, rise = edges.xs[:, corner - 1] - x, edges.ys[:, corner - 1] - y
    top = np.maximum(np.minimum(y, y + rise), edges.first).astype(np.int64)
    stop = np.minimum(np.maximum(y, y + rise), edges.last).astype(np.int64) + 1
    flat = rise == 0.0
    counts = np.where(flat & official, 0, np.maximum(stop - top, 0))
    begins = np.cumsum(counts) - counts
    numbers = np.arange(counts.sum())
    # Division first: the order decides which way a crossing next to a whole number is truncated.
    away = numbers + np.repeat(top - y - begins, counts)
    away /= np.repeat(np.where(flat, 1.0, rise), counts)
    away *= np.repeat(run, counts)
    columns = np.repeat(x, counts)
    columns += away
    whole = np.trunc(columns, out=columns).astype(np.float32)
    places = numbers + np.repeat(top + edges.offsets - begins, counts)
    low[places] = np.minimum(low[places], whole)
    high[places] = np.maximum(high[places], whole)
    missing = np.rint(away) - away
    doubtful = np.flatnonzero((missing > 0.0) & (missing < _NEAR))
    owners = np.searchsorted(begins, doubtful, side="right") - 1
    return Doubtful(owners, x[owners], away[doubtful])


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
    start = np.maximum(a.first, b.first)
    heights = np.where(meet, np.minimum(a.last, b.last) - start + 1, 0)
    meet &= heights > 0
    both = np.zeros(len(meet))
    upright = a.corners.upright & b.corners.upright
    alike = np.flatnonzero(meet & upright)
    one, other = a.places[alike], b.places[alike]
    both[alike] = _shared(a.low[one], a.high[one], b.low[other], b.high[other]) * heights[alike]
    slanted = np.flatnonzero(meet & ~upright)
    if len(slanted):
        counts = heights[slanted]
        begins = np.cumsum(counts) - counts
        rows = np.arange(counts.sum()) + np.repeat(start[slanted] - begins, counts)
        shared = _shared(*a.intervals(slanted, counts, rows), *b.intervals(slanted, counts, rows))
        both[slanted] = np.add.reduceat(shared, begins, dtype=np.float64)
    union = a.area + b.area - both
    overlaps = np.zeros(len(both))
    np.divide(both, union, out=overlaps, where=meet & (union > 0.0))
    return overlaps


def _shared(low_a: Columns, high_a: Columns, low_b: Columns, high_b: Columns) -> Columns:
    """Pixels in both of two intervals."""
    shared = np.minimum(high_a, high_b)
    shared -= np.maximum(low_a, low_b)
    shared += 1.0
    return np.maximum(shared, 0.0, out=shared)
