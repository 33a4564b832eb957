"""The form in which scores travel from the metrics to comparison and reporting.

A *measure* turns one tracker's results on one sequence into a vector of sufficient statistics, and any sum of such
vectors into scores. Means over sequences, attribute subsets, curves and bootstraps are all sums of rows.
"""

from __future__ import annotations

import collections.abc
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.protocols.trajectory import Trajectory

Runs = collections.abc.Sequence[Trajectory]
"""What one tracker left on one sequence: one trajectory for each repetition, segment or anchor, in order."""


class RefusedError(InputError):
    """A run that a convention has no rule for. Said of many files, the reason differs and the remedy is said once."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


Mismatch = Literal["convention", "strict", "pad", "truncate"]
"""What becomes of runs whose length is not the sequence's: what the convention does with them (some refuse them, some
tolerate them, which is said of each file), always refused, missing frames fail, or frames count as far as both go."""


def refuse_length(rows: int, frames: int, sequence: str, convention: str, policy: Mismatch) -> RefusedError:
    """The error of a run of another length, which says who refuses it and what can be done."""
    remedy = (
        "--on-mismatch=strict refuses files of another length; --on-mismatch=convention does with them what "
        f"{convention} does"
        if policy == "strict"
        else f"{convention} scores only files of the same length"
    )
    return RefusedError(
        f"{counted(rows, 'line')} for the {counted(frames, 'frame')} of {sequence}",
        f"{remedy}. Run the sequence again, or score what is there: --on-mismatch=pad lets missing frames fail, "
        "--on-mismatch=truncate scores what both have.",
    )


@dataclass(frozen=True)
class Metric:
    """A number that a measure yields, described once for every table, plot and report."""

    key: str
    """Stable identifier in JSON, e.g. "success_auc"."""
    label: str
    """What a reader sees, e.g. "Success AUC"."""
    better: Literal["higher", "lower"]
    low: float = 0.0
    """Least possible value."""
    high: float = 1.0
    """Greatest possible value; may be infinite."""
    digits: int = 3
    """Decimals to print."""
    unit: str = ""
    definition: str = ""
    """What it measures, in one or two sentences."""
    formula: str = ""
    """How it comes about, in plain text; the rules of a convention decide what counts."""
    source: str = ""
    """Where it was defined."""

    @property
    def title(self) -> str:
        """The label with the unit, for headings and axes."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label

    def within(self, low: float, high: float) -> tuple[float, float]:
        """A range of values, cut to those that the metric can have; plots draw no others."""
        return max(low, self.low), min(high, self.high)

    def to_json(self) -> dict[str, object]:
        """What a reader of numbers must know of them; an end of the range that is infinite is None."""
        low, high = (bound if math.isfinite(bound) else None for bound in (self.low, self.high))
        return {
            "key": self.key,
            "label": self.label,
            "better": self.better,
            "low": low,
            "high": high,
            "unit": self.unit,
        }

    def explained(self) -> dict[str, object]:
        """The same with its definition, its formula and where it was defined."""
        return {**self.to_json(), "definition": self.definition, "formula": self.formula, "source": self.source}


@dataclass(frozen=True, eq=False)
class CurveAxis:
    """A curve that a measure yields: where it is sampled, and how it is drawn and ranked."""

    key: str
    """Stable identifier, e.g. "success"."""
    title: str
    x: NDArray[np.float64]
    """Shape (k,): the thresholds or sequence lengths at which the curve is given."""
    x_label: str
    y_label: str
    ranked_by: str
    """Key of the metric that orders the legend."""
    averaged: tuple[float, float] | None = None
    """The part of x over which that metric averages the curve, where that is not all of it; plots shade it."""
    fills: bool = False
    """Curves stay far from the greatest value of that metric, so plots end where the highest curve does."""


class Measure(Protocol):
    """One family of metrics under one convention, e.g. OPE under `otb-matlab` or supervised VOT under `vot-official`.

    A measure may also offer more, which is used where it is there: `statistics_many`, for one that is faster on
    all sequences of a tracker at once, `tag_statistics`, for one whose data set tags frames, and `check` and `relaxed`,
    for one that refuses runs which do not fit (`Batched`, `Tagged` and `Strict` below).
    """

    @property
    def convention(self) -> str:
        """Name of the convention."""
        ...

    @property
    def rules(self) -> Any:
        """The rules of the convention: a frozen dataclass, one field for each rule.

        `metrics.explain` changes its fields one at a time; a field's `metadata["effect"]` says in a few words what the
        rule is about.
        """
        ...

    @property
    def protocol(self) -> str:
        """Kind of the protocol whose runs it reads, see `siamfc_eval.protocols.table`."""
        ...

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics, the one to rank by first."""
        ...

    @property
    def curves(self) -> tuple[CurveAxis, ...]:
        """The curves."""
        ...

    @property
    def pins(self) -> Mapping[str, str]:
        """What the signature names besides convention, ground truth and version, e.g. {"thr": "21", "cmp": "gt"}."""
        ...

    def statistics(self, sequence: Sequence, runs: Runs) -> NDArray[np.float64]:
        """The sufficient statistics of one tracker on one sequence.

        Args:
            sequence: the ground truth.
            runs: at least one trajectory, one for each repetition (or segment, or anchor).

        Returns:
            Shape (k,): a row that adds up over sequences.

        Raises:
            InputError: the runs do not fit the sequence and the convention has no rule for that.
        """
        ...

    def finish(self, statistics: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Scores from summed statistics.

        Args:
            statistics: shape (..., k), sums of rows of the statistics.

        Returns:
            metric key -> shape (...); NaN where the statistics are empty.
        """
        ...

    def finish_curves(self, statistics: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Curve key -> shape (..., points), from summed statistics of shape (..., k)."""
        ...


@runtime_checkable
class Batched(Protocol):
    """A measure that computes many sequences at once."""

    def statistics_many(
        self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]
    ) -> NDArray[np.float64]:
        """`statistics` of each pair, shape (sequences, k)."""
        ...


@runtime_checkable
class Prepared(Protocol):
    """A measure that is quicker when it has seen all of a tracker's runs before it is asked for their statistics."""

    def prepare(self, sequences: collections.abc.Sequence[Sequence], runs: collections.abc.Sequence[Runs]) -> None:
        """See the runs of each sequence; changes nothing but the time that their statistics take."""
        ...


@runtime_checkable
class Tagged(Protocol):
    """A measure that has scores over the frames that carry a tag, such as VOT's "occlusion"."""

    def tag_statistics(self, sequence: Sequence, runs: Runs) -> Mapping[str, NDArray[np.float64]]:
        """Tag -> shape (k,): rows that add up over sequences as those of `statistics` do; "all" has that row itself."""
        ...


@runtime_checkable
class Strict(Protocol):
    """A measure that looks at runs before it scores them, and that takes a rule for files of another length."""

    def check(self, sequence: Sequence, run: Trajectory) -> str:
        """What a reader of the scores should know of this run, as a sentence without a full stop; "" if it fits.

        Raises:
            RefusedError: the convention has no rule for this run, e.g. it is shorter than the sequence.
        """
        ...

    def relaxed(self, policy: Mismatch) -> Measure:
        """The same convention with another rule for runs of another length, see `Mismatch`; itself for "convention"."""
        ...


class Reduction(NamedTuple):
    """What one metric needs of the statistics."""

    reduce: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Rows of shape (..., k) -> shorter ones of shape (..., j), which add up as well."""
    finish: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    """Sums of shorter rows, shape (..., j) -> the metric, shape (...)."""


@runtime_checkable
class Reducible(Protocol):
    """A measure whose metrics need only a part of its rows: what resamples thousands of times carries no more."""

    def reduced(self, metric: str) -> Reduction:
        """What the metric of this key needs."""
        ...


@runtime_checkable
class Coarsened(Protocol):
    """A reducible measure with a metric of long rows, of which a rough form is nearly as good to resample."""

    def coarser(self, metric: str) -> Reduction | None:
        """From rows that `Reducible.reduced` made shorter to yet shorter ones; None: the metric has no such form.

        Its score need not be near to the metric, but has to bend as the metric does when the sums change: resampling
        corrects what differs linearly, and does without where that is not enough.
        """
        ...


class Part(NamedTuple):
    """Neighbouring columns of a row of statistics and what numbers they are, for those who keep rows in little room."""

    key: str
    width: int
    kind: Literal["counts", "numbers", "steps", "means"] = "numbers"
    """Counts of frames or rates of them, which rise or fall along the part; any numbers; numbers that stay the same for
    long; or running means over 1, 2, ... frames."""
    exact: tuple[int, int] = (0, 0)
    """Of running means: the columns whose sums over sequences decide a score."""


@runtime_checkable
class Laid(Protocol):
    """A measure that says what is in a row of its statistics."""

    @property
    def layout(self) -> tuple[Part, ...]:
        """The parts of a row, in order; their widths add up to its length."""
        ...


@dataclass(frozen=True)
class Gap:
    """Something that makes a score be over less than everything, or over what was changed."""

    kind: Literal["missing", "repaired", "unscored", "no ground truth", "benchmark", "left out"]
    """A tracker has no result of sequences; runs of another length were padded or cut; files or a tracker could not be
    scored; sequences have no ground truth; the data are not the whole benchmark; sequences were left out so that all
    trackers are over the same."""
    text: str
    """What to tell, in a sentence."""
    tracker: str = ""
    """Whose score it is; "" where it is everyone's."""
    sequences: tuple[str, ...] = ()
    """Those that it is of, where it is known."""

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"kind": self.kind, "tracker": self.tracker, "sequences": list(self.sequences), "text": self.text}


@dataclass(frozen=True, eq=False)
class TrackerScores:
    """The scores of one tracker."""

    name: str
    values: Mapping[str, float]
    """Metric key -> score over the whole data set; NaN where it cannot be had."""
    sequences: Mapping[str, Mapping[str, float]]
    """Sequence -> metric key -> score."""
    curves: Mapping[str, NDArray[np.float64]]
    """Curve key -> shape (points,)."""
    attributes: Mapping[str, Mapping[str, float]]
    """Attribute or tag -> metric key -> score over the sequences (or frames) that have it."""
    attribute_curves: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(default_factory=dict)
    """Attribute -> curve key -> shape (points,)."""
    statistics: NDArray[np.float64] | None = None
    """Shape (sequences, k): the rows that `Measure.finish` sums, in the order of `Scores.sequences`; NaN: missing."""
    repetitions: tuple[NDArray[np.float64], ...] = ()
    """Of each sequence shape (repetitions, k): the rows of single repetitions, whose mean is the sequence's row; empty
    where they were not asked for, or are all the same."""
    speed: Mapping[str, float] = field(default_factory=dict)
    """Named speeds in frames per second, e.g. {"fps_total": frames / seconds, "fps_mean": mean of 1/t}."""
    timed: tuple[Mapping[str, str], ...] = ()
    """How the times behind `speed` were measured: "hardware", "device", "engine" and "precision" as far as they are
    known, once for each way; always one target at a time."""
    notes: tuple[str, ...] = ()
    """What was detected or assumed in this tracker's files, one sentence each."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of several trackers on one data set under one convention."""

    dataset: str
    convention: str
    signature: str
    """Pins the definition of every number, e.g. "otb2015|conv:otb-matlab|thr:21|cmp:gt|gt:<hash>|v:0.1.0"."""
    measure: Measure
    sequences: tuple[str, ...]
    """The sequences that the scores are over."""
    trackers: Mapping[str, TrackerScores]
    incomplete: tuple[str, ...] = ()
    """What is missing or was repaired, one sentence each; not empty means that some number is not over everything."""
    gaps: tuple[Gap, ...] = ()
    """The same for programs, in the same order, and after it which files had been repaired before, on request."""
    attribute_source: str = ""
    """Which attribute table was used; "" if none."""
    attribute_counts: Mapping[str, int] = field(default_factory=dict)
    """Attribute -> number of sequences (or frames) that have it."""
    attribute_members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Attribute -> the sequences that have it; empty where frames are tagged, and where only statistics are at hand."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Anything else that a report may show: versions, hardware, commands."""

    @property
    def marked(self) -> Mapping[str, tuple[Gap, ...]]:
        """Trackers whose own scores are not over everything, or over what was changed -> why; tables mark them."""
        of: dict[str, tuple[Gap, ...]] = {}
        for gap in self.gaps:
            if gap.tracker in self.trackers:
                of[gap.tracker] = (*of.get(gap.tracker, ()), gap)
        return of

    def missing(self, tracker: str) -> tuple[str, ...]:
        """The sequences that a tracker has no result of; its scores are over the others."""
        rows = self.trackers[tracker].statistics
        if rows is None:
            return ()
        lost = np.asarray(np.isnan(rows).any(axis=1))
        return tuple(name for name, is_lost in zip(self.sequences, lost, strict=True) if is_lost)

    def to_json(self) -> dict[str, object]:
        """Plain data for programs, as `score --json` prints it; missing numbers are None.

        The layout is stable: `{"dataset", "convention", "signature", "incomplete", "metrics": [{"key", "label",
        "better", "low", "high", "unit"}], "trackers": {name: {metric: value, ..., "sequences": {sequence: {metric:
        value}}, "attributes": {...}, "speed": {...}, "timed": [...], "notes": [...], "missing": [sequence, ...]}}}`.
        """
        return {
            "dataset": self.dataset,
            "convention": self.convention,
            "signature": self.signature,
            "incomplete": list(self.incomplete),
            "gaps": [gap.to_json() for gap in self.gaps],
            "attribute_source": self.attribute_source,
            "metrics": [metric.to_json() for metric in self.measure.metrics],
            "trackers": {
                name: {
                    **_plain(tracker.values),
                    "sequences": {sequence: _plain(values) for sequence, values in tracker.sequences.items()},
                    "attributes": {attribute: _plain(values) for attribute, values in tracker.attributes.items()},
                    "speed": _plain(tracker.speed),
                    "timed": [dict(way) for way in tracker.timed],
                    "notes": list(tracker.notes),
                    "missing": list(self.missing(name)),
                }
                for name, tracker in self.trackers.items()
            },
        }


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}
