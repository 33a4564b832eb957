"""The multi-start VOT protocol (VOT2020 on) as a measure: EAO, accuracy and robustness of runs from anchors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.raster import Rasteriser, pack_regions, packed_overlaps
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.declared import MULTI_START
from siamfc_eval.metrics.scores import CurveAxis, Metric, Part, Runs
from siamfc_eval.metrics.vot.runs import image_bounds
from siamfc_eval.metrics.vot.years import Interval, eao_interval, image_sizes
from siamfc_eval.protocols.multi_start import Anchor, anchors
from siamfc_eval.protocols.trajectory import REGION, Trajectory

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MultiStartRules:
    """The rules of one convention for the multi-start protocol (Kristan et al., VOT2020, section 2)."""

    rasteriser: Rasteriser = field(metadata={"effect": "the rasteriser"})
    """Which rule turns regions into pixels."""
    tail_mean: Literal["frames", "frames-1"] = field(metadata={"effect": "the mean overlap beyond a failed run"})
    """At length j beyond the end of a failed run, the sum of overlaps is divided by j, or by j - 1 as vot-toolkit
    does."""
    threshold: float = field(default=0.1, metadata={"effect": "the overlap at which a tracker fails"})
    """A frame fails if its overlap is not above it."""
    grace: int = field(default=10, metadata={"effect": "the frames that a tracker may fail"})
    """The run ends at the first of this many failing frames in a row."""


@dataclass(frozen=True)
class MultiStartMeasure:
    """EAO, accuracy and robustness of a tracker run from anchors to the end of the sequence.

    A row of statistics is [curve numerators (L), curve denominators (L), overlap sum, frames before failure,
    robustness times length, length], L the upper end of the EAO interval. Robustness is the share of frames before
    failure; accuracy is the mean overlap in them.
    """

    convention: str
    rules: MultiStartRules
    interval: Interval
    """Lengths over which EAO is averaged: points low .. high - 1 of the curve."""
    image_sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> (width, height); regions of other sequences are not clipped."""
    protocol: str = "multi-start"
    metrics: tuple[Metric, ...] = MULTI_START
    """Those that are reported, the one to rank by first."""

    @cached_property
    def curves(self) -> tuple[CurveAxis, ...]:
        """Expected average overlap by length."""
        title = "Expected average overlap"
        lengths = np.arange(self.interval.high, dtype=np.float64)
        low, high, _ = self.interval
        averaged = (float(low), float(high - 1))
        return (CurveAxis("eao", title, lengths, "Frames after initialisation", title, "eao", averaged, True),)

    @property
    def pins(self) -> Mapping[str, str]:
        """Interval, failure threshold and grace."""
        low, high, _ = self.interval
        return {"eao": f"{low}-{high}", "fail": f"{self.rules.threshold:g}x{self.rules.grace}"}

    def statistics(self, sequence: Sequence, runs: Runs) -> Floats:
        """See `Measure.statistics`: one run for each anchor; shape (2 L + 4,).

        Raises:
            InputError: a run belongs to no anchor, or is not as long as its anchor's span.
        """
        length = self.interval.high
        row = np.zeros(2 * length + 4)
        before = total = 0.0
        for run, anchor in zip(runs, _anchors_of(sequence, runs), strict=True):
            frames = anchor.frames(len(sequence))
            overlaps, failed = self._until_failure(sequence, run, frames)
            row[: 2 * length] += self._curve_parts(overlaps, len(frames), failed)
            row[2 * length] += overlaps.sum()
            before += len(overlaps)
            total += len(frames)
        row[2 * length + 1] = before
        row[2 * length + 2 :] = len(sequence) * before / total, len(sequence)
        return row

    @property
    def layout(self) -> tuple[Part, ...]:
        """See `Laid.layout`."""
        low, high, _ = self.interval
        return (Part("curve", high, "means", (low, high)), Part("curve_weight", high, "steps"), Part("sums", 4))

    def finish(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish`."""
        low, high, _ = self.interval
        averaged = self.finish_curves(statistics)["eao"][..., low:high]
        known = np.isfinite(averaged)
        sums = statistics[..., 2 * high :]
        with np.errstate(invalid="ignore", divide="ignore"):
            values = {
                "eao": np.where(known, averaged, 0.0).sum(axis=-1) / known.sum(axis=-1),
                "accuracy": sums[..., 0] / sums[..., 1],
                "robustness": sums[..., 2] / sums[..., 3],
            }
        return {metric.key: values[metric.key] for metric in self.metrics}

    def finish_curves(self, statistics: Floats) -> dict[str, Floats]:
        """See `Measure.finish_curves`; NaN at lengths that no run reaches."""
        length = self.interval.high
        numbers, weights = statistics[..., :length], statistics[..., length : 2 * length]
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"eao": np.where(weights > 0, numbers / weights, np.nan)}

    def _until_failure(self, sequence: Sequence, run: Trajectory, frames: range) -> tuple[Floats, bool]:
        """Overlaps of the frames before failure, the initialisation as 0; and whether the run failed."""
        truth = [sequence.ground_truth[frame] for frame in frames]
        bounds = image_bounds(self.rules.rasteriser, self.image_sizes.get(sequence.name))
        clipping = None if bounds is None else [bounds]
        overlaps = packed_overlaps(run.packed, pack_regions(truth), clipping, self.rules.rasteriser)[0]
        overlaps[run.codes != REGION] = 0.0
        visible = np.array([bool(np.isfinite(region).all()) for region in truth])
        if self.rules.rasteriser == "vot-toolkit":  # to which two empty regions are the same
            overlaps[~visible & np.isnan(run.boxes()).any(axis=1)] = 1.0
        failing = (overlaps <= self.rules.threshold) & visible
        in_a_row = 0
        for frame, fails in enumerate(failing):
            in_a_row = in_a_row + 1 if fails else 0
            if in_a_row == self.rules.grace:
                return overlaps[: frame + 1 - self.rules.grace], True
        return overlaps, False

    def _curve_parts(self, overlaps: Floats, frames: int, failed: bool) -> Floats:
        """Numerators and denominators of one run, shape (2 L,): a failed run goes on with overlap 0 without end."""
        length = self.interval.high
        parts = np.zeros((2, length))
        steps = np.arange(1.0, length)
        sums = np.cumsum(overlaps[1:])[: length - 1]
        parts[0, 1 : 1 + len(sums)] = sums
        if failed:
            parts[0, 1 + len(sums) :] = sums[-1] if len(sums) else 0.0
            if self.rules.tail_mean == "frames-1":
                steps[frames - 1 :] = np.maximum(steps[frames - 1 :] - 1.0, 1.0)
        parts[0, 1:] /= steps
        parts[1, 1 : length if failed else min(frames, length)] = 1.0
        return parts.reshape(-1)


def _anchors_of(sequence: Sequence, runs: Runs) -> list[Anchor]:
    """The anchor of each run: by the frame in its file's name, else in the order of the sequence's anchors."""
    known = anchors(sequence)
    named = [run.place.start if run.place is not None else None for run in runs]
    by_frame = {anchor.frame: anchor for anchor in known}
    if any(start is None for start in named) and len(runs) != len(known):
        raise InputError(
            f"{sequence.name}: expected one run for each of its {len(known)} anchors, found {len(runs)}. Run the "
            "multi-start protocol again, or remove what is not of it"
        )
    chosen = []
    for place, (run, start) in enumerate(zip(runs, named, strict=True)):
        anchor = known[place] if start is None else by_frame.get(start)
        if anchor is None or len(run) != len(anchor.frames(len(sequence))):
            expected = f"{len(anchor.frames(len(sequence)))} lines" if anchor else f"anchors {sorted(by_frame)}"
            raise InputError(
                f"{sequence.name}: a run from frame {start if start is not None else place} has {len(run)} lines; "
                f"expected {expected}. Run that sequence again"
            )
        chosen.append(anchor)
    return chosen


def multi_start_measure(convention: Convention, dataset: Dataset) -> MultiStartMeasure:
    """The measure of a convention for a data set, with the interval of its year (or of its lengths)."""
    rules, interval = convention.rules_on(dataset.name), eao_interval(dataset)
    return MultiStartMeasure(
        convention.name, rules, interval, image_sizes(dataset), convention.protocol, convention.metrics
    )
