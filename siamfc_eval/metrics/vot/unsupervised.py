"""The unsupervised (no-reset) VOT protocol as a measure: average overlap, per tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.raster import Rasteriser
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import AVERAGE_OVERLAP
from siamfc_eval.metrics.scores import CurveAxis, Measure, Metric, Mismatch, Runs, refuse_length
from siamfc_eval.metrics.vot.runs import score_run
from siamfc_eval.metrics.vot.tags import TagTable
from siamfc_eval.metrics.vot.years import image_sizes
from siamfc_eval.plain_text import counted, one_is
from siamfc_eval.protocols.trajectory import Trajectory

Floats = NDArray[np.float64]

THRESHOLDS = np.linspace(0.0, 1.0, 100)
"""Overlap thresholds of the success curve, as in both toolkits."""


@dataclass(frozen=True)
class UnsupervisedRules:
    """The rules of one convention for the unsupervised protocol."""

    rasteriser: Rasteriser = field(metadata={"effect": "the rasteriser"})
    """Which rule turns regions into pixels."""
    burn_in: int = field(metadata={"effect": "burn-in"})
    """Frames from the initialisation on that are left out; with 0 the initialisation frame counts as overlap 0."""
    pooling: Literal["frames", "sequences"] = field(metadata={"effect": "pooling over frames or over sequences"})
    """The mean over all frames, or the mean over sequences weighted by length."""
    no_answer: Literal["fails", "excluded"] = field(
        default="fails", metadata={"effect": "frames without an answer or without ground truth"}
    )
    """A frame overlaps nothing where the tracker gave no region (a code or NaN) or there is no ground truth, or it does
    not count."""
    bounds: Literal["image", "beyond"] = field(default="image", metadata={"effect": "the image border"})
    """Regions are clipped to the image, or to one more column and row."""
    other_length: Literal["pad", "cut", "raise"] = field(default="pad", metadata={"effect": "files of another length"})
    """Missing frames overlap nothing, frames count as far as both go, or the run is refused."""


@dataclass(frozen=True)
class UnsupervisedMeasure:
    """Average overlap and success under one set of rules.

    A row of statistics is [overlap sum, its weight, success curve (100)]. Repetitions are averaged.
    """

    convention: str
    rules: UnsupervisedRules
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> (width, height); regions of other sequences are not clipped."""
    protocol: str = "unsupervised"
    policy: Mismatch = "convention"
    metrics: tuple[Metric, ...] = (AVERAGE_OVERLAP,)
    """Average overlap."""

    @property
    def curves(self) -> tuple[CurveAxis, ...]:
        """Success by overlap threshold."""
        key = AVERAGE_OVERLAP.key
        return (CurveAxis("success", "Success", THRESHOLDS, "Overlap threshold", "Success rate", key),)

    @property
    def pins(self) -> Mapping[str, str]:
        """The burn-in, and the policy on lengths if the user chose one."""
        pins = {"burnin": str(self.rules.burn_in)}
        return {**pins, "len": self.policy} if self.policy in {"pad", "truncate"} else pins

    def relaxed(self, policy: Mismatch) -> Measure:
        """These rules, but runs of another length are refused, padded with frames that overlap nothing, or cut."""
        if policy == "convention":
            return self
        lengths: dict[Mismatch, Literal["pad", "cut", "raise"]] = {"strict": "raise", "pad": "pad", "truncate": "cut"}
        return replace(self, rules=replace(self.rules, other_length=lengths[policy]), policy=policy)

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """See `Strict.check`."""
        rows, frames = len(run), len(sequence)
        if rows == frames:
            return ""
        if self.rules.other_length == "raise" or rows == 0:
            raise refuse_length(rows, frames, sequence.name, self.convention, self.policy)
        said = f"{counted(rows, 'line')} for {counted(frames, 'frame')}, so the last "
        done = f", as {self.convention} does it" if self.policy == "convention" else ""
        if rows > frames:
            return f"{said}{one_is(rows - frames, 'line')} not scored{done}"
        if self.rules.other_length == "pad":
            return f"{said}{one_is(frames - rows, 'frame')} taken to overlap nothing{done}"
        return f"{said}{one_is(frames - rows, 'frame')} not scored{done}"

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`; shape (102,)."""
        return self._row(sequence, runs, np.ones(len(sequence)))

    def tag_statistics(self, sequence: Sequence, runs: Runs) -> Mapping[str, Floats]:
        """Rows over the frames with a tag: "all", VOT's tags and "empty"."""
        tags = self._tags[sequence]
        rows = (self._row(sequence, runs, marks) for marks in tags.marks)
        return dict.fromkeys(tags.absent, np.zeros(2 + len(THRESHOLDS))) | dict(zip(tags.present, rows, strict=True))

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return {AVERAGE_OVERLAP.key: statistics[..., 0] / statistics[..., 1]}

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"success": statistics[..., 2:] / statistics[..., 1:2]}

    @cached_property
    def _tags(self) -> TagTable:
        return TagTable()

    def _row(self, sequence: Sequence, runs: Runs, tag: Floats) -> Floats:
        row = np.zeros(2 + len(THRESHOLDS))
        for run in runs:
            size = self.image_sizes.get(sequence.name)
            scored = score_run(sequence, run, self.rules.rasteriser, (int(self.rules.bounds == "beyond"),), size)
            counted = np.ones(len(sequence), dtype=np.bool_)
            counted[: self.rules.burn_in] = False
            if self.rules.other_length == "cut":
                counted[len(scored.codes) :] = False
            if self.rules.no_answer == "excluded":
                here = len(scored.codes)
                answered = ~np.isnan(run.boxes()[:here]).any(axis=1)
                counted[:here] &= answered & ~np.isnan(sequence.boxes[:here]).any(axis=1)
            overlaps = np.zeros(len(sequence))
            overlaps[: len(scored.codes)] = scored.overlaps[0]
            used = overlaps[counted & (tag > 0)]
            if not len(used):
                if self.rules.pooling == "sequences":  # its mean is taken to be 0
                    row[1] += tag.sum() / len(runs)
                continue
            sums = np.array([used.sum(), len(used), *(used[:, None] > THRESHOLDS).sum(axis=0)])
            scale = tag.sum() / len(used) if self.rules.pooling == "sequences" else 1.0
            row += sums * scale / len(runs)
        return row


def unsupervised_measure(convention: Convention, dataset: Dataset) -> UnsupervisedMeasure:
    """The measure of a convention for a data set."""
    rules = convention.rules_on(dataset.name)
    return UnsupervisedMeasure(convention.name, rules, image_sizes(dataset), convention.protocol)
