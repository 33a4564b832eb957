"""Compiled kernel behind `siamfc_eval.metrics.vot.fragments`.

Importing this module imports numba, which only a kernel that is called needs.
"""

# ruff: noqa: PLR0917 -- a kernel is called by position.
from __future__ import annotations

from siamfc_eval.compiled import Pointer


def add_fragments(
    overlaps: Pointer,
    bounds: Pointer,
    fragments: int,
    weights: Pointer,
    tags: int,
    length: int,
    parts: int,
    means: Pointer,
    rows: Pointer,
    width: int,
) -> int:
    """Add what fragments contribute to the EAO curve of each tag.

    Args:
        overlaps: of the run.
        bounds: shape (fragments, 3): first frame, one after the last (at most `length` later, never before the first),
            whether zeros follow.
        fragments: how many there are.
        weights: shape (tags, fragments).
        tags: how many there are.
        length: of a part of a row, L.
        parts: 2 or 3.
        means: shape (length,), room for one fragment's running means.
        rows: shape (tags, width), changed.
        width: of a row, at least parts * length.

    Returns:
        The number of fragments.
    """
    for fragment in range(fragments):
        start, padded = bounds[3 * fragment], bounds[3 * fragment + 2]
        extent = bounds[3 * fragment + 1] - start
        reach = length if padded else extent
        total = 0.0
        for step in range(1, reach):
            if step < extent:
                total += overlaps[start + step]
            means[step] = total / step
        for tag in range(tags):
            weight, row = weights[tag * fragments + fragment], tag * width
            if weight == 0.0:
                continue
            for step in range(1, reach):
                rows[row + step] += weight * means[step]
            for step in range(reach):
                rows[row + length + step] += weight
            if parts == 3:
                for step in range(extent):
                    rows[row + 2 * length + step] += weight
    return fragments
