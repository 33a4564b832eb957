"""What a region is, everywhere inside this package.

A region is a one-dimensional float64 array: 4 values are an axis-aligned rectangle (x, y, w, h); 6 or more (an even
number) are a polygon (x0, y0, x1, y1, ...). Coordinates are pixels, 0-based, (x, y) the top-left corner of the
rectangle. Readers, writers and adapters convert to and from other conventions; nothing else does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Region = NDArray[np.float64]
"""Shape (4,): x, y, w, h. Shape (2k,) with k >= 3: polygon x0, y0, x1, y1, ..."""

Box = NDArray[np.float64]
"""Shape (4,): x, y, w, h."""

Boxes = NDArray[np.float64]
"""Shape (n, 4): x, y, w, h in each row; a row of NaN is 'not annotated' or 'no answer'."""


def is_polygon(region: Region) -> bool:
    """True for a polygon, False for a rectangle."""
    return region.size > 4


def bounding_box(region: ArrayLike) -> Box:
    """The axis-aligned bounding box of a region.

    Args:
        region: shape (4,), returned as it is, or (2k,), pixels.

    Returns:
        Shape (4,): x, y, w, h.
    """
    values = np.asarray(region, dtype=np.float64)
    if not is_polygon(values):
        return values
    points = values.reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.concatenate([low, high - low])


def bounding_boxes(regions: Sequence[Region]) -> Boxes:
    """`bounding_box` of many regions at once, shape (n, 4)."""
    boxes = np.empty((len(regions), 4))
    sizes = [region.size for region in regions]
    for size in set(sizes):
        alike = [region for region in regions if region.size == size]
        values = np.concatenate(alike, dtype=np.float64).reshape(-1, size)
        if size > 4:
            points = np.ascontiguousarray(values.T).reshape(-1, 2, len(alike))  # far faster than rows of points
            low = points.min(axis=0)
            values = np.concatenate([low, points.max(axis=0) - low]).T
        boxes[slice(None) if len(alike) == len(regions) else np.equal(sizes, size)] = values
    return boxes
