"""Runs compared with their ground truth: codes and rasterised overlaps, frame by frame."""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.raster import Bounds, PackedRegions, Rasteriser, joined
from siamfc_eval.metrics.scores import Runs
from siamfc_eval.protocols.trajectory import INITIALIZED, REGION, Trajectory, draw_together


class JoinedTruth:
    """The ground truth of many sequences as one list, which is drawn once for all trackers of the same sequences."""

    def __init__(self) -> None:
        self._sequences: tuple[Sequence, ...] = ()
        self._packed = joined([])

    def of(self, sequences: tuple[Sequence, ...]) -> PackedRegions:
        """That of some sequences; only the last list is at hand, as one that is drawn takes megabytes."""
        if sequences != self._sequences:
            self._sequences, self._packed = sequences, joined([sequence.packed for sequence in sequences])
        return self._packed


class ScoredRun(NamedTuple):
    """One run as far as both it and the ground truth go."""

    codes: NDArray[np.int8]
    """Shape (n,): the number of a `Code`, or REGION."""
    overlaps: NDArray[np.float64]
    """Shape (m, n): overlap with the ground truth under each of m bounds; 0 in frames without a region."""


def score_run(
    sequence: Sequence,
    run: Trajectory,
    rasteriser: Rasteriser,
    beyond: collections.abc.Sequence[int],
    size: tuple[int, int] | None,
) -> ScoredRun:
    """The overlaps of a run with the ground truth.

    Args:
        sequence: the ground truth.
        run: regions and codes.
        rasteriser: which rule draws the regions.
        beyond: for each bound how many columns and rows beyond the image count, ascending.
        size: (width, height) of the images; None: regions are not clipped.
    """
    overlaps = run.overlaps(sequence, rasteriser, tuple(image_bounds(rasteriser, size, more) for more in beyond))
    return ScoredRun(run.codes[: overlaps.shape[1]], overlaps)


def draw_runs(
    sequences: collections.abc.Sequence[Sequence],
    runs: collections.abc.Sequence[Runs],
    truth: JoinedTruth,
    *,
    rasteriser: Rasteriser,
    beyond: collections.abc.Sequence[int],
    sizes: Mapping[str, tuple[int, int]],
) -> None:
    """Draw the runs of some sequences together, so that `score_run` finds their overlaps there.

    Args:
        sequences: with ground truth.
        runs: of each sequence; those of another length are left to `score_run`.
        truth: the same object for all trackers.
        rasteriser, beyond: as for `score_run`.
        sizes: of the images by sequence; sequences without are left, too.
    """
    for repetition in range(max(map(len, runs), default=0)):
        alike = [
            (sequence, several[repetition])
            for sequence, several in zip(sequences, runs, strict=True)
            if len(several) > repetition and len(several[repetition]) == len(sequence) and sequence.name in sizes
        ]
        if alike:
            some, drawn = zip(*alike, strict=True)
            bounds = [tuple(image_bounds(rasteriser, sizes[one.name], more) for more in beyond) for one in some]
            draw_together(drawn, some, truth.of(some), rasteriser, bounds)


def image_bounds(rasteriser: Rasteriser, size: tuple[int, int] | None, beyond: int = 0) -> Bounds:
    """What a rasteriser clips to: `vot-official` names the last column that counts, `vot-toolkit` their number."""
    if size is None:
        return None
    more = beyond - (rasteriser == "vot-official")
    return (size[0] + more, size[1] + more)


def counted_frames(codes: NDArray[np.int8], burn_in: int) -> NDArray[np.bool_]:
    """Shape (n,): frames with a region that are not among the first `burn_in` of an initialisation."""
    counted: NDArray[np.bool_] = codes == REGION
    for start in np.flatnonzero(codes == INITIALIZED):
        counted[start : start + burn_in] = False
    return counted
