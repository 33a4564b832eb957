"""The supervised (reset-based) VOT protocol as a measure: EAO, accuracy, robustness, lost number, AR, per tag."""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import SUPERVISED
from siamfc_eval.metrics.scores import CurveAxis, Measure, Metric, Mismatch, Part, Reduction, Runs, refuse_length
from siamfc_eval.metrics.vot.fragments import add_curves, fragment_weights, fragments
from siamfc_eval.metrics.vot.rules import SupervisedRules
from siamfc_eval.metrics.vot.runs import JoinedTruth, ScoredRun, counted_frames, draw_runs, score_run
from siamfc_eval.metrics.vot.tags import TagTable
from siamfc_eval.metrics.vot.years import Interval, eao_interval, image_sizes
from siamfc_eval.plain_text import counted, one_is
from siamfc_eval.protocols.trajectory import FAILED, INITIALIZED, REGION, Trajectory

Floats = NDArray[np.float64]

_SUMS = ("accuracy", "accuracy_weight", "robustness", "robustness_weight", "failures", "frames", "sequences")
_STRETCHES = 16
"""Into which the lengths of EAO are divided for its coarse form."""
_PYSOT_RUNS = 15
"""Repetitions of a sequence that pysot reads; of any other number it reads the first."""


@dataclass(frozen=True)
class SupervisedMeasure:
    """EAO, accuracy and robustness under one set of rules.

    A row of statistics is [curve numerators (L), curve denominators (L), accuracy, its weight, failures as robustness
    sums them, their weight, failures, frames, sequences], where L is the longest sequence of the data set: fragments
    are padded up to it, so it is a constant of the measure and not of what is summed. Repetitions are averaged.
    """

    convention: str
    rules: SupervisedRules
    interval: Interval
    """Lengths over which EAO is averaged."""
    length: int
    """Frames of the data set's longest sequence, L."""
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> (width, height); regions of other sequences are not clipped."""
    protocol: str = "supervised"
    policy: Mismatch = "convention"
    metrics: tuple[Metric, ...] = SUPERVISED
    """Those that are reported, the one to rank by first."""

    @cached_property
    def curves(self) -> tuple[CurveAxis, ...]:
        """Expected average overlap by sequence length."""
        lengths = np.arange(self.length, dtype=np.float64)
        return (
            CurveAxis(
                "eao",
                "Expected average overlap",
                lengths,
                "Frames after initialisation",
                "Expected average overlap",
                "eao",
                averaged=(float(self._averaged[0]), float(self._averaged[1])),
                fills=True,
            ),
        )

    @property
    def pins(self) -> Mapping[str, str]:
        """Interval, burn-in, and the policy on lengths if the user chose one."""
        pins = {"eao": f"{self.interval.low}-{self.interval.high}", "burnin": str(self.rules.burn_in)}
        return {**pins, "len": self.policy} if self.policy in {"pad", "truncate"} else pins

    def relaxed(self, policy: Mismatch) -> Measure:
        """These rules, but runs of another length are refused, padded with frames that overlap nothing, or cut."""
        if policy == "convention":
            return self
        rules = replace(self.rules, other_length="raise" if policy == "strict" else "cut")
        return replace(self, rules=rules, policy=policy)

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """See `Strict.check`."""
        rows, frames = len(run), len(sequence)
        notes = []
        if rows != frames:
            if self.rules.other_length == "raise" or rows == 0:
                raise refuse_length(rows, frames, sequence.name, self.convention, self.policy)
            said = f"{counted(rows, 'line')} for {counted(frames, 'frame')}, so the last "
            done = f", as {self.convention} does it" if self.policy == "convention" else ""
            if rows > frames:
                notes.append(f"{said}{one_is(rows - frames, 'line')} not scored{done}")
            elif self.policy == "pad":
                notes.append(f"{said}{one_is(frames - rows, 'frame')} taken to overlap nothing")
            else:
                notes.append(f"{said}{one_is(frames - rows, 'frame')} not scored{done}")
        codes = run.codes
        if not len(codes) or codes[0] != INITIALIZED:
            notes.append("the first line is no initialisation (1): these are not results of the supervised protocol")
        elif (codes == FAILED).any() and not self._restarts(codes):
            notes.append("a failure (2) is not followed by an initialisation (1) where one is due")
        if sequence.name not in self.image_sizes:
            notes.append("the image size is not known, so regions are not clipped to the image")
        return "; ".join(notes)

    def prepare(self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]) -> None:
        """See `Prepared.prepare`: the regions of many sequences are drawn at once."""
        read = [self._read(several) for several in runs]
        rasteriser, beyond = self.rules.rasteriser, self._beyond
        draw_runs(sequences, read, self._truth, rasteriser=rasteriser, beyond=beyond, sizes=self.image_sizes)

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`; shape (2 L + 7,), or (3 L + 7,) by `curve_end`."""
        row: Floats = self._rows(sequence, self._scored(sequence, runs), np.ones((1, len(sequence))))[0]
        return row

    def tag_statistics(self, sequence: Sequence, runs: Runs) -> Mapping[str, Floats]:
        """Rows for "all", VOT's tags and "empty" (frames without any tag): each frame counts where it is tagged, a
        fragment by its share of tagged frames, a failure if its frame is tagged."""
        tags = self._tags[sequence]
        rows = self._rows(sequence, self._scored(sequence, runs), tags.marks)
        return dict.fromkeys(tags.absent, self._nothing) | dict(zip(tags.present, rows, strict=True))

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        low, high = self._averaged
        curve = self._curve(statistics)
        values = {"eao": _known_mean(curve[..., low : high + 1]), **self._rates(statistics[..., -len(_SUMS) :])}
        return {metric.key: values[metric.key] for metric in self.metrics}

    def reduced(self, metric: str) -> Reduction:
        """See `Reducible.reduced`: EAO needs the lengths that it is averaged over, everything else only sums."""
        if metric != "eao":
            return Reduction(lambda rows: rows[..., -len(_SUMS) :], lambda sums: self._rates(sums)[metric])
        low, high = self._averaged
        if low < 1:  # The start of the curve has a rule of its own.
            return Reduction(lambda rows: rows, lambda sums: self.finish(sums)["eao"])
        lengths = np.arange(low, min(high + 1, self.length))
        columns = np.concatenate([lengths + part * self.length for part in range(self._parts)])
        return Reduction(lambda rows: rows[..., columns], self._mean_of_ratios)

    def coarser(self, metric: str) -> Reduction | None:
        """See `Coarsened.coarser`: EAO of a curve of `_STRETCHES` points, each the ratio of sums over many lengths."""
        low, high = self._averaged
        lengths = min(high + 1, self.length) - low
        if metric != "eao" or low < 1 or lengths < 2 * _STRETCHES:
            return None
        starts = np.arange(_STRETCHES) * lengths // _STRETCHES
        edges = np.concatenate([starts + part * lengths for part in range(self._parts)])
        return Reduction(lambda rows: np.add.reduceat(rows, edges, axis=-1), self._mean_of_ratios)

    def _mean_of_ratios(self, sums: Floats) -> Floats:
        """The mean of what is known of a curve, from its parts one after another; shape (..., parts * points)."""
        parts, points = self._parts, sums.shape[-1] // self._parts
        values, weights, *extents = (sums[..., i * points : (i + 1) * points] for i in range(parts))
        known = weights > 0
        if not extents and known.size and known.all():  # As nearly always; thousands of resamples come through here.
            return np.asarray((values / weights) @ np.full(points, 1.0 / points))
        if extents:
            known &= extents[0] > 0
        ratios = np.zeros(values.shape)
        np.divide(values, weights, out=ratios, where=known)
        with np.errstate(invalid="ignore"):
            return np.asarray(ratios.sum(axis=-1) / known.sum(axis=-1))

    @property
    def _averaged(self) -> tuple[int, int]:
        """First and last index of the curve over which EAO is averaged."""
        shift = self.rules.interval_shift
        return self.interval.low + shift, self.interval.high + shift

    def _rates(self, statistics: Floats) -> dict[str, Floats]:
        """The metrics other than EAO, from what follows the curve in a row: shape (..., 7)."""
        sums = {key: statistics[..., i] for i, key in enumerate(_SUMS)}
        with np.errstate(invalid="ignore", divide="ignore"):
            accuracy = sums["accuracy"] / sums["accuracy_weight"]
            rate = sums["robustness"] / sums["robustness_weight"]
            if self.rules.robustness == "failures-per-frame":
                robustness, per_frame = 100.0 * rate, rate
            else:
                robustness, per_frame = rate, rate * sums["sequences"] / sums["frames"]
            failures = np.where(sums["frames"] > 0, sums["failures"], np.nan)
        return {
            "accuracy": accuracy,
            "robustness": robustness,
            "lost_number": failures,
            "reliability": np.exp(-self.rules.sensitivity * per_frame),
        }

    @property
    def layout(self) -> tuple[Part, ...]:
        """See `Laid.layout`."""
        low, high = self._averaged
        curve = Part("curve", self.length, "means", (max(low, 0), min(high + 1, self.length)))
        parts = [curve, Part("curve_weight", self.length, "steps")]
        if self._ends_with_fragments:
            parts.append(Part("extent", self.length, "steps"))
        return (*parts, Part("sums", len(_SUMS)))

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`; NaN at lengths that no fragment reaches."""
        return {"eao": self._curve(statistics)}

    @property
    def _ends_with_fragments(self) -> bool:
        """Whether a row also says, in a third part of length L, how far fragments reach without their zeros."""
        return self.rules.curve_end == "longest-fragment"

    @property
    def _parts(self) -> int:
        """Parts of a row that are as long as the curve."""
        return 3 if self._ends_with_fragments else 2

    def _curve(self, statistics: Floats) -> Floats:
        weights = statistics[..., self.length : 2 * self.length]
        if self._ends_with_fragments:
            weights = np.where(statistics[..., 2 * self.length : 3 * self.length] > 0, weights, 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            curve = np.where(weights > 0, statistics[..., : self.length] / weights, np.nan)
        curve[..., 0] = np.where(weights[..., 0] > 0, float(self.rules.curve_start), np.nan)
        return np.asarray(curve)

    def _scored(self, sequence: Sequence, runs: Runs) -> list[ScoredRun]:
        """Codes, and overlaps as EAO (row 0) and accuracy (row 1) see them."""
        scored = []
        for run in self._read(runs):
            if len(run) != len(sequence):
                self.check(sequence, run)
            size = self.image_sizes.get(sequence.name)
            one = score_run(sequence, run, self.rules.rasteriser, self._beyond, size)
            missing = len(sequence) - len(one.codes)
            if self.policy == "pad" and missing > 0:
                codes = np.pad(one.codes, (0, missing), constant_values=REGION)
                one = ScoredRun(codes, np.pad(one.overlaps, ((0, 0), (0, missing))))
            scored.append(one)
        return scored

    def _read(self, runs: Runs) -> Runs:
        """The repetitions that count."""
        return runs if self.rules.repetitions != "fifteen" or len(runs) == _PYSOT_RUNS else runs[:1]

    @property
    def _beyond(self) -> tuple[int, ...]:
        """How many columns and rows beyond the image count, for EAO and, where that differs, for accuracy."""
        return (0, 1) if self.rules.accuracy_bounds == "beyond" else (0,)

    @cached_property
    def _truth(self) -> JoinedTruth:
        return JoinedTruth()

    @cached_property
    def _tags(self) -> TagTable:
        return TagTable()

    @cached_property
    def _nothing(self) -> Floats:
        """The row of statistics of no frames at all."""
        return np.zeros(self._parts * self.length + len(_SUMS))

    def _rows(self, sequence: Sequence, scored: list[ScoredRun], marks: Floats) -> Floats:
        """A row of statistics for each row of `marks`, which says what share of each frame counts."""
        rows = np.zeros((len(marks), len(self._nothing)))
        for run in scored:
            cut = fragments(run.codes, self.rules)
            weights = fragment_weights(cut, marks, len(sequence), run.codes, self.rules)
            if self.rules.repetitions == "averaged":
                weights /= len(scored)
            add_curves(rows, run.overlaps[0], cut, weights, self.length, extents=self._ends_with_fragments)
        rows[:, -len(_SUMS) :] = self._sums(scored, marks)
        return rows

    def _sums(self, scored: list[ScoredRun], marks: Floats) -> Floats:
        """What follows the curve in a row of statistics.

        Args:
            scored: the repetitions.
            marks: shape (tags, n), 1 in the frames that carry the tag.

        Returns:
            Shape (tags, 7), over the frames that carry the tag.
        """
        shape = (len(scored), max(len(run.codes) for run in scored))
        overlaps, counted, failed = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for row, run in enumerate(scored):
            frames = len(run.codes)
            counted[row, :frames] = counted_frames(run.codes, self.rules.burn_in)
            overlaps[row, :frames] = counted[row, :frames] * run.overlaps[-1]
            failed[row, :frames] = run.codes == FAILED
        tagged, marks = marks.sum(axis=1), marks[:, : shape[1]]
        failures, frames_scored = marks @ failed.mean(axis=0), marks.sum(axis=1)
        if self.rules.accuracy_pooling == "frames":
            times = counted.sum(axis=0)
            accuracy = marks @ (overlaps.sum(axis=0) / np.maximum(times, 1.0))
            accuracy_weight = marks @ (times > 0).astype(np.float64)
        else:
            means = (marks @ overlaps.T) / np.maximum(marks @ counted.T, 1.0)
            accuracy, accuracy_weight = means.mean(axis=1) * tagged, tagged
        if self.rules.robustness == "failures-per-frame":
            robustness, weight = failures, frames_scored
        else:
            robustness, weight = failures * tagged, tagged
        present = (tagged > 0).astype(np.float64)
        return np.array([accuracy, accuracy_weight, robustness, weight, failures, frames_scored, present]).T

    def _restarts(self, codes: NDArray[np.int8]) -> bool:
        """Whether every failure that leaves room for it is followed by an initialisation before the next failure."""
        failures = np.flatnonzero(codes == FAILED)
        due = failures[failures + self.rules.skip < len(codes)]
        following = np.append(failures[1:], len(codes))[: len(due)]
        started = np.concatenate([[0], np.cumsum(codes == INITIALIZED)])
        return bool((started[following] > started[due]).all())


def _known_mean(curve: Floats) -> Floats:
    """Mean over the last axis; lengths that no fragment reaches (NaN) say nothing and are left out."""
    known = np.isfinite(curve)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, curve, 0.0).sum(axis=-1) / known.sum(axis=-1))


def supervised_measure(convention: Convention, dataset: Dataset) -> SupervisedMeasure:
    """The measure of a convention for a data set, with the interval of its year (or of its lengths)."""
    longest = max((len(sequence) for sequence in dataset), default=1)
    return SupervisedMeasure(
        convention.name,
        convention.rules_on(dataset.name),
        eao_interval(dataset),
        longest,
        image_sizes(dataset),
        convention.protocol,
        metrics=convention.metrics,
    )
