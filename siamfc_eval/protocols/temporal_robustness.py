"""OTB's temporal robustness evaluation (TRE): the same run from many starting frames."""

from __future__ import annotations

import math

import numpy as np

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Steps
from siamfc_eval.protocols.initial import initial_region
from siamfc_eval.protocols.span import span_of_boxes

SEGMENTS = 20
KEEP = 20
"""Frames that the last segment has at least."""


def tre_starts(sequence: Sequence, segments: int = SEGMENTS, keep: int = KEEP) -> tuple[int, ...]:
    """The frames from which TRE starts a tracker.

    Frames count that are neither in the sequence's `init_omit` nor have a value <= 0 (or NaN) in their published box.
    Of these, e is the last one with `keep` frames from it to the end, and the starts are the ones numbered
    floor(1 : e / (segments - 1) : e), and e.

    Returns:
        0-based frame indices, ascending; fewer than `segments` where the sequence is too short for different ones.

    Source: `splitSeqTRE.m` of the OTB toolkit; equal to the starts in IVT's published TRE results.
    """
    allowed = np.array((sequence.published_boxes > 0).all(axis=1))
    allowed[: sequence.lead_in] = False
    for first, last in sequence.init_omit:
        allowed[max(first - 1, 0) : last] = False
    candidates = np.flatnonzero(allowed)
    long_enough = int(np.count_nonzero(len(sequence) - candidates >= keep))
    if long_enough == 0:
        return (int(candidates[0]),) if len(candidates) else ()
    step = long_enough / (segments - 1)
    numbers = [math.floor(1 + index * step) for index in range(segments - 1)]
    chosen = [candidates[min(number, long_enough) - 1] for number in [*numbers, long_enough]]
    return tuple(int(frame) for frame in np.unique(chosen))


def tre(sequence: Sequence, start: int, polygons: bool = False) -> Steps:
    """One segment: one pass from frame `start` (0-based) to the end; its first entry is the ground truth's box."""
    region = initial_region(sequence, start, polygons)
    return (yield from span_of_boxes(range(start, len(sequence)), region))
