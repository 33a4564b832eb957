"""The content of one result file, as arrays, in the file's own coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Boxes, Region, bounding_box, is_polygon
from siamfc_eval.protocols.trajectory import REGION, Code, Entry


@dataclass(frozen=True, eq=False)
class Rows:
    """One entry per frame: a rectangle, a polygon or a code, exactly as the file has it (no origin is subtracted)."""

    boxes: Boxes
    """Shape (n, 4): x, y, w, h; the bounding box of a polygon; NaN for a code and where the file says NaN."""
    codes: NDArray[np.int8]
    """Shape (n,): `REGION` or the number of a `Code`."""
    polygons: Mapping[int, Region] = field(default_factory=dict)
    """Row -> polygon x0, y0, x1, y1, ..., for the rows that hold one."""

    def __len__(self) -> int:
        return len(self.boxes)

    def entries(self, origin: float = 0.0) -> tuple[Entry, ...]:
        """The rows as regions and codes.

        Args:
            origin: what the file adds to 0-based coordinates; it is subtracted.
        """
        shift = np.array([origin, origin, 0.0, 0.0])
        boxes = self.boxes - shift
        entries: list[Entry] = [
            Code(code) if code != REGION else boxes[i] for i, code in enumerate(self.codes.tolist())
        ]
        for row, polygon in self.polygons.items():
            entries[row] = polygon - origin
        return tuple(entries)

    def head(self) -> Rows:
        """The first row alone."""
        return Rows(self.boxes[:1], self.codes[:1], {0: self.polygons[0]} if 0 in self.polygons else {})

    def boxes_at(self, origin: float, wanted: float) -> Boxes:
        """The boxes in coordinates with `wanted` added to 0-based, given that the file adds `origin`; shape (n, 4)."""
        return self.boxes if origin == wanted else self.moved(wanted - origin).boxes

    def moved(self, shift: float) -> Rows:
        """The same rows with `shift` added to x and y; the rows themselves where that is 0."""
        if shift == 0:
            return self
        polygons = {row: polygon + shift for row, polygon in self.polygons.items()}
        return Rows(self.boxes + np.array([shift, shift, 0.0, 0.0]), self.codes, polygons)

    @cached_property
    def has_codes(self) -> bool:
        """True if any row is a code: the file is of a VOT protocol."""
        return bool((self.codes != REGION).any())


def plain_boxes(boxes: Boxes) -> Rows:
    """Rows of rectangles only, shape (n, 4)."""
    return Rows(boxes, np.full(len(boxes), REGION, dtype=np.int8))


def rows_of(entries: Iterable[Entry], origin: float = 0.0) -> Rows:
    """Rows from regions and codes in 0-based coordinates.

    Args:
        entries: rectangles, polygons and codes.
        origin: what the file adds to 0-based coordinates.
    """
    boxes: list[NDArray[np.float64]] = []
    codes: list[int] = []
    polygons: dict[int, Region] = {}
    nothing = np.full(4, np.nan)
    shift = np.array([origin, origin, 0.0, 0.0])
    for row, entry in enumerate(entries):
        if isinstance(entry, Code):
            boxes.append(nothing)
            codes.append(int(entry))
            continue
        codes.append(REGION)
        if is_polygon(entry):
            polygons[row] = np.asarray(entry, dtype=np.float64) + origin
            boxes.append(bounding_box(polygons[row]))
        else:
            boxes.append(np.asarray(entry, dtype=np.float64) + shift)
    return Rows(np.array(boxes, dtype=np.float64).reshape(-1, 4), np.array(codes, dtype=np.int8), polygons)
