"""The kernel of one-pass evaluation: boxes and rules in, counts against thresholds out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.boxes import centres, clip_boxes, compare_boxes, normalised_centres
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.metrics.curves import count_above, count_within
from siamfc_eval.metrics.ope.rules import Invalid, OpeRules, Validity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

PRECISION_THRESHOLDS = np.arange(51, dtype=np.float64)
"""Pixels."""
NORM_THRESHOLDS = np.arange(51, dtype=np.float64) / 100
"""In units of the ground truth's width and height."""


class Frames(NamedTuple):
    """Frames of one or many runs, one after another; coordinates are the data set's own."""

    boxes: Boxes
    """Shape (n, 4): the tracker's."""
    truth: Boxes
    """Shape (n, 4)."""
    starts: Ints
    """Shape (runs,): the first frame of each run, as an index into the n."""
    group: Ints
    """Shape (n,): the sequence, numbered from 0."""
    padded: Mask | None = None
    """Shape (n,): the result has no row for this frame, as its file was short; None: no file was."""
    absent: Mask | None = None
    """Shape (n,): marked as without target; None: none is."""
    image: Floats | None = None
    """Shape (n, 3): width and height of the image and the origin of the coordinates, NaN where unknown; None: nowhere
    known."""
    scratch: bool = False
    """The boxes are nobody else's: the rules may be applied in place."""


class Counts(NamedTuple):
    """What each sequence contributes; every array has a row for each sequence."""

    success: Floats
    """Shape (groups, bins): frames with overlap > threshold."""
    precision: Floats
    """Shape (groups, 51): frames with centre error <= threshold."""
    norm_precision: Floats
    """Shape (groups, 51): frames with normalised centre error <= threshold."""
    overlap: Floats
    """Shape (groups,): sum of the overlaps; invalid and missing ones count 0."""
    frames: Floats
    """Shape (groups,): the denominator."""


def success_thresholds(rules: OpeRules) -> Floats:
    """Shape (bins,): 0 to 1 as numpy's linspace has them, as MATLAB's colon does (from both ends to the middle), or as
    quotients."""
    if rules.grid == "linspace":
        return np.linspace(0.0, 1.0, rules.bins)
    if rules.grid == "quotients":
        return np.arange(rules.bins) / (rules.bins - 1)
    step = 1.0 / (rules.bins - 1)
    index = np.arange(rules.bins, dtype=np.float64)
    return np.where(index <= (rules.bins - 1) / 2, index * step, 1.0 - (rules.bins - 1 - index) * step)


def ope_counts(frames: Frames, rules: OpeRules, groups: int) -> Counts:
    """Count the frames of each sequence against all thresholds.

    Args:
        frames: all runs of all sequences.
        rules: the convention.
        groups: number of sequences.
    """
    boxes, truth = mend_boxes(frames, rules), frames.truth
    if rules.clip:
        boxes, truth = _clip(boxes, frames), _clip(truth, frames)
    overlap, error, norm = compare_boxes(boxes, truth, last_pixels=rules.edges == "last-pixels")
    if rules.error_decimals is not None:
        error = np.round(error, rules.error_decimals)
    valid = _valid(truth, rules.valid_success)
    if valid is not None:
        overlap[~valid] = -1.0
    _settle(error, _valid(truth, rules.valid_precision), rules.invalid_precision)
    of_norm = (
        _both_positive(normalised_centres(truth, truth))
        if rules.valid_norm == "centre"
        else _valid(truth, rules.valid_norm)
    )
    _settle(norm, of_norm, rules.invalid_norm)
    if rules.absent == "fail" and frames.absent is not None:
        for values in (overlap, error, norm):
            values[frames.absent] = np.nan
        valid = ~frames.absent if valid is None else valid & ~frames.absent
    group = counted = frames.group
    scored = _scored(frames, rules)
    if scored is not None:
        overlap, error, norm, group = overlap[scored], error[scored], norm[scored], group[scored]
        counted, valid = group, None if valid is None else valid[scored]
    if rules.denominator == "valid" and valid is not None:
        counted = group[valid]
    return Counts(
        count_above(overlap, success_thresholds(rules), group, groups),
        count_within(error, PRECISION_THRESHOLDS, group, groups),
        count_within(norm, NORM_THRESHOLDS, group, groups),
        np.bincount(group, weights=np.where(overlap > 0, overlap, 0.0), minlength=groups).astype(np.float64),
        np.bincount(counted, minlength=groups).astype(np.float64),
    )


def bad_boxes(boxes: Boxes, rules: OpeRules) -> Mask | None:
    """Shape (n,): boxes that the rules replace by the previous one; None: no rule does."""
    x, y, w, h = boxes.T
    if rules.bad_prediction == "previous":
        return np.asarray(~((w > 0) & (h > 0)) | np.isnan(x + y))
    if rules.bad_prediction == "refuse-or-previous":
        return np.asarray((w == 0) | (h == 0))
    return None


def mend_boxes(frames: Frames, rules: OpeRules) -> Boxes:
    """The boxes after the rules on bad predictions and on the first frame, shape (n, 4).

    A first box cannot take a previous one, and no frame without ground truth does: it would not matter, except that the
    next frame would inherit it.
    """
    boxes, own = frames.boxes, frames.scratch
    bad = bad_boxes(boxes, rules)
    if bad is not None and bad.any():
        bad &= annotated(frames.truth)
        bad[frames.starts] = False
        if frames.padded is not None:
            bad &= ~frames.padded
        boxes, own = boxes[np.maximum.accumulate(np.where(bad, 0, np.arange(len(boxes))))], True
    if rules.first_frame == "ground-truth":
        boxes = boxes if own else boxes.copy()
        boxes[frames.starts] = frames.truth[frames.starts]
    return boxes


def annotated(truth: Boxes) -> Mask:
    """Shape (n,): frames whose ground truth is not NaN."""
    x, y, w, h = truth.T
    return np.asarray(~np.isnan(x + y + w + h))


def _scored(frames: Frames, rules: OpeRules) -> Mask | None:
    """Shape (n,): the frames that are neither dropped nor excluded; None: all."""
    scored = np.ones(len(frames.boxes), dtype=np.bool_)
    if rules.first_frame == "drop":
        scored[frames.starts] = False
    if rules.unannotated == "exclude":
        scored &= annotated(frames.truth)
    if rules.absent == "exclude" and frames.absent is not None:
        scored &= ~frames.absent
    return None if scored.all() else scored


def _valid(truth: Boxes, validity: Validity) -> Mask | None:
    """Shape (n,): frames with valid ground truth; None: all."""
    if validity == "any":
        return None
    x, y, w, h = truth.T
    if validity == "centre":
        return _both_positive(centres(truth))
    size = _both_positive((w, h))
    return size if validity == "size" else size & _both_positive((x, y))


def _both_positive(pair: tuple[Floats, Floats]) -> Mask:
    return np.asarray((pair[0] > 0) & (pair[1] > 0))


def _settle(errors: Floats, valid: Mask | None, outcome: Invalid) -> None:
    """Where ground truth is not valid, make errors that are within every threshold, or within none."""
    if valid is not None:
        errors[~valid] = -1.0 if outcome == "hit" else np.inf


def _clip(boxes: Boxes, frames: Frames) -> Boxes:
    """Boxes cut to the image where its size is known, in the coordinates of the data set."""
    if frames.image is None:
        return boxes
    width, height, origin = frames.image.T
    shift = origin[:, None] * np.array([1.0, 1.0, 0.0, 0.0])
    cut = clip_boxes(boxes - shift, width, height) + shift
    return np.where(np.isnan(width)[:, None], boxes, cut)
