"""What a tracker did on one sequence, frame by frame, and the moments that are worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.geometry.regions import Boxes, Region
from siamfc_eval.protocols.trajectory import FAILED, INITIALIZED, Code, Trajectory
from siamfc_eval.results.response_maps import ResponseMaps

_CHANGE = 1.0
"""A leap: the centre moves by more than this part of the target's own size from one frame to the next ..."""
_STILL = 0.5
"""... while the target itself moves by less than this part of it."""
_LOST = 0.1
"""Overlap up to which the answer of a leap counts as another object."""

Kind = Literal["failure", "leap", "lowest overlap"]


class Moment(NamedTuple):
    """A frame worth a look."""

    frame: int
    """0-based frame of the sequence."""
    kind: Kind
    overlap: float
    """With the ground truth in that frame; NaN where one of the two is missing."""


@dataclass(frozen=True, eq=False)
class Timeline:
    """One run of one tracker over one sequence; every array has one entry for each frame of the sequence."""

    tracker: str
    sequence: Sequence
    regions: tuple[Region | None, ...]
    """0-based pixels; the ground truth's region where the tracker was initialised; None where there is no answer."""
    codes: NDArray[np.int8]
    """Shape (n,): the number of the `Code` of each frame; `REGION` for an answer, `Code.SKIPPED` where the run does not
    reach."""
    boxes: Boxes
    """Shape (n, 4): bounding boxes of the tracker's own answers; NaN rows where there is none."""
    confidences: NDArray[np.float64] | None
    """Shape (n,): the tracker's own scores; None where no file has them."""
    maps: ResponseMaps | None = None
    """Its response maps; None where none were recorded."""

    @cached_property
    def overlaps(self) -> NDArray[np.float64]:
        """Shape (n,): intersection over union of the bounding boxes, 0 in a failed frame, NaN where one is missing.

        It is here to be looked at, alike for all benchmarks; scores are computed by the rules of a convention.
        """
        found = overlaps(self.boxes, self.sequence.boxes)
        found[self.codes == FAILED] = 0.0
        return found

    @cached_property
    def failures(self) -> tuple[int, ...]:
        """Frames in which the target is lost.

        Of a run with re-initialisations the frames that it recorded as failures; of any other the first frame of each
        stretch without overlap.
        """
        if (self.codes == FAILED).any() or (self.codes[1:] == INITIALIZED).any():
            return tuple(np.flatnonzero(self.codes == FAILED).tolist())
        lost = self.overlaps <= 0.0
        begins = lost & ~np.concatenate([[False], lost[:-1]])
        return tuple(np.flatnonzero(begins).tolist())

    @cached_property
    def leaps(self) -> tuple[int, ...]:
        """Frames in which the answer leaves the target at once, by more than its size, as trackers do that take
        something else for it."""
        with np.errstate(invalid="ignore", divide="ignore"):
            moved = _steps(self.boxes)
            leaping = (moved > _CHANGE) & (_steps(self.sequence.boxes) < _STILL) & (self.overlaps <= _LOST)
            before = np.concatenate([[np.nan], self.overlaps[:-1]])
        return tuple(np.flatnonzero(leaping & (before > _LOST)).tolist())

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """Shape (n,): from the centre of the answer to that of the ground truth, in units of the target's size."""
        centres = (
            self.boxes[:, :2] + self.boxes[:, 2:] / 2.0 - self.sequence.boxes[:, :2] - self.sequence.boxes[:, 2:] / 2.0
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.sqrt(self.sequence.boxes[:, 2] * self.sequence.boxes[:, 3])
            return np.asarray(np.linalg.norm(centres, axis=1) / size)

    def moments(self, most: int = 3) -> tuple[Moment, ...]:
        """The worst moments in the order of their frames: first failure, first leap, lowest overlap before them.

        Args:
            most: so many at most; the ones named first are preferred.
        """
        found: dict[int, Moment] = {}
        end = len(self.overlaps)
        if self.failures:
            end = self.failures[0]
            found[end] = Moment(end, "failure", float(self.overlaps[end]))
        if self.leaps:
            found.setdefault(self.leaps[0], Moment(self.leaps[0], "leap", float(self.overlaps[self.leaps[0]])))
        before = self.overlaps[1:end]
        if np.isfinite(before).any():
            lowest = 1 + int(np.nanargmin(before))
            found.setdefault(lowest, Moment(lowest, "lowest overlap", float(self.overlaps[lowest])))
        return tuple(sorted(list(found.values())[:most]))


def timeline(tracker: str, run: Trajectory, sequence: Sequence, frames: range | None = None) -> Timeline:
    """A run, laid along the frames of its sequence.

    Args:
        tracker: its name.
        run: may start later than the sequence (TRE, multi-start) or end earlier.
        sequence: what it ran on.
        frames: frame of the sequence for each entry of the run; None: one after the other from where the run starts.
    """
    length = len(sequence)
    at = np.asarray(frames if frames is not None else range(run.start_in(sequence), length), dtype=np.intp)[: len(run)]
    codes = np.full(length, int(Code.SKIPPED), dtype=np.int8)
    codes[at] = run.codes[: len(at)]
    boxes = np.full((length, 4), np.nan)
    boxes[at] = run.boxes()[: len(at)]
    regions: list[Region | None] = [None] * length
    for frame, entry in zip(at.tolist(), run.entries, strict=False):
        if not isinstance(entry, Code):
            regions[frame] = entry if np.isfinite(entry).all() else None
        elif entry == Code.INITIALIZED:
            regions[frame] = sequence.ground_truth[frame]
    confidences = None
    if run.confidences is not None:
        confidences = np.full(length, np.nan)
        confidences[at] = run.confidences[: len(at)]
    return Timeline(tracker, sequence, tuple(regions), codes, boxes, confidences)


def _steps(boxes: Boxes) -> NDArray[np.float64]:
    """How far the centre of each box is from the one before it, in units of that one's size; NaN for the first."""
    centres = boxes[:, :2] + boxes[:, 2:] / 2.0
    size = np.sqrt(boxes[:-1, 2] * boxes[:-1, 3])
    return np.concatenate([[np.nan], np.linalg.norm(np.diff(centres, axis=0), axis=1) / size])
