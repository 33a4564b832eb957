"""Whether benchmarks rank trackers alike: Kendall's tau, with an interval over the sequences of both."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.influence import metric_rows
from siamfc_eval.comparison.resampling import Floats, resampling_weights, weighted_scores

_LEAST = 3
"""Trackers that two rankings must share to say anything."""


@dataclass(frozen=True)
class Agreement:
    """How alike two rankings of the same trackers are."""

    first: int
    second: int
    """Which two of the comparisons, counted from 0."""
    trackers: tuple[str, ...]
    """Those that both rank."""
    tau: float
    """Kendall's tau-b of their scores: 1 the same order, 0 none in common, -1 the opposite; NaN of fewer than three."""
    low: float
    """Ends of its interval, where the sequences of both benchmarks are drawn again; NaN where it cannot be had."""
    high: float
    level: float
    p: float
    """That the orders have nothing in common (scipy's test); NaN of fewer than three."""

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        numbers = {"tau": self.tau, "low": self.low, "high": self.high, "p": self.p}
        return {
            "first": self.first,
            "second": self.second,
            "trackers": list(self.trackers),
            "level": self.level,
            **{key: value if math.isfinite(value) else None for key, value in numbers.items()},
        }


def rank_agreement(
    comparisons: Sequence[Comparison], *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> tuple[Agreement, ...]:
    """The agreement of every two comparisons, over the trackers that both rank.

    Args:
        comparisons: of trackers with the same names on different benchmarks, or under different protocols.
        level: of the intervals, which are percentiles of the resamples.
        resamples: of the sequences of each benchmark.
        seed: makes the answer repeatable.
    """
    drawn = [_Drawn(comparison, resamples, seed + number) for number, comparison in enumerate(comparisons)]
    found = []
    for (i, one), (j, other) in itertools.combinations(enumerate(drawn), 2):
        shared = tuple(name for name in one.comparison.ranking if name in other.comparison.ranking)
        tau = low = high = p = math.nan
        if len(shared) >= _LEAST:
            from scipy.stats import kendalltau

            tested = kendalltau(one.values(shared), other.values(shared))
            tau, p = float(tested.statistic), float(tested.pvalue)
            taus = kendall_tau(one.resampled(shared), other.resampled(shared))
            taus = taus[np.isfinite(taus)]
            if len(taus) and min(len(one.comparison.sequences), len(other.comparison.sequences)) > 1:
                low, high = (float(end) for end in np.quantile(taus, [(1 - level) / 2, (1 + level) / 2]))
        found.append(Agreement(i, j, shared, tau, low, high, level, p))
    return tuple(found)


def kendall_tau(first: Floats, second: Floats) -> Floats:
    """Kendall's tau-b of each column (Kendall 1945, with the correction for ties).

    Args:
        first, second: shape (trackers, columns).

    Returns:
        Shape (columns,); NaN where all scores of one are equal.
    """
    pairs = np.triu_indices(len(first), 1)
    one, other = (np.sign(values[pairs[0]] - values[pairs[1]]) for values in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((one * other).sum(axis=0) / np.sqrt((one**2).sum(axis=0) * (other**2).sum(axis=0)))


class _Drawn:
    """A comparison with its scores on resampled sequences, higher is better."""

    def __init__(self, comparison: Comparison, resamples: int, seed: int) -> None:
        self.comparison = comparison
        self._sign = 1.0 if comparison.metric.better == "higher" else -1.0
        self._rows, self._finish = metric_rows(comparison.scores, comparison.metric.key)
        self._weights = resampling_weights(len(comparison.sequences), resamples, seed)

    def values(self, names: Sequence[str]) -> Floats:
        """Shape (trackers,)."""
        return self._sign * np.array([self.comparison.intervals[name].value for name in names])

    def resampled(self, names: Sequence[str]) -> Floats:
        """Shape (trackers, resamples)."""
        return np.stack([self._sign * weighted_scores(self._rows[name], self._weights, self._finish) for name in names])
