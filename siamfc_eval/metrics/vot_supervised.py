"""The supervised (reset-based) VOT experiment as a measure: EAO, accuracy, robustness, lost number, AR, per tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import CurveAxis, Measure, Metric, Mismatch, Runs
from siamfc_eval.metrics.vot_fragments import fragment_weight, fragments, running_means
from siamfc_eval.metrics.vot_rules import SUPERVISED, SupervisedRules
from siamfc_eval.metrics.vot_runs import REGION, ScoredRun, counted_frames, run_codes, score_run
from siamfc_eval.metrics.vot_years import Interval, eao_interval
from siamfc_eval.protocols.trajectory import Code, Trajectory

Floats = NDArray[np.float64]

EAO = Metric("eao", "EAO", "higher")
ACCURACY = Metric("accuracy", "Accuracy", "higher")
ROBUSTNESS = Metric("robustness", "Robustness", "lower", high=float("inf"))
LOST_NUMBER = Metric("lost_number", "Lost number", "lower", high=float("inf"), digits=1)
RELIABILITY = Metric("reliability", "Reliability (S = 30)", "higher")

TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")
_SUMS = ("accuracy", "accuracy_weight", "robustness", "robustness_weight", "failures", "frames", "sequences")


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
    experiment: str = "supervised"
    policy: Mismatch = "strict"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """EAO first."""
        return (EAO, ACCURACY, ROBUSTNESS, LOST_NUMBER, RELIABILITY)

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
            ),
        )

    @property
    def pins(self) -> Mapping[str, str]:
        """Interval, burn-in, and the policy on lengths if the user chose one."""
        pins = {"eao": f"{self.interval.low}-{self.interval.high}", "burnin": str(self.rules.burn_in)}
        return pins if self.policy == "strict" else {**pins, "len": self.policy}

    def relaxed(self, policy: Mismatch) -> Measure:
        """These rules, but runs of another length are padded with frames that overlap nothing, or cut."""
        if policy == "strict":
            return self
        return replace(self, rules=replace(self.rules, other_length="cut"), policy=policy)

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """See `Strict.check`."""
        rows, frames = len(run), len(sequence)
        notes = []
        if rows != frames:
            if self.rules.other_length == "raise" or rows == 0:
                raise InputError(
                    f"{rows} lines for the {frames} frames of {sequence.name}, and {self.convention} scores only files "
                    "of the same length. Run that sequence again, or score what is there: --on-mismatch=truncate "
                    "scores the frames that both have, --on-mismatch=pad lets missing frames overlap nothing"
                )
            counted = f"{rows} lines for {frames} frames"
            if rows > frames:
                notes.append(f"{counted}, so the last {rows - frames} lines are not scored")
            elif self.policy == "pad":
                notes.append(f"{counted}, so the last {frames - rows} frames overlap nothing")
            else:
                notes.append(f"{counted}, so the last {frames - rows} frames are not scored")
        codes = run_codes(run)
        if not len(codes) or codes[0] != Code.INITIALIZED:
            notes.append("the first line is no initialisation (1): these are not results of the supervised experiment")
        elif np.isin(Code.FAILED, codes) and not self._restarts(codes):
            notes.append("a failure (2) is not followed by an initialisation (1) where one is due")
        if sequence.image_size is None:
            notes.append("the image size is not known, so regions are not clipped to the image")
        return "; ".join(notes)

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`; shape (2 L + 7,)."""
        return self._rows(sequence, self._scored(sequence, runs), {"all": np.ones(len(sequence))})["all"]

    def tag_statistics(self, sequence: Sequence, runs: Runs) -> Mapping[str, Floats]:
        """Rows for "all", VOT's tags and "empty" (frames without any tag): each frame counts where it is tagged, a
        fragment by its share of tagged frames, a failure if its frame is tagged."""
        return self._rows(sequence, self._scored(sequence, runs), frame_tags(sequence))

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        curve = self._curve(statistics)
        low, high = (bound + self.rules.interval_shift for bound in self.interval[:2])
        averaged = curve[..., low : high + 1]
        known = np.isfinite(averaged)
        sums = {key: statistics[..., 2 * self.length + i] for i, key in enumerate(_SUMS)}
        with np.errstate(invalid="ignore", divide="ignore"):
            # Lengths that no fragment reaches say nothing: they are left out of the mean.
            eao = np.where(known, averaged, 0.0).sum(axis=-1) / known.sum(axis=-1)
            accuracy = sums["accuracy"] / sums["accuracy_weight"]
            rate = sums["robustness"] / sums["robustness_weight"]
            if self.rules.robustness == "failures-per-frame":
                robustness, per_frame = 100.0 * rate, rate
            else:
                robustness, per_frame = rate, rate * sums["sequences"] / sums["frames"]
            failures = np.where(sums["frames"] > 0, sums["failures"], np.nan)
        return {
            "eao": eao,
            "accuracy": accuracy,
            "robustness": robustness,
            "lost_number": failures,
            "reliability": np.exp(-self.rules.sensitivity * per_frame),
        }

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`; NaN at lengths that no fragment reaches."""
        return {"eao": self._curve(statistics)}

    def _curve(self, statistics: Floats) -> Floats:
        weights = statistics[..., self.length : 2 * self.length]
        with np.errstate(invalid="ignore", divide="ignore"):
            curve = np.where(weights > 0, statistics[..., : self.length] / weights, np.nan)
        curve[..., 0] = np.where(weights[..., 0] > 0, float(self.rules.curve_start), np.nan)
        return np.asarray(curve)

    def _scored(self, sequence: Sequence, runs: Runs) -> list[ScoredRun]:
        """Codes, and overlaps as EAO (row 0) and accuracy (row 1) see them."""
        beyond = (0, 1) if self.rules.accuracy_bounds == "beyond" else (0,)
        scored = []
        for run in runs:
            if len(run) != len(sequence):
                self.check(sequence, run)
            one = score_run(sequence, run, self.rules.rasteriser, beyond)
            missing = len(sequence) - len(one.codes)
            if self.policy == "pad" and missing > 0:
                codes = np.pad(one.codes, (0, missing), constant_values=REGION)
                one = ScoredRun(codes, np.pad(one.overlaps, ((0, 0), (0, missing))))
            scored.append(one)
        return scored

    def _rows(self, sequence: Sequence, scored: list[ScoredRun], tags: Mapping[str, Floats]) -> dict[str, Floats]:
        weights_of = np.stack(list(tags.values()))
        curves = np.zeros((len(tags), 2 * self.length))
        for run in scored:
            cut = fragments(run.codes, self.rules)
            means, defined = running_means(run.overlaps[0], cut, self.length)
            alone = len(cut) == 1 and not (run.codes == Code.FAILED).any()
            weights = np.array(
                [
                    [fragment_weight(one, tag[: len(run.codes)], len(sequence), alone, self.rules) for one in cut]
                    for tag in weights_of
                ]
            )
            curves += np.concatenate([weights @ means, weights @ defined], axis=1) / len(scored)
        sums = np.array([self._sums(sequence, scored, tag) for tag in weights_of])
        return dict(zip(tags, np.concatenate([curves, sums], axis=1), strict=True))

    def _sums(self, sequence: Sequence, scored: list[ScoredRun], tag: Floats) -> list[float]:
        """What follows the curve in a row of statistics, over the frames that carry the tag."""
        counted = [counted_frames(run.codes, self.rules.burn_in) & (tag[: len(run.codes)] > 0) for run in scored]
        failures = float(np.mean([tag[: len(run.codes)][run.codes == Code.FAILED].sum() for run in scored]))
        tagged = float(tag.sum())
        if self.rules.accuracy_pooling == "frames":
            frames = max(len(run.codes) for run in scored)
            total, count = np.zeros(frames), np.zeros(frames)
            for run, use in zip(scored, counted, strict=True):
                total[: len(use)] += np.where(use, run.overlaps[-1], 0.0)
                count[: len(use)] += use
            valid = count > 0
            accuracy, accuracy_weight = float((total[valid] / count[valid]).sum()), float(valid.sum())
        else:
            means = [
                run.overlaps[-1][use].mean() if use.any() else 0.0 for run, use in zip(scored, counted, strict=True)
            ]
            accuracy, accuracy_weight = float(np.mean(means)) * tagged, tagged
        frames_scored = float(tag[: max(len(run.codes) for run in scored)].sum())
        if self.rules.robustness == "failures-per-frame":
            robustness, weight = failures, frames_scored
        else:
            robustness, weight = failures * tagged, tagged
        present = 1.0 if tagged > 0 else 0.0
        return [accuracy, accuracy_weight, robustness, weight, failures, frames_scored, present]

    def _restarts(self, codes: NDArray[np.int8]) -> bool:
        """Whether every failure that leaves room for it is followed by an initialisation before the next failure."""
        failures = np.flatnonzero(codes == Code.FAILED)
        due = failures[failures + self.rules.skip < len(codes)]
        following = np.append(failures[1:], len(codes))[: len(due)]
        started = np.concatenate([[0], np.cumsum(codes == Code.INITIALIZED)])
        return bool((started[following] > started[due]).all())


def frame_tags(sequence: Sequence) -> dict[str, Floats]:
    """Which frames carry which tag, shape (n,) of 0 and 1: "all", VOT's tags, and "empty" for frames without any.

    A tag that the data set left out for a sequence (an empty list) is carried by no frame of it.
    """
    frames = len(sequence)
    tags = {"all": np.ones(frames)}
    for name in TAGS:
        marks = np.asarray(sequence.tags.get(name, ()), dtype=np.float64)[:frames]
        tags[name] = np.pad(marks, (0, frames - len(marks)))
    tagged = np.max([tags[name] for name in TAGS], axis=0)
    tags["empty"] = 1.0 - tagged
    return tags


def build(name: str, dataset: Dataset) -> SupervisedMeasure:
    """The measure of a convention for a data set, with the interval of its year (or of its lengths)."""
    longest = max((len(sequence) for sequence in dataset), default=1)
    return SupervisedMeasure(name, SUPERVISED[name], eao_interval(dataset), longest)
