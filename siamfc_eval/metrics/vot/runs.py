"""Runs beside their ground truth: codes and rasterised overlaps, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence as Many
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.raster import PackedRegions, Rasteriser, pack_regions, packed_overlaps
from siamfc_eval.protocols.trajectory import INITIALIZED, Code, Trajectory
from siamfc_eval.results.raw import RecordedTrajectory

REGION = -1
"""In `ScoredRun.codes`: the frame has a region."""

_truth: WeakKeyDictionary[Sequence, PackedRegions] = WeakKeyDictionary()
_scored: WeakKeyDictionary[Trajectory, dict[tuple[Any, ...], ScoredRun]] = WeakKeyDictionary()
# Tags, and one convention after the other in `explain`, ask for the same overlaps; drawing them is most of the work.


class ScoredRun(NamedTuple):
    """One run as far as both it and the ground truth go."""

    codes: NDArray[np.int8]
    """Shape (n,): the number of a `Code`, or REGION."""
    overlaps: NDArray[np.float64]
    """Shape (m, n): overlap with the ground truth under each of m bounds; 0 in frames without a region."""


def run_codes(run: Trajectory) -> NDArray[np.int8]:
    """Shape (n,): the number of the code of each frame, or REGION."""
    if isinstance(run, RecordedTrajectory):
        return run.codes
    codes = [int(entry) if isinstance(entry, Code) else REGION for entry in run.entries]
    return np.array(codes, dtype=np.int8)


def pack_run(run: Trajectory) -> PackedRegions:
    """The regions of a run, 0-based, as kernels read them; codes are empty regions."""
    if isinstance(run, RecordedTrajectory) and not run.rows.polygons:
        # A code is a row of NaN here, which overlaps nothing.
        boxes = np.ascontiguousarray(run.boxes(0.0), dtype=np.float64)
        return PackedRegions(boxes.reshape(-1), 4 * np.arange(len(boxes) + 1))
    return pack_regions([None if isinstance(entry, Code) else entry for entry in run.entries])


def packed_truth(sequence: Sequence) -> PackedRegions:
    """The ground truth as published, packed once for all trackers."""
    packed = _truth.get(sequence)
    if packed is None:
        packed = _truth[sequence] = pack_regions(sequence.ground_truth)
    return packed


def score_run(
    sequence: Sequence, run: Trajectory, rasteriser: Rasteriser, beyond: Many[int], size: tuple[int, int] | None
) -> ScoredRun:
    """The overlaps of a run with the ground truth; computed once while the run is in memory.

    Args:
        sequence: the ground truth.
        run: regions and codes.
        rasteriser: which rule draws the regions.
        beyond: for each bound how many columns and rows beyond the image count, ascending.
        size: (width, height) of the images; None: regions are not clipped.
    """
    key = (sequence, rasteriser, tuple(beyond), size)
    known = _scored.setdefault(run, {})
    if key not in known:
        known[key] = _score(sequence, run, rasteriser, beyond, size)
    return known[key]


def _score(
    sequence: Sequence, run: Trajectory, rasteriser: Rasteriser, beyond: Many[int], size: tuple[int, int] | None
) -> ScoredRun:
    regions, truth, codes = pack_run(run), packed_truth(sequence), run_codes(run)
    frames = min(len(regions), len(truth))
    bounds = None
    if size is not None:
        # `vot-official` bounds name the last column that counts, `vot-toolkit` bounds their number.
        width, height = size
        base = -1 if rasteriser == "vot-official" else 0
        bounds = [(width + base + more, height + base + more) for more in beyond]
    overlaps = packed_overlaps(regions.head(frames), truth.head(frames), bounds, rasteriser)
    if bounds is None:
        overlaps = np.repeat(overlaps, len(beyond), axis=0)
    overlaps[:, codes[:frames] != REGION] = 0.0
    return ScoredRun(codes[:frames], overlaps)


def counted_frames(codes: NDArray[np.int8], burn_in: int) -> NDArray[np.bool_]:
    """Shape (n,): frames with a region that are not among the first `burn_in` of an initialisation."""
    counted: NDArray[np.bool_] = codes == REGION
    for start in np.flatnonzero(codes == INITIALIZED):
        counted[start : start + burn_in] = False
    return counted
