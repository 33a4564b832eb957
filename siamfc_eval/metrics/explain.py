"""Why two conventions give one tracker different scores: the rules are changed one at a time."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.gathering import statistics
from siamfc_eval.metrics.scores import Measure, Metric, Mismatch, Runs, Strict
from siamfc_eval.plain_text import few
from siamfc_eval.results.raw import TrackerResults

Floats = NDArray[np.float64]
_EXACT = 6
"""Up to this many rules with an effect, averages over all orders are computed: 64 scorings."""
_OTHER = "other"


@dataclass(frozen=True)
class Step:
    """One rule that differs."""

    rule: str
    """Name of the rule's field; "other" for what no rule explains."""
    effect: str
    """What the rule is about."""
    before: str
    after: str
    differences: Mapping[str, float]
    """Metric key -> by how much the score changes when this rule follows the ones before it."""
    averages: Mapping[str, float] | None
    """Metric key -> the change averaged over all orders of the rules (its Shapley value), which does not depend on
    which rule comes first; None where there are too many rules."""
    sequences: tuple[str, ...]
    """Sequences whose statistics the rule changes."""


@dataclass(frozen=True)
class Explanation:
    """One tracker's scores under two conventions, and the rules between them."""

    tracker: str
    dataset: str
    conventions: tuple[str, str]
    metric: Metric
    """The metric that was asked for."""
    scores: tuple[Mapping[str, float], Mapping[str, float]]
    """Metric key -> score, under either convention."""
    steps: tuple[Step, ...]
    """Rules with an effect on any metric, in the order in which they were changed; differences add up."""
    without_effect: tuple[str, ...]
    """Rules that differ and change nothing for this tracker."""
    notes: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """Second minus first, in the metric that was asked for."""
        key = self.metric.key
        return self.scores[1][key] - self.scores[0][key]

    def to_json(self) -> dict[str, Any]:
        """Plain data; missing numbers are None."""
        return {
            "tracker": self.tracker,
            "dataset": self.dataset,
            "metric": self.metric.key,
            "conventions": list(self.conventions),
            "scores": [_plain(scores) for scores in self.scores],
            "difference": _finite(self.difference),
            "steps": [
                {
                    "rule": step.rule,
                    "effect": step.effect,
                    "before": step.before,
                    "after": step.after,
                    "difference": _finite(step.differences[self.metric.key]),
                    "average": None if step.averages is None else _finite(step.averages[self.metric.key]),
                    "differences": _plain(step.differences),
                    "sequences": list(step.sequences),
                }
                for step in self.steps
            ],
            "without_effect": list(self.without_effect),
            "notes": list(self.notes),
        }


def explain(
    result: TrackerResults,
    dataset: Dataset,
    first: str,
    second: str,
    *,
    metric: str | None = None,
    on_mismatch: Mismatch = "convention",
) -> Explanation:
    """Decompose the difference of a tracker's scores under two conventions, rule by rule.

    Rules are changed in the order in which the conventions declare them, each keeping those before it, so that the
    differences add up to the whole; averages over all orders are given as well.

    Args:
        result: the tracker's runs.
        dataset: the ground truth.
        first, second: names of conventions that read the same kind of runs.
        metric: key of the metric; None: the first that both have.
        on_mismatch: what becomes of files of another length than their sequence.

    Raises:
        UnknownNameError: no such convention or metric.
        InputError: the conventions are not comparable, or one of them refuses the runs.
    """
    measures = tuple(_relaxed(build_measure(name, dataset), on_mismatch) for name in (first, second))
    before, after = measures
    if type(before) is not type(after) or before.protocol != after.protocol:
        raise InputError(
            f"{first} reads {before.protocol} runs and {second} reads {after.protocol} runs. "
            "Choose two conventions for the same kind of runs."
        )
    result = result.readable()
    sequences = [sequence for sequence in dataset if sequence.name in result.runs]
    if not sequences and result.unreadable:
        raise InputError(" ".join(result.unreadable))
    if not sequences:
        raise InputError(f"{result.folder}: no results of {result.name} on {dataset.name}.")
    runs: list[Runs] = [tuple(run.trajectory() for run in result.runs[sequence.name]) for sequence in sequences]
    bench = _Bench(before, after, sequences, runs)
    described = _metric(before, after, metric)
    steps, idle = bench.steps()
    notes: tuple[str, ...] = (f"No result of {few(result.missing)}.",) if result.missing else ()
    notes += tuple(f"Not read: {message}" for message in result.unreadable)
    for measure in measures:
        notes += _remarks(measure, sequences, runs)
    ends = (bench.scores(frozenset()), bench.final())
    return Explanation(
        result.name, dataset.name, (before.convention, after.convention), described, ends, steps, idle, notes
    )


def _remarks(measure: Measure, sequences: list[Sequence], runs: list[Runs]) -> tuple[str, ...]:
    """What a convention says of the runs, e.g. how it takes files of another length: one sentence for each remark."""
    said: dict[str, list[str]] = {}
    for sequence, repetitions in zip(sequences, runs, strict=True):
        for remark in {measure.check(sequence, run) for run in repetitions} if isinstance(measure, Strict) else ():
            if remark:
                said.setdefault(remark, []).append(sequence.name)
    return tuple(f"{measure.convention}, {few(names)}: {remark}." for remark, names in said.items())


def _relaxed(measure: Measure, policy: Mismatch) -> Measure:
    return measure.relaxed(policy) if isinstance(measure, Strict) else measure


def _metric(before: Measure, after: Measure, key: str | None) -> Metric:
    shared = {metric.key for metric in after.metrics}
    known = {metric.key: metric for metric in before.metrics if metric.key in shared}
    if key is None and known:
        return next(iter(known.values()))
    if key is None or key not in known:
        raise UnknownNameError("metric of both conventions", key or "", known)
    return known[key]


class _Bench:
    """Scores one tracker under any mixture of two conventions' rules, each mixture once."""

    def __init__(self, before: Measure, after: Measure, sequences: list[Sequence], runs: list[Runs]) -> None:
        self.before, self.after = before, after
        self.sequences, self.runs = sequences, runs
        fields = dataclasses.fields(before.rules)
        old, new = vars(before.rules), vars(after.rules)
        self.differing = [field.name for field in fields if old[field.name] != new[field.name]]
        self.effects = {field.name: str(field.metadata.get("effect", field.name)) for field in fields}
        self._rows: dict[frozenset[str], Floats] = {}
        self._scores: dict[frozenset[str], dict[str, float]] = {}

    def measure(self, changed: frozenset[str]) -> Measure:
        """The first convention with some of the second's rules."""
        values = vars(self.after.rules)
        rules = dataclasses.replace(self.before.rules, **{name: values[name] for name in changed})
        mixed: Measure = dataclasses.replace(self.before, rules=rules)  # type: ignore[type-var]
        return mixed

    def rows(self, changed: frozenset[str]) -> Floats:
        """Statistics under a mixture, shape (sequences, k)."""
        if changed not in self._rows:
            self._rows[changed] = statistics(self.measure(changed), self.sequences, self.runs)
        return self._rows[changed]

    def scores(self, changed: frozenset[str]) -> dict[str, float]:
        """Metric key -> score under a mixture."""
        if changed not in self._scores:
            total = self.rows(changed).sum(axis=0)
            self._scores[changed] = {key: float(v) for key, v in self.measure(changed).finish(total).items()}
        return self._scores[changed]

    def final(self) -> dict[str, float]:
        """Metric key -> score under the second convention itself."""
        total = statistics(self.after, self.sequences, self.runs).sum(axis=0)
        return {key: float(value) for key, value in self.after.finish(total).items()}

    def steps(self) -> tuple[tuple[Step, ...], tuple[str, ...]]:
        """The rules with an effect, one after another, and the names of those without one."""
        everything = frozenset(self.differing)
        active = [
            name
            for name in self.differing
            if self._differ(frozenset(), frozenset({name})) or self._differ(everything - {name}, everything)
        ]
        averages = self._averages(active) if len(active) <= _EXACT else None
        steps, done = [], frozenset[str]()
        for name in self.differing:
            now = done | {name}
            difference = _difference(self.scores(done), self.scores(now))
            if name in active or any(difference.values()):
                steps.append(
                    Step(
                        name,
                        self.effects[name],
                        str(vars(self.before.rules)[name]),
                        str(vars(self.after.rules)[name]),
                        difference,
                        averages[name] if averages and name in averages else None,
                        self._touched(done, now),
                    )
                )
            done = now
        rest = _difference(self.scores(done), self.final())
        if any(abs(value) > 1e-12 for value in rest.values()):
            steps.append(Step(_OTHER, "what the rules do not name", "", "", rest, None, ()))
        named = {step.rule for step in steps}
        return tuple(steps), tuple(self.effects[name] for name in self.differing if name not in named)

    def _differ(self, one: frozenset[str], other: frozenset[str]) -> bool:
        return any(_difference(self.scores(one), self.scores(other)).values())

    def _averages(self, active: list[str]) -> dict[str, dict[str, float]]:
        """Rule -> metric key -> its change, averaged over all orders of the rules with an effect."""
        idle = frozenset(self.differing) - frozenset(active)
        averages = {}
        for name in active:
            others = [other for other in active if other != name]
            total: dict[str, float] = {}
            for size in range(len(others) + 1):
                weight = 1 / (len(active) * math.comb(len(others), size))
                for chosen in itertools.combinations(others, size):
                    there = idle | frozenset(chosen)
                    for key, value in _difference(self.scores(there), self.scores(there | {name})).items():
                        total[key] = total.get(key, 0.0) + weight * value
            averages[name] = total
        return averages

    def _touched(self, one: frozenset[str], other: frozenset[str]) -> tuple[str, ...]:
        """Sequences whose statistics differ; none where a rule changes what the statistics are."""
        before, after = self.rows(one), self.rows(other)
        if before.shape != after.shape:
            return ()
        changed = ((before != after) & ~(np.isnan(before) & np.isnan(after))).any(axis=1)
        return tuple(sequence.name for sequence, touched in zip(self.sequences, changed, strict=True) if touched)


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """Metric key -> second minus first, of the metrics that both have; 0 where neither has a number."""
    return {
        key: 0.0 if math.isnan(before[key]) and math.isnan(after[key]) else after[key] - before[key]
        for key in before
        if key in after
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: _finite(value) for key, value in values.items()}
