"""Long-term tracking (VOT2018-LT) as a measure: tracking precision, recall and F-score.

At a confidence threshold, precision is the mean overlap of the frames in which the tracker reports a region with at
least that confidence, recall is the sum of their overlaps by the frames in which the target is visible. Both are
averaged over sequences; F is their harmonic mean, and scores are quoted at the threshold with the highest F (Lukezic et
al., "Now you see me: evaluating performance in long-term visual tracking", 2018).
"""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.raster import Rasteriser
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import F_SCORE, LONG_TERM, TRACKING_PRECISION, TRACKING_RECALL
from siamfc_eval.metrics.scores import CurveAxis, Metric, Runs
from siamfc_eval.metrics.vot.runs import score_run
from siamfc_eval.metrics.vot.years import image_sizes
from siamfc_eval.protocols.trajectory import REGION, Trajectory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LongTermRules:
    """The rules of one convention for long-term tracking."""

    rasteriser: Rasteriser = field(metadata={"effect": "the rasteriser"})
    """Which rule turns regions into pixels."""
    no_region: Literal["unreported", "reported"] = field(metadata={"effect": "frames without a region"})
    """Frames that hold a code count at no threshold, or at their confidence with overlap 0, as vot-toolkit counts the
    initialisation frame."""
    resolution: int = field(default=100, metadata={"effect": "the number of thresholds"})
    """Thresholds: quantiles of all confidences of the tracker, between minus and plus infinity."""


@dataclass(frozen=True)
class LongTermMeasure:
    """Tracking precision, recall and F-score under one set of rules.

    A row of statistics is [precision at each threshold (T), recall at each threshold (T), 1]. The thresholds are
    quantiles of the confidences of all sequences that are scored together, so rows of one tracker belong together:
    `joint` says that they must not be mixed with rows that were computed from other results.
    """

    convention: str
    rules: LongTermRules
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> (width, height); regions of other sequences are not clipped."""
    protocol: str = "long-term"
    joint: bool = True
    metrics: tuple[Metric, ...] = LONG_TERM
    """Those that are reported, the one to rank by first."""

    @property
    def curves(self) -> tuple[CurveAxis, ...]:
        """Precision, recall and F by the rank of the threshold: 0 reports nothing, 1 everything."""
        x = np.linspace(0.0, 1.0, self.rules.resolution)
        label, key = "Share of thresholds passed", F_SCORE.key
        return tuple(CurveAxis(metric.key, metric.label, x, label, metric.label, key) for metric in LONG_TERM)

    @property
    def pins(self) -> Mapping[str, str]:
        """The number of thresholds."""
        return {"thr": str(self.rules.resolution)}

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """See `Strict.check`: a run must be of the sequence's length and say how sure the tracker was."""
        if len(run) != len(sequence):
            raise InputError(
                f"{len(run)} lines for the {len(sequence)} frames of {sequence.name}; precision and recall need one "
                "for each frame. Run that sequence again"
            )
        if run.confidences is None:
            return "no confidences, so every reported region counts at every threshold"
        return "" if sequence.name in self.image_sizes else "the image size is not known, so regions are not clipped"

    def relaxed(self, policy: str) -> LongTermMeasure:
        """The measure itself: there is no rule for runs of another length."""
        return self

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """Shape (2 T + 1,), with thresholds from this sequence alone."""
        return np.asarray(self.statistics_many([sequence], [runs])[0])

    def statistics_many(
        self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]
    ) -> Floats:
        """`statistics` of each pair, shape (sequences, 2 T + 1), with thresholds from all confidences together."""
        pairs = [
            [self._frames(sequence, run) for run in repetitions]
            for sequence, repetitions in zip(sequences, runs, strict=True)
        ]
        everything = [confidences for repetitions in pairs for _, confidences in repetitions]
        thresholds = quantile_thresholds(np.concatenate(everything), self.rules.resolution)
        rows = []
        for sequence, repetitions in zip(sequences, pairs, strict=True):
            visible = int(np.isfinite(sequence.boxes).all(axis=1).sum())
            curves = [precision_recall(*pair, visible, thresholds) for pair in repetitions]
            rows.append(np.append(np.mean(curves, axis=0).reshape(-1), 1.0))
        return np.stack(rows)

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`; precision and recall at the threshold with the highest F."""
        curves = self.finish_curves(statistics)
        scores = np.where(np.isnan(curves[F_SCORE.key]), -1.0, curves[F_SCORE.key])
        best = scores.argmax(axis=-1)[..., None]
        return {key: np.take_along_axis(curve, best, axis=-1)[..., 0] for key, curve in curves.items()}

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`."""
        thresholds = self.rules.resolution
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = statistics[..., :thresholds] / statistics[..., -1:]
            recall = statistics[..., thresholds : 2 * thresholds] / statistics[..., -1:]
            total = precision + recall
            scores = np.where(total == 0.0, 0.0, 2.0 * precision * recall / total)
        values = {F_SCORE.key: scores, TRACKING_PRECISION.key: precision, TRACKING_RECALL.key: recall}
        return {metric.key: values[metric.key] for metric in self.metrics}

    def _frames(self, sequence: Sequence, run: Trajectory) -> tuple[Floats, Floats]:
        """Overlap and confidence of each frame; a confidence that is not there is 0."""
        self.check(sequence, run)
        scored = score_run(sequence, run, self.rules.rasteriser, (0,), self.image_sizes.get(sequence.name))
        given = run.confidences if run.confidences is not None else np.zeros(len(run))
        confidences = np.where(np.isnan(given), 0.0, given)
        if self.rules.no_region == "unreported":
            confidences = np.where(scored.codes == REGION, confidences, -np.inf)
        return scored.overlaps[0], confidences


def quantile_thresholds(confidences: Floats, count: int) -> Floats:
    """Descending thresholds from plus to minus infinity with quantiles of the confidences between.

    As vot-toolkit chooses them: of n sorted confidences those at round(linspace(d, n - d, count - 2)), d =
    floor(n / (count - 2)); all of them, the last repeated, if there are no more than count - 2.

    Args:
        confidences: shape (n,).
        count: number of thresholds.

    Returns:
        Shape (count,).
    """
    ranked = np.sort(confidences[np.isfinite(confidences)])[::-1]
    inner = count - 2
    if len(ranked) > inner:
        step = len(ranked) // inner
        places = np.round(np.linspace(step, len(ranked) - step, inner)).astype(np.int64)
        chosen = ranked[np.minimum(places, len(ranked) - 1)]
    else:
        chosen = np.concatenate([ranked, np.full(inner - len(ranked), ranked[-1] if len(ranked) else -np.inf)])
    return np.concatenate([[np.inf], chosen, [-np.inf]])


def precision_recall(overlaps: Floats, confidences: Floats, visible: int, thresholds: Floats) -> Floats:
    """Tracking precision and recall at each threshold; without a report precision is 1 and recall 0.

    Args:
        overlaps: shape (n,).
        confidences: shape (n,); minus infinity: not reported at any threshold.
        visible: frames in which the target is visible.
        thresholds: shape (T,), descending.

    Returns:
        Shape (2, T).
    """
    order = np.argsort(-confidences, kind="stable")
    ranked = -confidences[order]
    reported = np.searchsorted(ranked, -thresholds, side="right")
    reported = np.minimum(reported, int(np.isfinite(confidences).sum()))
    sums = np.concatenate([[0.0], np.cumsum(overlaps[order])])[reported]
    precision = np.where(reported > 0, sums / np.maximum(reported, 1), 1.0)
    recall = sums / visible if visible else np.zeros(len(thresholds))
    return np.stack([precision, recall])


def long_term_measure(convention: Convention, dataset: Dataset) -> LongTermMeasure:
    """The measure of a convention for a data set."""
    rules = convention.rules_on(dataset.name)
    return LongTermMeasure(
        convention.name, rules, image_sizes(dataset), convention.protocol, metrics=convention.metrics
    )
