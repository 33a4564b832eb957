"""Which of the benchmarks count pixels from 1."""

from __future__ import annotations

_MATLAB = frozenset({"otb", "uav", "lasot", "tcolor128", "dtb70"})
"""Annotated and evaluated with MATLAB code of the OTB line, which draws a box at a pixel (x, y) counted from 1; LaSOT's
own empty boxes are (1, 1, 0, 0). NfS and TrackingNet have boxes that start at 0; GOT-10k's and VOT's toolkits hand the
numbers to trackers as they are, so theirs count as 0-based."""


def published_origin(family: str) -> float:
    """What a benchmark's own files add to 0-based coordinates: 1 or 0.

    Args:
        family: as in `known.KnownDataset.family`.
    """
    return 1.0 if family in _MATLAB else 0.0
