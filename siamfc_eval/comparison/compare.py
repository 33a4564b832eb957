"""Trackers compared on one metric: intervals, pairwise tests and ranks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ldexp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.comparison.comparable import Common, common_sequences, restricted
from siamfc_eval.comparison.permutation import SwapTest
from siamfc_eval.comparison.resampling import (
    ConfidenceInterval,
    Finish,
    Floats,
    bca_interval,
    holm_factors,
    repetition_weights,
    resampling_weights,
    tested_interval,
    weighted_scores,
)
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.metrics.scores import Coarsened, Measure, Metric, Reducible, Reduction, Scores
from siamfc_eval.plain_text import counted, few

ALPHA = 0.05
"""The level of significance."""
_CLEAR = ALPHA / 1000
"""A rough p-value that is between this and 1 after correction is estimated again, precisely."""
_EQUAL = 1e-12
"""Scores that differ by less share a rank."""


@dataclass(frozen=True)
class Pair:
    """Two trackers on the same sequences; `better` has the better score."""

    better: str
    worse: str
    difference: ConfidenceInterval
    """Score of `better` minus score of `worse`; the interval, at the level that Holm's correction leaves to this pair,
    contains 0 exactly where the difference is not significant. NaN bounds: too few sequences to bound it."""
    p: float
    """Two-sided paired permutation test."""
    p_adjusted: float
    """The same after Holm's correction over all pairs."""
    wins: int
    """Sequences on which `better` scores better."""
    losses: int
    ties: int
    resolved: bool = True
    """False: the p-values are only known to be below what they say."""

    def significant(self, alpha: float = ALPHA) -> bool:
        """True where the adjusted p-value is below alpha."""
        return bool(self.p_adjusted < alpha)


@dataclass(frozen=True)
class Comparison:
    """What can be said of several trackers on one metric."""

    metric: Metric
    dataset: str
    signature: str
    ranking: tuple[str, ...]
    """Best first."""
    ranks: Mapping[str, int]
    """Tracker -> rank; 1 is first, and equal scores share the better rank."""
    intervals: Mapping[str, ConfidenceInterval]
    rank_intervals: Mapping[str, tuple[int, int]]
    """Tracker -> (best, worst) rank that the bootstrap leaves open at the level; its rank is among them."""
    first_place: Mapping[str, float]
    """Tracker -> share of the resamples in which it is first."""
    pairs: tuple[Pair, ...]
    """Every pair, in the order of the ranking."""
    sequences: tuple[str, ...]
    """The sequences that everything here is over: all ranked trackers have them."""
    excluded: tuple[str, ...]
    """Sequences left out because a ranked tracker has no result there."""
    level: float
    resamples: int
    seed: int
    scores: Scores
    """Of the ranked trackers, over `sequences`."""
    apart: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Trackers that are not ranked -> the sequences that they lack."""
    repeated: tuple[str, ...] = ()
    """Trackers of whose sequences repetitions are resampled, too."""

    @property
    def smallest_p(self) -> float:
        """The smallest p-value that a test on so many sequences can give."""
        return min(1.0, ldexp(1.0, 1 - len(self.sequences)))

    @property
    def too_few(self) -> bool:
        """Whether so few sequences can show no difference at all, however large, after correction."""
        return len(self.pairs) * self.smallest_p >= ALPHA

    def undecided(self, name: str) -> tuple[str, ...]:
        """The trackers from which one has no significant difference, in the order of the ranking; itself left out."""
        open_pairs = [(pair.better, pair.worse) for pair in self.pairs if not pair.significant()]
        others = {a if b == name else b for a, b in open_pairs if name in (a, b)}
        return tuple(other for other in self.ranking if other in others)

    def method(self) -> str:
        """How the numbers were made."""
        over = f"{counted(len(self.sequences), 'sequence')}"
        intervals = (
            f"{self.level:.0%} BCa bootstrap intervals over {over} ({self.resamples} resamples, seed {self.seed})"
        )
        if self.repeated:
            intervals += f", of {few(self.repeated)} over their repetitions too"
        if not self.pairs:
            return f"{intervals}."
        tests = "exact, by importance sampling, or a normal tail where no swap gets there"
        corrected = f" with Holm's correction over {len(self.pairs)} pairs" if len(self.pairs) > 1 else ""
        return (
            f"{intervals}; two-sided paired permutation tests ({tests}){corrected}. The interval of a difference is at "
            "its corrected level and contains 0 exactly where the difference is not significant."
        )

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; NaN becomes None."""
        return {
            "metric": self.metric.key,
            "dataset": self.dataset,
            "signature": self.signature,
            "method": self.method(),
            "sequences": len(self.sequences),
            "excluded": list(self.excluded),
            "smallest_p": self.smallest_p,
            "trackers": {
                name: {
                    **_interval_json(self.intervals[name]),
                    "rank": self.ranks[name],
                    "rank_interval": list(self.rank_intervals[name]),
                    "first_place": self.first_place[name],
                    "repetitions_resampled": name in self.repeated,
                    "no_significant_difference": list(self.undecided(name)),
                }
                for name in self.ranking
            },
            "apart": {name: {"missing": list(missing)} for name, missing in self.apart.items()},
            "pairs": [
                {
                    "better": pair.better,
                    "worse": pair.worse,
                    "difference": _interval_json(pair.difference),
                    "p": _plain(pair.p),
                    "p_adjusted": _plain(pair.p_adjusted),
                    "p_resolved": pair.resolved,
                    "significant": pair.significant(),
                    "wins": pair.wins,
                    "losses": pair.losses,
                    "ties": pair.ties,
                }
                for pair in self.pairs
            ],
        }


def compare(
    scores: Scores, metric: str | None = None, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Comparison:
    """Compare the trackers of `scores` on one metric.

    All numbers are over the same sequences; see `common_sequences` for which, and for the trackers that are set apart.

    Args:
        scores: with the statistics of each sequence.
        metric: key of the metric; None takes the measure's first.
        level: of the intervals of scores and ranks.
        resamples: of the bootstrap.
        seed: makes the answer repeatable.

    Raises:
        UnknownNameError: the measure has no such metric.
        IncompleteError: no sequence has results of every ranked tracker.
    """
    described = {entry.key: entry for entry in scores.measure.metrics}
    key = metric if metric is not None else scores.measure.metrics[0].key
    if key not in described:
        raise UnknownNameError("metric", key, described)
    common = common_sequences(scores)
    over = restricted(scores, common)
    rows, finish, coarse = _rows(over, common, key)
    sums = {name: np.asarray(over.trackers[name].statistics).sum(axis=0) for name in rows}
    totals = {name: float(scores.measure.finish(total)[key]) for name, total in sums.items()}
    sign = 1.0 if described[key].better == "higher" else -1.0
    ranking = tuple(sorted(rows, key=lambda name: (_last_if_nan(-sign * totals[name]), name)))
    ranks = _ranks(ranking, totals)
    count = int(common.shared.sum())
    weights, test = resampling_weights(count, resamples, seed), SwapTest(count, finish, seed, coarse)
    repeated = _repetitions(over, ranking, key)
    resampled = np.stack(
        [
            weighted_scores(rows[name], weights, finish, coarse)
            if name not in repeated
            else weighted_scores(
                np.concatenate(repeated[name]),
                repetition_weights(weights, [len(part) for part in repeated[name]], seed),
                finish,
                coarse,
            )
            for name in ranking
        ]
    )
    drawn = _resampled_ranks(sign * resampled)
    tails = [(1 - level) / 2 * 100, (1 + level) / 2 * 100]
    bounds = np.percentile(drawn, tails, axis=1, method="nearest").astype(int)
    return Comparison(
        metric=described[key],
        dataset=scores.dataset,
        signature=scores.signature,
        ranking=ranking,
        ranks=ranks,
        intervals={
            name: bca_interval(rows[name], resampled[i], finish, level)._replace(value=totals[name])
            for i, name in enumerate(ranking)
        },
        rank_intervals={
            name: (min(int(bounds[0, i]), ranks[name]), max(int(bounds[1, i]), ranks[name]))
            for i, name in enumerate(ranking)
        },
        first_place={name: float(np.mean(drawn[i] == 1)) for i, name in enumerate(ranking)},
        pairs=_pairs({name: rows[name] for name in ranking}, resampled, test, sign),
        sequences=tuple(name for name, there in zip(scores.sequences, common.shared, strict=True) if there),
        excluded=_lacking(scores, common),
        level=level,
        resamples=resamples,
        seed=seed,
        scores=over,
        apart={name: scores.missing(name) for name in common.apart},
        repeated=tuple(repeated),
    )


def _repetitions(over: Scores, ranking: tuple[str, ...], key: str) -> dict[str, list[Floats]]:
    """Tracker -> of each sequence the rows of its repetitions, no more of them than the metric needs."""
    measure: Measure = over.measure
    reduce = measure.reduced(key).reduce if isinstance(measure, Reducible) else lambda rows: rows
    found = {name: over.trackers[name].repetitions for name in ranking}
    return {name: [np.asarray(reduce(part)) for part in parts] for name, parts in found.items() if parts}


def _rows(over: Scores, common: Common, key: str) -> tuple[dict[str, Floats], Finish, Reduction | None]:
    """The statistics of each tracker on the common sequences, no more of them than the metric needs, its rule, and a
    coarse form of it."""
    measure: Measure = over.measure
    rows = {name: np.asarray(over.trackers[name].statistics, dtype=np.float64) for name in common.trackers}
    if isinstance(measure, Reducible):
        reduction = measure.reduced(key)
        coarse = measure.coarser(key) if isinstance(measure, Coarsened) else None
        return {name: reduction.reduce(row) for name, row in rows.items()}, reduction.finish, coarse

    def finish(statistics: Floats) -> Floats:
        return np.asarray(measure.finish(statistics)[key], dtype=np.float64)

    return rows, finish, None


def _lacking(scores: Scores, common: Common) -> tuple[str, ...]:
    return tuple(name for name, there in zip(scores.sequences, common.shared, strict=True) if not there)


def _ranks(ranking: tuple[str, ...], totals: Mapping[str, float]) -> dict[str, int]:
    """Ranks from the order and the scores; equal scores share the better rank."""
    ranks: dict[str, int] = {}
    for position, name in enumerate(ranking):
        before = ranking[position - 1] if position else name
        shared = position > 0 and abs(totals[name] - totals[before]) <= _EQUAL
        ranks[name] = ranks[before] if shared else position + 1
    return ranks


def _pairs(rows: Mapping[str, Floats], resampled: Floats, test: SwapTest, sign: float) -> tuple[Pair, ...]:
    """Every pair of trackers; `rows` best first, `resampled` of shape (trackers, resamples) in the same order."""
    names = list(rows)
    count = len(next(iter(rows.values())))
    each = [sign * test.finish(row) for row in rows.values()]
    totals = [float(test.finish(row.sum(axis=0))) for row in rows.values()]
    errors = _errors(resampled)
    combinations = list(itertools.combinations(range(len(names)), 2))
    found = [test(rows[names[a]], rows[names[b]], rough=True) for a, b in combinations]
    factors = holm_factors(np.array([entry.p for entry in found]))
    for i, (a, b) in enumerate(combinations):
        if _CLEAR < factors[i] * found[i].p < 1:
            found[i] = test(rows[names[a]], rows[names[b]])
    factors = holm_factors(np.array([entry.p for entry in found]))
    pairs = []
    for (a, b), entry, factor in zip(combinations, found, factors.tolist(), strict=True):
        value = totals[a] - totals[b]
        interval = tested_interval(abs(value), float(errors[a, b]), count, entry.p, ALPHA / factor)
        if value < 0:
            interval = ConfidenceInterval(value, -interval.high, -interval.low)
        margin = each[a] - each[b]
        pairs.append(
            Pair(
                better=names[a],
                worse=names[b],
                difference=interval,
                p=entry.p,
                p_adjusted=min(1.0, factor * entry.p) if np.isfinite(entry.p) else np.nan,
                wins=int(np.sum(margin > 0)),
                losses=int(np.sum(margin < 0)),
                ties=int(np.sum(margin == 0)),
                resolved=entry.resolved,
            )
        )
    return tuple(pairs)


def _errors(resampled: Floats) -> Floats:
    """Bootstrap standard errors of all differences, shape (trackers, trackers), from (trackers, resamples)."""
    finite = resampled[:, np.isfinite(resampled).all(axis=0)]
    if finite.shape[1] == 0:
        return np.full((len(resampled), len(resampled)), np.nan)
    centred = finite - finite.mean(axis=1, keepdims=True)
    products = centred @ centred.T / finite.shape[1]
    variance = np.diag(products)[:, None] + np.diag(products)[None, :] - 2 * products
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _resampled_ranks(scores: Floats) -> NDArray[np.int64]:
    """Ranks within each column of (trackers, resamples), 1 for the greatest; ties share the better rank."""
    filled = np.where(np.isnan(scores), np.inf, -scores).T
    order = np.argsort(filled, axis=1)
    ascending = np.take_along_axis(filled, order, axis=1)
    places = np.zeros(filled.shape, dtype=np.int64)
    places[:, 1:] = np.where(ascending[:, 1:] != ascending[:, :-1], np.arange(1, filled.shape[1]), 0)
    ranks = np.empty_like(places)
    np.put_along_axis(ranks, order, np.maximum.accumulate(places, axis=1) + 1, axis=1)
    return ranks.T


def _last_if_nan(value: float) -> float:
    return np.inf if np.isnan(value) else value


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval_json(interval: ConfidenceInterval) -> dict[str, float | None]:
    return {"value": _plain(interval.value), "low": _plain(interval.low), "high": _plain(interval.high)}
