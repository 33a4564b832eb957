"""One-pass evaluation as a measure: runs and ground truth in, rows that add up over sequences out."""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import (
    AO,
    AVERAGE_OVERLAP,
    NORM_PRECISION_20,
    NORM_PRECISION_AUC,
    ONE_PASS,
    PRECISION_20,
    SR_50,
    SR_75,
    SUCCESS_AUC,
    SUCCESS_RATE_50,
    SUCCESS_RATE_75,
)
from siamfc_eval.metrics.ope.counts import (
    NORM_THRESHOLDS,
    PRECISION_THRESHOLDS,
    Counts,
    Frames,
    ope_counts,
    success_thresholds,
)
from siamfc_eval.metrics.ope.rules import OpeRules
from siamfc_eval.metrics.scores import (
    CurveAxis,
    Measure,
    Metric,
    Mismatch,
    Part,
    Reduction,
    RefusedError,
    Runs,
    refuse_length,
)
from siamfc_eval.plain_text import counted, one_is
from siamfc_eval.protocols.trajectory import FAILED, Trajectory

Floats = NDArray[np.float64]


class Aligned(NamedTuple):
    """One run and the ground truth that it is scored against."""

    boxes: Boxes
    """Shape (n, 4), in the coordinates of the data set's files."""
    start: int
    """The frame of the first row."""
    given: int
    """Rows that the file has; those after it were padded."""
    note: str
    """What was done to make it fit; "" if nothing."""


class _Span(NamedTuple):
    """Frames of a sequence that a run is scored on."""

    sequence: Sequence
    group: int
    """Number of the sequence among those that are scored."""
    start: int
    rows: int


@dataclass(frozen=True)
class OpeMeasure:
    """Success, precision and normalised precision under one set of rules.

    A row of statistics is [success curve, its count, precision curve, its count, normalised curve, its count, overlap,
    its count]. With pooling over sequences, curves are rates and counts are 1 (0 for a sequence that the rules drop);
    with pooling over frames, they are numbers of frames. All runs of a sequence are pooled.
    """

    convention: str
    rules: OpeRules
    protocol: str = "ope"
    policy: Mismatch = "convention"
    metrics: tuple[Metric, ...] = ONE_PASS
    """Those that are reported, the one to rank by first."""
    shown: tuple[str, ...] = ()
    """Keys of the curves that are reported; none: all."""

    @cached_property
    def curves(self) -> tuple[CurveAxis, ...]:
        """Success, precision and normalised precision, as far as they are reported."""
        first = self.metrics[0].key
        success = CurveAxis(
            "success", "Success", success_thresholds(self.rules), "Overlap threshold", "Success rate", first
        )
        norm = "Normalised precision"
        every = (
            success,
            CurveAxis(
                "precision",
                "Precision",
                PRECISION_THRESHOLDS,
                "Location error threshold [px]",
                "Precision",
                "precision_20",
            ),
            CurveAxis(
                "norm_precision",
                norm,
                NORM_THRESHOLDS,
                "Normalised location error threshold",
                norm,
                "norm_precision_20",
            ),
        )
        return tuple(axis for axis in every if not self.shown or axis.key in self.shown)

    @property
    def pins(self) -> Mapping[str, str]:
        """Thresholds, comparison, and the policy on lengths if the user chose one."""
        pins = {"thr": str(self.rules.bins), "cmp": "gt"}
        return {**pins, "len": self.policy} if self.policy in {"pad", "truncate"} else pins

    def relaxed(self, policy: Mismatch) -> Measure:
        """These rules, but files of another length are refused, padded with frames that fail, or cut."""
        if policy == "convention":
            return self
        short: Literal["refuse", "fail", "truncate"] = "truncate"
        if policy != "truncate":
            short = "refuse" if policy == "strict" else "fail"
        rules = replace(self.rules, short_file=short, long_file="refuse" if policy == "strict" else "truncate")
        return replace(self, rules=rules, policy=policy)

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """See `Strict.check`."""
        aligned = self._checked[sequence, run] = self._align(sequence, run)
        return aligned.note

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`; shape (k,)."""
        return np.asarray(self.statistics_many([sequence], [runs])[0])

    def statistics_many(
        self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]
    ) -> Floats:
        """`statistics` of each pair, shape (sequences, k)."""
        return self._rows(ope_counts(self._frames(sequences, runs), self.rules, len(sequences)))

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        curves = self._split(statistics)
        return {metric.key: self._value(metric.key, curves) for metric in self.metrics}

    def reduced(self, metric: str) -> Reduction:
        """See `Reducible.reduced`: one point of a curve or the mean of all, and the curve's count."""
        part, point = self._points[metric]
        at = 0
        for key, width in self._widths.items():
            if key == part:
                break
            at += width + 1
        count = at + self._widths[part]
        points = slice(at, count) if point is None else slice(at + point, at + point + 1)

        def finish(sums: Floats) -> Floats:
            values = np.full(sums.shape[:-1], np.nan)
            np.divide(sums[..., 0], sums[..., 1], out=values, where=sums[..., 1] > 0)
            return values

        return Reduction(lambda rows: np.stack([rows[..., points].mean(axis=-1), rows[..., count]], axis=-1), finish)

    def _value(self, metric: str, curves: Mapping[str, Floats]) -> Floats:
        part, point = self._points[metric]
        return np.asarray(curves[part].mean(axis=-1) if point is None else curves[part][..., point])

    @property
    def _points(self) -> dict[str, tuple[str, int | None]]:
        """Metric -> the curve that it is read from, and at which point; None: the mean over all points."""
        middle, last_quarter = (self.rules.bins - 1) // 2, 3 * (self.rules.bins - 1) // 4
        return {
            AO.key: ("overlap", 0),
            SR_50.key: ("success", middle),
            SR_75.key: ("success", last_quarter),
            SUCCESS_AUC.key: ("success", None),
            PRECISION_20.key: ("precision", 20),
            NORM_PRECISION_20.key: ("norm_precision", 20),
            SUCCESS_RATE_50.key: ("success", middle),
            SUCCESS_RATE_75.key: ("success", last_quarter),
            NORM_PRECISION_AUC.key: ("norm_precision", None),
            AVERAGE_OVERLAP.key: ("overlap", 0),
        }

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`."""
        curves = self._split(statistics)
        return {axis.key: curves[axis.key] for axis in self.curves}

    @property
    def _widths(self) -> dict[str, int]:
        """The parts of a row of statistics, each of which is followed by its count."""
        return {"success": self.rules.bins, "precision": 51, "norm_precision": 51, "overlap": 1}

    @property
    def layout(self) -> tuple[Part, ...]:
        """See `Laid.layout`."""
        parts = []
        for key, width in self._widths.items():
            parts += [Part(key, width, "counts" if width > 1 else "numbers"), Part(f"{key}_weight", 1)]
        return tuple(parts)

    def _split(self, statistics: Floats) -> dict[str, Floats]:
        """The mean curves, by the counts that stand behind them."""
        parts, at = {}, 0
        for key, width in self._widths.items():
            count = statistics[..., at + width, None]
            parts[key] = np.full((*statistics.shape[:-1], width), np.nan)
            np.divide(statistics[..., at : at + width], count, out=parts[key], where=count > 0)
            at += width + 1
        return parts

    def _rows(self, counts: Counts) -> Floats:
        parts = []
        scored = counts.frames > 0
        for numbers in (counts.success, counts.precision, counts.norm_precision, counts.overlap[:, None]):
            values, weights = numbers, counts.frames
            if self.rules.pooling == "sequences":
                with np.errstate(invalid="ignore", divide="ignore"):
                    values = np.where(scored[:, None], numbers / counts.frames[:, None], 0.0)
                weights = scored.astype(np.float64)
            if self.rules.zero_curves == "drop" and values.shape[1] > 1:
                weights = np.where(values.any(axis=1), weights, 0.0)
            parts += [values, weights[:, None]]
        return np.concatenate(parts, axis=1)

    def _frames(self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]) -> Frames:
        """All runs of all sequences, one after another."""
        boxes, padded, spans = [], [], []
        for number, (sequence, repetitions) in enumerate(zip(sequences, runs, strict=True)):
            for run in repetitions:
                aligned = self._checked.pop((sequence, run), None) or self._align(sequence, run)
                rows = len(aligned.boxes)
                boxes.append(aligned.boxes)
                padded.append(None if rows == aligned.given else np.arange(rows) >= aligned.given)
                spans.append(_Span(sequence, number, aligned.start, rows))
        truth = self._truth_frames(spans)
        return truth._replace(
            boxes=np.concatenate(boxes), scratch=True, padded=_flags(padded, [span.rows for span in spans])
        )

    def _truth_frames(self, spans: list[_Span]) -> Frames:
        """The ground truth of these frames, with which boxes are compared; most trackers have the same frames."""
        if self._last_truth and self._last_truth[0][0] == spans:
            return self._last_truth[0][1]
        truth, absent, image = [], [], []
        for sequence, _, start, rows in spans:
            truth.append(sequence.published_boxes[start : start + rows])
            absent.append(None if sequence.absent is None else sequence.absent[start : start + rows])
            image.append((*(sequence.image_size or (np.nan, np.nan)), sequence.origin))
        lengths = [span.rows for span in spans]
        counts = np.array(lengths)
        frames = Frames(
            boxes=np.empty((0, 4)),
            truth=np.concatenate(truth),
            starts=np.concatenate([[0], counts.cumsum()[:-1]]),
            group=np.repeat(np.array([span.group for span in spans]), counts),
            absent=_flags(absent, lengths),
            image=np.repeat(np.array(image), counts, axis=0) if self.rules.clip else None,
        )
        self._last_truth[:] = [(spans, frames)]
        return frames

    @cached_property
    def _checked(self) -> dict[tuple[Sequence, Trajectory], Aligned]:
        """What `check` found of runs whose statistics are asked for next."""
        return {}

    @cached_property
    def _last_truth(self) -> list[tuple[list[_Span], Frames]]:
        """What `_truth_frames` gave last, if anything."""
        return []

    def _align(self, sequence: Sequence, run: Trajectory) -> Aligned:
        """Find the frames that a run's rows belong to, and make its length fit if there is a rule for that."""
        boxes = run.boxes(sequence.origin)  # Not rounded where the run's file is in that origin too.
        rows, frames = len(boxes), len(sequence)
        if self.protocol == "ope":
            _refuse_segments(sequence, run, self.convention)
        _refuse_resets(run)
        self._refuse_bad(boxes)
        if self.rules.alignment == "segment":
            first = _segment_start(run, frames - rows)
            frames -= first
        else:
            first = sequence.lead_in if rows == frames - sequence.lead_in else 0
            frames = rows if first else frames
        if rows == frames:
            # Both lengths are in use as that of the sequence: no file is of another length, but it is said which one.
            # Not where the user chose a policy: what is said then is what that policy changed.
            asked = first and self.rules.alignment == "whole" and self.policy in {"convention", "strict"}
            if not asked:
                return Aligned(boxes, first, rows, "")
            lengths = f"{counted(rows, 'line')} for {counted(len(sequence), 'frame')}"
            return Aligned(boxes, first, rows, f"{lengths}, so the first {one_is(first, 'frame')} not scored")
        rule = self.rules.short_file if rows < frames else self.rules.long_file
        if rule == "refuse" or rows == 0:
            raise refuse_length(rows, frames, sequence.name, self.convention, self.policy)
        said = f"{counted(rows, 'line')} for {counted(frames, 'frame')}, so the last "
        done = f", as {self.convention} does it" if self.policy == "convention" else ""
        if rows > frames:
            return Aligned(boxes[:frames], first, frames, f"{said}{one_is(rows - frames, 'line')} not scored{done}")
        missing = one_is(frames - rows, "frame")
        if rule == "truncate":
            return Aligned(boxes, first, rows, f"{said}{missing} not scored{done}")
        filling = np.full((frames - rows, 4), 0.0 if rule == "zeros" else np.nan)
        padded = np.concatenate([boxes, filling])
        return Aligned(padded, first, rows, f"{said}{missing} taken as failed{done}")

    def _refuse_bad(self, boxes: Boxes) -> None:
        """Refuse boxes that the convention has no answer to."""
        if self.rules.bad_prediction != "refuse-or-previous":
            return
        x, y, w, h = boxes.T
        refused = np.isnan(x + y + w + h) | (w < 0) | (h < 0)
        if refused.any():
            line = int(np.argmax(refused))
            values = ", ".join(f"{value:g}" for value in boxes[line])
            raise RefusedError(
                f"line {line + 1}: expected x, y, w, h with w, h >= 0, found {values} ({refused.sum()} such lines)",
                f"{self.convention} refuses these. Choose a convention that has a rule for them: otb-matlab takes the "
                "previous box, got10k lets the frame fail.",
            )


def _flags(parts: list[NDArray[np.bool_] | None], lengths: list[int]) -> NDArray[np.bool_] | None:
    """Flags one after another, False where there are none; None where there are none at all."""
    if all(part is None for part in parts):
        return None
    pairs = zip(parts, lengths, strict=True)
    return np.concatenate([np.zeros(rows, dtype=np.bool_) if part is None else part for part, rows in pairs])


def _segment_start(run: Trajectory, tail: int) -> int:
    """The frame of a segment's first row: as its file says, else such that it ends with the sequence."""
    return run.place.start if run.place is not None else max(tail, 0)


def _refuse_segments(sequence: Sequence, run: Trajectory, convention: str) -> None:
    """Refuse what is no pass from the first frame: segments (TRE) and runs from shifted boxes (SRE)."""
    place = run.place
    if place is None or (place.segments == 1 and not place.start and not place.label):
        return
    one = f"starts at frame {place.start + 1} of {sequence.name}"
    found = one if place.segments == 1 else f"holds {place.segments} runs of {sequence.name}"
    if place.label:
        raise RefusedError(
            f"{place.file}: {found} from shifted boxes, as a spatial robustness evaluation (SRE) has them",
            f"{convention} scores one pass from the first frame. Score these under otb-sre.",
        )
    raise RefusedError(
        f"{place.file}: {found}, as a temporal robustness evaluation (TRE) has them",
        f"{convention} scores one pass from the first frame. Score these under otb-tre, or take the first run of each "
        "file, which is such a pass: --segment 1.",
    )


def _refuse_resets(run: Trajectory) -> None:
    """Refuse runs with re-initialisations: their boxes are not those of one pass."""
    failed = run.codes == FAILED
    if failed.any():
        raise RefusedError(
            f"line {int(np.argmax(failed)) + 1}: expected a box, found the code of a failure",
            "This is a reset-based VOT run. Score it under vot-official or vot-toolkit, or give --protocol "
            "unsupervised if there is such a run.",
        )


def ope_measure(convention: Convention, dataset: Dataset) -> OpeMeasure:
    """The measure of a convention of one-pass evaluation on a data set."""
    rules = convention.rules_on(dataset.name)
    return OpeMeasure(convention.name, rules, convention.protocol, metrics=convention.metrics, shown=convention.curves)


def ope_convention(name: str, summary: str, rules: OpeRules, protocol: str = "ope", source: str = "") -> Convention:
    """A convention of one-pass evaluation with its usual metrics and curves; `dataclasses.replace` changes more.

    Args:
        name: of the convention.
        summary: whose numbers these are, in a few words.
        rules: what it decides.
        protocol: kind of the protocol whose runs it reads.
        source: the paper and the code that it follows.
    """
    return Convention(name, summary, protocol, rules, ONE_PASS, ope_measure, source=source)
