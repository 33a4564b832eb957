"""The kernel of one-pass evaluation: boxes and rules in, counts against thresholds out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.boxes import (
    centre_errors,
    centres,
    clip_boxes,
    normalised_centre_errors,
    overlaps,
)
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.metrics.curves import count_above, count_within
from siamfc_eval.metrics.ope_rules import OpeRules, Validity

Floats = NDArray[np.float64]
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
    first: Mask
    """Shape (n,): the first frame of a run."""
    given: Mask
    """Shape (n,): the result has a row for this frame; False where a short file was padded."""
    absent: Mask
    """Shape (n,): marked as without target."""
    group: NDArray[np.int64]
    """Shape (n,): the sequence, numbered from 0."""
    bounds: Floats
    """Shape (n, 2): width and height of the image; NaN where unknown."""
    origin: Floats
    """Shape (n,): what the coordinates add to 0-based ones."""


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
    """Shape (bins,): 0 to 1 as numpy's linspace has them, or as MATLAB's colon does (from both ends to the middle)."""
    if rules.grid == "linspace":
        return np.linspace(0.0, 1.0, rules.bins)
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
    boxes = mend_boxes(frames, rules)
    truth = frames.truth
    if rules.clip:
        boxes, truth = _clip(boxes, frames), _clip(truth, frames)
    overlap = np.where(_valid(truth, rules.valid_success), overlaps(boxes, truth), -1.0)
    error = centre_errors(boxes, truth)
    norm = normalised_centre_errors(boxes, truth)
    if rules.error_decimals is not None:
        error = np.round(error, rules.error_decimals)
    error = np.where(_valid(truth, rules.valid_precision), error, _outcome(rules.invalid_precision))
    with np.errstate(invalid="ignore", divide="ignore"):
        valid_norm = (
            np.asarray((centres(truth) / truth[:, 2:] > 0).all(axis=1))
            if rules.valid_norm == "centre"
            else _valid(truth, rules.valid_norm)
        )
    norm = np.where(valid_norm, norm, _outcome(rules.invalid_norm))
    scored = _scored(frames, rules)
    if rules.absent == "fail":
        overlap, error, norm = (np.where(frames.absent, np.nan, values) for values in (overlap, error, norm))
    counted = scored & _valid(truth, rules.valid_success) if rules.denominator == "valid" else scored
    if not scored.all():
        overlap, error, norm, group = overlap[scored], error[scored], norm[scored], frames.group[scored]
    else:
        group = frames.group
    return Counts(
        count_above(overlap, success_thresholds(rules), group, groups),
        count_within(error, PRECISION_THRESHOLDS, group, groups),
        count_within(norm, NORM_THRESHOLDS, group, groups),
        np.bincount(group, weights=np.where(overlap > 0, overlap, 0.0), minlength=groups).astype(np.float64),
        np.bincount(frames.group[counted], minlength=groups).astype(np.float64),
    )


def bad_boxes(boxes: Boxes, rules: OpeRules) -> Mask:
    """Shape (n,): boxes that the rules replace by the previous one."""
    if rules.bad_prediction == "previous":
        return np.asarray(~((boxes[:, 2] > 0) & (boxes[:, 3] > 0)) | np.isnan(boxes[:, :2]).any(axis=1))
    if rules.bad_prediction == "refuse-or-previous":
        return np.asarray((boxes[:, 2:] == 0).any(axis=1))
    return np.zeros(len(boxes), dtype=np.bool_)


def mend_boxes(frames: Frames, rules: OpeRules) -> Boxes:
    """The boxes after the rules on bad predictions and on the first frame, shape (n, 4).

    A first box cannot take a previous one, and no frame without ground truth does: it would not matter, except that the
    next frame would inherit it.
    """
    boxes = frames.boxes
    bad = bad_boxes(boxes, rules)
    if bad.any():
        bad &= frames.given & ~frames.first & ~np.isnan(frames.truth).any(axis=1)
        rows = np.arange(len(boxes))
        boxes = boxes[np.maximum.accumulate(np.where(bad, 0, rows))]
    if rules.first_frame == "ground-truth":
        boxes = np.where(frames.first[:, None], frames.truth, boxes)
    return boxes


def _scored(frames: Frames, rules: OpeRules) -> Mask:
    """Shape (n,): the frames that are neither dropped nor excluded."""
    scored = np.ones(len(frames.boxes), dtype=np.bool_)
    if rules.first_frame == "drop":
        scored &= ~frames.first
    if rules.unannotated == "exclude":
        scored &= ~np.isnan(frames.truth).any(axis=1)
    if rules.absent == "exclude":
        scored &= ~frames.absent
    return scored


def _valid(truth: Boxes, validity: Validity) -> Mask:
    if validity == "any":
        return np.ones(len(truth), dtype=np.bool_)
    if validity == "size":
        return np.asarray((truth[:, 2:] > 0).all(axis=1))
    if validity == "centre":
        return np.asarray((centres(truth) > 0).all(axis=1))
    return np.asarray((truth > 0).all(axis=1))


def _outcome(invalid: str) -> float:
    """An error that is within every threshold, or within none."""
    return -1.0 if invalid == "hit" else np.inf


def _clip(boxes: Boxes, frames: Frames) -> Boxes:
    """Boxes cut to the image where its size is known, in the coordinates of the data set."""
    shift = np.stack(
        [frames.origin, frames.origin, np.zeros_like(frames.origin), np.zeros_like(frames.origin)], axis=-1
    )
    cut = clip_boxes(boxes - shift, frames.bounds[:, 0], frames.bounds[:, 1]) + shift
    unknown = np.asarray(np.isnan(frames.bounds).any(axis=1))
    return np.where(unknown[:, None], boxes, cut)
