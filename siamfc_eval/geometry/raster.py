"""Rasterised overlap of rectangles and polygons, by the two rules in use in VOT evaluation.

`vot-official` is the rule of the MATLAB toolkit and of pysot (`region.c` of the TraX library): a rectangle is turned
into the polygon x .. x + w, y .. y + h, corners are rounded (halves away from zero) relative to the raster's origin,
and the border belongs to the region, so that a rectangle covers w + 1 columns. Regions are clipped to the columns
0 .. W and rows 0 .. H of the bounds (W, H), ends included.

`vot-toolkit` is the rule of the Python toolkit (0.7): coordinates are rounded first, halves to even; a rectangle covers
round(w) columns, a polygon still includes its border. Regions are clipped to 0 .. W - 1 and 0 .. H - 1.

Coordinates are held in single precision, as both toolkits do; the crossing of an edge and a row is truncated towards
zero. Where released toolkits go astray this module does not follow them: a region that is empty, not finite, further
away than a million pixels or outside the bounds overlaps nothing (0), and so do disjoint boxes one pixel wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siamfc_eval.compiled import Kernel
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry.convex import FAR, Corners, Drawn, compare, corners_of, draw
from siamfc_eval.geometry.regions import Region

Rasteriser = Literal["vot-official", "vot-toolkit"]
"""Name of a rule that turns a region into pixels."""

_F, _I = np.float64, np.int64
_ious = Kernel(
    "siamfc_eval.geometry.scanlines",
    "ious",
    *(_F, _I, _F, _I, int, _F, int, int, int, _F, _I, int, _F, int, _F),
    uses=("siamfc_eval.geometry.outlines",),
)
_MAX_ROWS = 1 << 20
"""As in `scanlines`, which is not imported for it; the system gives memory only for what is written to."""

Bounds = tuple[float, float] | None
"""(W, H) of the clipping, in the sense of the rasteriser; None: regions are not clipped."""


@dataclass(frozen=True, eq=False)
class PackedRegions:
    """A list of regions in two flat arrays, which is how kernels read it."""

    values: NDArray[np.float64]
    """The values of all regions, one region after another."""
    starts: NDArray[np.int64]
    """Shape (n + 1,): region i is values[starts[i] : starts[i + 1]]; no values at all: no region."""

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def most_points(self) -> int:
        """Corners of the polygon that has most, or 2 for rectangles."""
        return int(np.diff(self.starts).max(initial=0)) // 2

    def corners(self, rasteriser: Rasteriser) -> Corners:
        """The regions as far as they are rectangles and convex quadrangles."""
        if rasteriser not in self._corners:
            values, starts = np.asarray(self.values, dtype=np.float64), np.asarray(self.starts, dtype=np.int64)
            self._corners[rasteriser] = corners_of(values, starts, rasteriser == "vot-official")
        return self._corners[rasteriser]

    def drawn(
        self, rasteriser: Rasteriser, right: float | NDArray[np.float64], bottom: float | NDArray[np.float64]
    ) -> Drawn:
        """The same, drawn once for each rule and image size that is asked for: many trackers share a ground truth."""
        key = (rasteriser, np.asarray(right).tobytes(), np.asarray(bottom).tobytes())
        if key not in self._drawn:
            self._drawn[key] = draw(self.corners(rasteriser), right, bottom, rasteriser == "vot-official")
        return self._drawn[key]

    @cached_property
    def _corners(self) -> dict[str, Corners]:
        return {}

    @cached_property
    def _drawn(self) -> dict[tuple[str, bytes, bytes], Drawn]:
        return {}

    def take(self, which: NDArray[np.int64]) -> PackedRegions:
        """Some of the regions."""
        return pack_regions([self.values[self.starts[i] : self.starts[i + 1]] for i in which.tolist()])

    def head(self, count: int) -> PackedRegions:
        """The first `count` regions (all, if there are fewer)."""
        return self if count >= len(self) else PackedRegions(self.values, self.starts[: count + 1])


def pack_regions(regions: Sequence[ArrayLike | None]) -> PackedRegions:
    """Packs regions; None and arrays without values stand for 'no region' and overlap nothing.

    Args:
        regions: each of shape (4,) or (2k,), pixels.
    """
    empty = np.empty(0)
    rows = [
        region if isinstance(region, np.ndarray) else empty if region is None else np.asarray(region, dtype=np.float64)
        for region in regions
    ]
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum([row.size for row in rows], out=starts[1:])
    return PackedRegions(np.concatenate([*rows, empty], dtype=np.float64), starts)


def joined(parts: Sequence[PackedRegions]) -> PackedRegions:
    """The regions of several lists as one list."""
    if not parts:
        return pack_regions([])
    sizes = [np.diff(part.starts) for part in parts]
    starts = np.zeros(sum(map(len, sizes)) + 1, dtype=np.int64)
    np.cumsum(np.concatenate(sizes), out=starts[1:])
    return PackedRegions(np.concatenate([part.values[part.starts[0] : part.starts[-1]] for part in parts]), starts)


def packed_overlaps(
    a: PackedRegions,
    b: PackedRegions,
    bounds: Sequence[tuple[float, float]] | NDArray[np.float64] | None,
    rasteriser: Rasteriser,
) -> NDArray[np.float64]:
    """Overlaps of pairs of regions under one or more bounds.

    Args:
        a, b: n regions each.
        bounds: m pairs (W, H) in the sense of the rasteriser, or None for one unclipped row. Shape (m, n, 2): each pair
            of regions has its own.
        rasteriser: which rule draws the regions.

    Returns:
        Shape (m, n): intersection over union in pixels, 0 .. 1.

    Raises:
        InputError: a and b differ in length.
        UnknownNameError: there is no such rasteriser.
    """
    _require_known(rasteriser)
    if len(a) != len(b):
        raise InputError(
            f"overlaps are of pairs of regions: expected two lists of one length, found {len(a)} and {len(b)}"
        )
    if bounds is None:
        return _by_kernel(a, b, None, rasteriser)
    official = rasteriser == "vot-official"
    given = np.asarray(bounds, dtype=np.float64)
    last = given - (not official)
    found = np.empty((len(last), len(a)))
    rest = np.arange(len(a))
    if ((last >= 0.0) & (last < FAR) & (last == np.rint(last))).all():
        for row, size in zip(found, last, strict=True):
            right, bottom = size[..., 0], size[..., 1]
            drawn = a.drawn(rasteriser, right, bottom), b.drawn(rasteriser, right, bottom)
            row[:] = compare(*drawn, right, bottom, official)
        rest = np.flatnonzero(a.corners(rasteriser).left | b.corners(rasteriser).left)
    if len(rest) and given.ndim == 2:
        found[:, rest] = _by_kernel(a.take(rest), b.take(rest), given, rasteriser)
    elif len(rest):
        sizes, which = np.unique(given[:, rest], axis=1, return_inverse=True)
        for place, size in enumerate(np.moveaxis(sizes, 1, 0)):
            some = rest[which.reshape(-1) == place]
            found[:, some] = _by_kernel(a.take(some), b.take(some), size, rasteriser)
    return found


def _require_known(rasteriser: str) -> None:
    if rasteriser not in get_args(Rasteriser):
        raise UnknownNameError("rasteriser", rasteriser, get_args(Rasteriser))


def _by_kernel(
    a: PackedRegions,
    b: PackedRegions,
    bounds: Sequence[tuple[float, float]] | NDArray[np.float64] | None,
    rasteriser: Rasteriser,
) -> NDArray[np.float64]:
    """`packed_overlaps` of regions of any kind, row by row."""
    _require_known(rasteriser)
    official = rasteriser == "vot-official"
    corners = np.array([(np.inf, np.inf)] if bounds is None else bounds, dtype=np.float64).reshape(-1, 2)
    if not official:
        corners = corners - 1.0
    out = np.empty((len(corners), len(a)))
    one, other = (np.ascontiguousarray(packed.values, dtype=np.float64) for packed in (a, b))
    starts = [np.ascontiguousarray(packed.starts, dtype=np.int64) for packed in (a, b)]
    tallest = corners[:, 1].max(initial=0.0)
    rows = int(tallest) + 2 if tallest < _MAX_ROWS else _MAX_ROWS
    most = max(4, a.most_points, b.most_points)
    scratch = np.empty((4, most)), np.empty((6, most), dtype=np.int64), most, np.empty(4 * rows), 4 * rows
    which = (len(corners), int(bounds is not None), int(official))
    _ious(one, starts[0], other, starts[1], len(a), corners, *which, *scratch, out)
    return out


def overlaps(
    a: Sequence[ArrayLike | None], b: Sequence[ArrayLike | None], bounds: Bounds, rasteriser: Rasteriser
) -> NDArray[np.float64]:
    """Overlaps of pairs of regions.

    Args:
        a, b: n regions each, shape (4,) or (2k,), 0-based pixels; None: no region.
        bounds: (W, H): clips to columns 0 .. W (`vot-official`) or 0 .. W - 1 (`vot-toolkit`); None: does not clip.
        rasteriser: which rule draws the regions.

    Returns:
        Shape (n,): intersection over union in pixels, 0 .. 1.

    Raises:
        InputError: a and b differ in length.
        UnknownNameError: there is no such rasteriser.
    """
    rows = packed_overlaps(pack_regions(a), pack_regions(b), None if bounds is None else [bounds], rasteriser)
    return rows.reshape(-1)


def overlap(a: Region, b: Region, bounds: Bounds, rasteriser: Rasteriser) -> float:
    """Overlap of two regions; see `overlaps`. One pair at a time is for the kernel, which is ten times faster there."""
    bounded = None if bounds is None else [bounds]
    return float(_by_kernel(pack_regions([a]), pack_regions([b]), bounded, rasteriser)[0, 0])
