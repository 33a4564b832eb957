"""A tracker tried on five drawn frames: what is wrong with its images, boxes, state and declarations.

This is no measure of how well it tracks. The target is easy, rests at first and then moves by a few whole pixels, so
that what is wrong with the code around a tracker shows: see `siamfc_eval.synthetic.trial`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import TrackerError
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.geometry.regions import Boxes, Region, bounding_box
from siamfc_eval.synthetic.trial import STILL, other_sequence, red_and_blue_exchanged, trial_sequence
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.seeding import seed_generators
from siamfc_eval.tracking.tracker import Tracker

Level = Literal["fine", "warning", "wrong"]

_SEEDS = (20160, 20161)
_OFFSET = 0.3
"""Pixels by which an answer may miss an offset of one pixel and still be taken for it."""
_CLEARLY = 0.3
"""Difference of overlaps that is taken for a cause and not for chance."""
_FRAMES_OF_OTB2015 = 59_000

_READINGS: dict[str, Callable[[Boxes, tuple[int, int]], Boxes]] = {
    "two corners x1, y1, x2, y2": lambda b, _: np.column_stack([b[:, :2], b[:, 2:] - b[:, :2]]),
    "a centre with width and height": lambda b, _: np.column_stack([b[:, :2] - b[:, 2:] / 2, b[:, 2:]]),
    "rows before columns (y, x, h, w)": lambda b, _: b[:, [1, 0, 3, 2]],
    "fractions of the image": lambda b, size: b * [*size, *size],
}
"""What boxes are mistaken for x, y, w, h -> how they become that; given the image's (width, height)."""


@dataclass(frozen=True)
class Finding:
    """What was found of one thing."""

    about: str
    """"answers", "box layout", "box origin", "colour order", "sequences", "determinism", "confidence" or "speed"."""
    level: Level
    """"wrong": results would be wrong; "warning": look at it; "fine"."""
    text: str


@dataclass(frozen=True)
class TrackerReport:
    """What was found of a tracker."""

    tracker: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """How its class was read."""
    frames_per_second: float = float("nan")
    """Of its own code, median over four answers."""
    failure: str = ""
    """The error of a run that was not its first, which ended the trial; "" where there was none."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; there may be warnings."""
        return not self.failure and all(finding.level != "wrong" for finding in self.findings)

    @property
    def text(self) -> str:
        """One line for each finding."""
        return "\n".join(f"{finding.about:<13} {_MARKS[finding.level]}{finding.text}" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok, **asdict(self)}


_MARKS: dict[Level, str] = {"fine": "", "warning": "warning: ", "wrong": "WRONG: "}


@dataclass(frozen=True, eq=False)
class _Pass:
    """What a tracker answered on the frames after the first."""

    regions: tuple[Region, ...]
    confidences: NDArray[np.float64]
    seconds: NDArray[np.float64]
    """Of the start and of each answer, shape (5,)."""
    truth: Boxes

    @property
    def boxes(self) -> Boxes:
        return np.stack([bounding_box(region) for region in self.regions])

    @property
    def overlap(self) -> float:
        """Mean over the answers; a box of NaN overlaps nothing."""
        return float(np.nan_to_num(overlaps(self.boxes, self.truth)).mean())

    def difference(self, other: _Pass) -> float:
        """Largest difference in pixels or confidence; 0 where all is the same, infinite where the kinds differ."""
        largest = 0.0
        for mine, its in zip((*self.regions, self.confidences), (*other.regions, other.confidences), strict=True):
            if mine.shape != its.shape or (np.isnan(mine) != np.isnan(its)).any():
                return float("inf")
            apart = np.abs(mine - its)
            largest = max(largest, float(np.nan_to_num(apart).max(initial=0.0)))
        return largest


def check_tracker(load: Callable[[], Tracker]) -> TrackerReport:
    """Run a tracker on five drawn frames several times and say what is wrong with its answers.

    Args:
        load: makes the tracker; is called twice, for what only a fresh one can show.

    Raises:
        InputError: the tracker cannot be loaded.
        TrackerError: it failed in its first run. A failure of a later run is part of the report.
    """
    sequence, seed = trial_sequence(), _SEEDS[0]
    tracker = load()
    notes = capabilities.notes_of(tracker)
    try:
        first = _run(tracker, sequence, seed)
        findings = [_answers(first), *_boxes(first, sequence), _confidence(first)]
        doing = "a second sequence, of another size, after the first"
        try:
            _run(tracker, other_sequence(), seed)
            doing = "the first sequence again, after another one"
            again = _run(tracker, sequence, seed)
        except TrackerError as error:
            failure = f"it failed on {doing}: {error}"
            findings.append(Finding("sequences", "wrong", failure))
            return TrackerReport(tracker.name, (*findings, _speed(first)), notes, _fps(first), failure)
    finally:
        capabilities.close(tracker)
    fresh_tracker = load()
    try:
        fresh, other_seed = (_run(fresh_tracker, sequence, one) for one in _SEEDS)
        exchanged = _run(fresh_tracker, red_and_blue_exchanged(sequence), seed)
    finally:
        capabilities.close(fresh_tracker)
    findings += [
        _colours(first, exchanged, tracker),
        _sequences(first, again, fresh),
        _determinism(first, fresh, other_seed, tracker),
        _speed(first),
    ]
    return TrackerReport(tracker.name, tuple(findings), notes, _fps(first))


def _run(tracker: Tracker, sequence: Sequence, seed: int) -> _Pass:
    """One pass over a sequence, with the generators seeded as a run seeds them."""
    frames = list(sequence.frames or ())
    seed_generators(seed)
    if isinstance(tracker, capabilities.Seeded):
        tracker.seed(seed)
    started = perf_counter()
    state = tracker.init(frames[0], sequence.boxes[0].copy())
    seconds = [_seconds(tracker, perf_counter() - started)]
    regions, confidences = [], []
    for frame in frames[1:]:
        _ = frame.pixels
        started = perf_counter()
        state, output = tracker.update(state, frame)
        seconds.append(_seconds(tracker, perf_counter() - started))
        regions.append(np.array(output.region, dtype=np.float64).ravel())
        confidences.append(output.confidence)
    return _Pass(tuple(regions), np.array(confidences, dtype=np.float64), np.array(seconds), sequence.boxes[1:])


def _seconds(tracker: Tracker, measured: float) -> float:
    own = capabilities.last_call_of(tracker)
    return measured if own is None else own.seconds


def _answers(first: _Pass) -> Finding:
    boxes = first.boxes
    unusable = ~np.isfinite(boxes).all(axis=1)
    if unusable.any():
        frames = ", ".join(str(row + 2) for row in np.flatnonzero(unusable))
        return Finding("answers", "warning", f"no finite numbers in frame {frames}, which count as failed")
    moved = first.truth[-1] - first.truth[0]
    if np.array_equal(boxes, np.broadcast_to(boxes[0], boxes.shape)):
        text = f"all the same, though the target moved by {moved[0]:g}, {moved[1]:g} pixels"
        return Finding("answers", "warning", text)
    overlap = float(overlaps(boxes[-1:], first.truth[-1:])[0])
    if overlap < _CLEARLY:
        where = ", ".join(f"{value:.1f}" for value in boxes[-1])
        right = ", ".join(f"{value:g}" for value in first.truth[-1])
        return Finding("answers", "warning", f"the target was lost: {where} in the last frame, where it is at {right}")
    return Finding("answers", "fine", f"follow the target, mean overlap {first.overlap:.2f}")


def _boxes(first: _Pass, sequence: Sequence) -> list[Finding]:
    """Whether the answers are x, y, w, h, and counted from 0."""
    boxes, size = first.boxes, sequence.image_size or (0, 0)
    alike = {name: _median_overlap(read(boxes, size), first.truth) for name, read in _READINGS.items()}
    best = max(alike, key=lambda name: alike[name])
    own = _median_overlap(boxes, first.truth)
    if alike[best] > 0.5 and alike[best] > own + _CLEARLY:
        shown = ", ".join(f"{value:.4g}" for value in boxes[0])
        right = ", ".join(f"{value:.4g}" for value in first.truth[0])
        text = f"answers look like {best}; expected x, y, w, h: found {shown} where {right} is right"
        return [Finding("box layout", "wrong", text)]
    layout = Finding("box layout", "fine", "x, y, w, h") if own > 0.5 else None
    offsets = (boxes - first.truth)[: STILL - 1]
    for pixel in (1.0, -1.0):
        if (np.abs(offsets[:, :2] - pixel) < _OFFSET).all() and (np.abs(offsets[:, 2:]) < _OFFSET).all():
            text = (
                f"answers are {pixel:+g}, {pixel:+g} pixels off on a target that rests: boxes are counted from 0 here. "
                "A class that counts from 1 throughout says so with origin = 1; one that does so only where it is "
                f"{'answers' if pixel > 0 else 'is given the box'} needs correcting there."
            )
            return [*([layout] if layout else []), Finding("box origin", "wrong", text)]
    if layout is None:
        return [Finding("box layout", "warning", f"not determined: the answers miss the target (overlap {own:.2f})")]
    dx, dy = np.median(offsets[:, :2], axis=0)
    origin = Finding("box origin", "fine", f"counted from 0; off by {dx:.2f}, {dy:.2f} pixels on a target that rests")
    return [layout, origin]


def _median_overlap(boxes: Boxes, truth: Boxes) -> float:
    return float(np.median(np.nan_to_num(overlaps(boxes, truth))))


def _confidence(first: _Pass) -> Finding:
    given = first.confidences[~np.isnan(first.confidences)]
    if not len(given):
        return Finding("confidence", "fine", "none, which long-term experiments need")
    return Finding("confidence", "fine", f"{given.min():.3g} to {given.max():.3g}")


def _colours(first: _Pass, exchanged: _Pass, tracker: Tracker) -> Finding:
    handed = str(capabilities.facts_of(tracker).get("reads", ""))
    order, other = ("BGR", "RGB") if "BGR" in handed else ("RGB", "BGR")
    figures = f"overlap {first.overlap:.2f} as handed over, {exchanged.overlap:.2f} with red and blue exchanged"
    if exchanged.overlap > first.overlap + _CLEARLY:
        text = (
            f"it follows the target only with red and blue exchanged ({figures}): it expects {other} and is given "
            f"{order}. Convert with image[..., ::-1], or name its style with --style."
        )
        return Finding("colour order", "wrong", text)
    if first.overlap > exchanged.overlap + _CLEARLY:
        return Finding("colour order", "fine", f"{order} is what it expects: {figures}")
    if np.array_equal(first.boxes, exchanged.boxes):
        return Finding("colour order", "fine", "does not matter: the same boxes with red and blue exchanged")
    return Finding("colour order", "fine", f"not determined by its answers, {figures}")


def _sequences(first: _Pass, again: _Pass, fresh: _Pass) -> Finding:
    apart = first.difference(again)
    if apart == 0:
        return Finding("sequences", "fine", "the same answers after another sequence")
    if first.difference(fresh) > 0:
        return Finding("sequences", "warning", "not determined: a fresh tracker answers otherwise too, see determinism")
    text = (
        f"its answers differ by up to {apart:.3g} after another sequence, so something is left of that one. "
        "Make all state anew where a sequence starts."
    )
    return Finding("sequences", "wrong", text)


def _determinism(first: _Pass, fresh: _Pass, other_seed: _Pass, tracker: Tracker) -> Finding:
    declared = bool(tracker.is_deterministic)
    unrepeatable, random = first.difference(fresh), first.difference(other_seed)
    if unrepeatable:
        text = f"a fresh tracker with the same seed answers otherwise, by up to {unrepeatable:.3g}"
    elif random:
        text = f"its answers depend on the seed, by up to {random:.3g}, and are the same for the same seed"
    else:
        text = "the same answers for every seed"
    varies = bool(unrepeatable or random)
    if declared and varies:
        return Finding("determinism", "wrong", f"declared with is_deterministic = True, but {text}")
    if unrepeatable:
        return Finding("determinism", "warning", f"{text}: runs cannot be repeated. Has it a generator of its own?")
    if not declared and not varies:
        hint = "if that is always so, is_deterministic = True spares VOT's experiments up to 14 repetitions"
        return Finding("determinism", "fine", f"{text}, though it does not say so: {hint}")
    said = "as it says" if declared else "and it does not claim otherwise"
    return Finding("determinism", "fine", f"{text}, {said}")


def _fps(first: _Pass) -> float:
    return float(1.0 / max(float(np.median(first.seconds[1:])), 1e-9))


def _speed(first: _Pass) -> Finding:
    rate = _fps(first)
    hours = _FRAMES_OF_OTB2015 / rate / 3600
    much = f"{hours:.1f} h" if hours >= 1 else f"{60 * hours:.0f} min" if hours * 60 >= 1 else "less than a minute"
    shown = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
    text = (
        f"{shown} frames/s (median of 4), {1000 * first.seconds[0]:.3g} ms to start; OTB2015's {_FRAMES_OF_OTB2015:,} "
        f"frames would take {much} one by one"
    )
    return Finding("speed", "warning" if rate < 1 else "fine", text)
