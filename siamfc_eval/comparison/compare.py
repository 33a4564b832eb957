"""Trackers compared on one metric: intervals, pairwise tests and ranks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from siamfc_eval.comparison.resampling import (
    Finish,
    Floats,
    Interval,
    bca_interval,
    holm,
    paired_permutation,
    resampling_weights,
    weighted_scores,
)
from siamfc_eval.errors import IncompleteError, UnknownNameError
from siamfc_eval.metrics.scores import Metric, Scores


@dataclass(frozen=True)
class Pair:
    """Two trackers on the same sequences; `better` has the better score."""

    better: str
    worse: str
    difference: Interval
    """Score of `better` minus score of `worse`, with its bootstrap interval."""
    p: float
    """Two-sided paired permutation test."""
    p_adjusted: float
    """The same after Holm's correction over all pairs."""
    wins: int
    """Sequences on which `better` scores better."""
    losses: int
    ties: int

    def significant(self, alpha: float = 0.05) -> bool:
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
    intervals: Mapping[str, Interval]
    rank_intervals: Mapping[str, tuple[int, int]]
    """Tracker -> (best, worst) rank that the bootstrap leaves open at the level; 1 is first."""
    first_place: Mapping[str, float]
    """Tracker -> share of the resamples in which it is first."""
    pairs: tuple[Pair, ...]
    """Every pair, in the order of the ranking."""
    sequences: tuple[str, ...]
    excluded: tuple[str, ...]
    """Sequences left out because a tracker has no result there."""
    level: float
    resamples: int
    seed: int

    def method(self) -> str:
        """One sentence that says how the numbers were made."""
        return (
            f"{self.level:.0%} BCa bootstrap intervals over {len(self.sequences)} sequences "
            f"({self.resamples} resamples, seed {self.seed}); two-sided paired permutation tests "
            f"with Holm's correction over {len(self.pairs)} pairs."
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
            "trackers": {
                name: {
                    **_interval_json(self.intervals[name]),
                    "rank": position + 1,
                    "rank_interval": list(self.rank_intervals[name]),
                    "first_place": self.first_place[name],
                }
                for position, name in enumerate(self.ranking)
            },
            "pairs": [
                {
                    "better": pair.better,
                    "worse": pair.worse,
                    "difference": _interval_json(pair.difference),
                    "p": _plain(pair.p),
                    "p_adjusted": _plain(pair.p_adjusted),
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
    """Compare all trackers of `scores` on one metric.

    Sequences that some tracker has no result on are left out for all, and named in the answer: a paired comparison
    needs the same sequences on both sides.

    Args:
        scores: with the statistics of each sequence.
        metric: key of the metric; None takes the measure's first.
        level: of the intervals.
        resamples: of the bootstrap, and most permutations of each test.
        seed: makes the answer repeatable.

    Raises:
        UnknownNameError: the measure has no such metric.
        IncompleteError: no sequence has results of every tracker.
    """
    described = {entry.key: entry for entry in scores.measure.metrics}
    key = metric if metric is not None else scores.measure.metrics[0].key
    if key not in described:
        raise UnknownNameError("metric", key, described)
    chosen = described[key]

    def finish(statistics: Floats) -> Floats:
        return np.asarray(scores.measure.finish(statistics)[key], dtype=np.float64)

    rows, kept, excluded = _common_rows(scores)
    totals = {name: float(finish(row.sum(axis=0))) for name, row in rows.items()}
    sign = 1.0 if chosen.better == "higher" else -1.0
    ranking = tuple(sorted(rows, key=lambda name: (_last_if_nan(-sign * totals[name]), name)))
    weights = resampling_weights(len(kept), resamples, seed)
    resampled = {name: weighted_scores(rows[name], weights, finish) for name in ranking}
    ranks = _resampled_ranks(np.stack([sign * resampled[name] for name in ranking]))
    tails = [(1 - level) / 2 * 100, (1 + level) / 2 * 100]
    bounds = np.percentile(ranks, tails, axis=1, method="nearest").astype(int)
    return Comparison(
        metric=chosen,
        dataset=scores.dataset,
        signature=scores.signature,
        ranking=ranking,
        intervals={name: bca_interval(rows[name], resampled[name], finish, level) for name in ranking},
        rank_intervals={name: (int(bounds[0, i]), int(bounds[1, i])) for i, name in enumerate(ranking)},
        first_place={name: float(np.mean(ranks[i] == 1)) for i, name in enumerate(ranking)},
        pairs=_pairs(ranking, rows, resampled, finish, sign, level=level, permutations=resamples, seed=seed),
        sequences=kept,
        excluded=excluded,
        level=level,
        resamples=resamples,
        seed=seed,
    )


def _common_rows(scores: Scores) -> tuple[dict[str, Floats], tuple[str, ...], tuple[str, ...]]:
    """Statistics of the sequences that every tracker has; the names kept and the names left out."""
    statistics = {}
    for name, tracker in scores.trackers.items():
        if tracker.statistics is None:
            raise IncompleteError(
                f"{name}: no per-sequence statistics, so nothing can be resampled. Score its raw results again."
            )
        statistics[name] = np.asarray(tracker.statistics, dtype=np.float64)
    if not statistics:
        why = " ".join(scores.incomplete) or "there are no results."
        raise IncompleteError(f"{scores.dataset}: no tracker could be scored, so nothing can be compared: {why}")
    present = np.all([~np.isnan(rows).any(axis=1) for rows in statistics.values()], axis=0)
    kept = tuple(name for name, there in zip(scores.sequences, present, strict=True) if there)
    excluded = tuple(name for name, there in zip(scores.sequences, present, strict=True) if not there)
    if not kept:
        raise IncompleteError(
            f"{scores.dataset}: no sequence has results of all of {', '.join(statistics)}. "
            "Compare fewer trackers or run the missing ones."
        )
    return {name: rows[present] for name, rows in statistics.items()}, kept, excluded


def _pairs(
    ranking: tuple[str, ...],
    rows: Mapping[str, Floats],
    resampled: Mapping[str, Floats],
    finish: Finish,
    sign: float,
    *,
    level: float,
    permutations: int,
    seed: int,
) -> tuple[Pair, ...]:
    each = {name: sign * finish(rows[name]) for name in ranking}
    combinations = list(itertools.combinations(ranking, 2))
    p_values = np.array([paired_permutation(rows[a], rows[b], finish, permutations, seed) for a, b in combinations])
    pairs = []
    for (better, worse), p, adjusted in zip(combinations, p_values, holm(p_values), strict=True):
        joined = np.concatenate([rows[better], rows[worse]], axis=1)
        half = rows[better].shape[1]

        def difference(statistics: Floats, half: int = half) -> Floats:
            return np.asarray(finish(statistics[..., :half]) - finish(statistics[..., half:]))

        margin = each[better] - each[worse]
        pairs.append(
            Pair(
                better=better,
                worse=worse,
                difference=bca_interval(joined, resampled[better] - resampled[worse], difference, level),
                p=float(p),
                p_adjusted=float(adjusted),
                wins=int(np.sum(margin > 0)),
                losses=int(np.sum(margin < 0)),
                ties=int(np.sum(margin == 0)),
            )
        )
    return tuple(pairs)


def _resampled_ranks(scores: Floats) -> Floats:
    """Ranks within each column of (trackers, resamples), 1 for the greatest; ties share the better rank."""
    from scipy.stats import rankdata

    filled = np.where(np.isnan(scores), -np.inf, scores)
    return np.asarray(rankdata(-filled, method="min", axis=0))


def _last_if_nan(value: float) -> float:
    return np.inf if np.isnan(value) else value


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _interval_json(interval: Interval) -> dict[str, float | None]:
    return {"value": _plain(interval.value), "low": _plain(interval.low), "high": _plain(interval.high)}
