"""Average ranks over sequences and which of them differ: Friedman with Nemenyi, and Wilcoxon with Holm.

Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 2006, whose data sets are sequences here;
and Benavoli, Corani and Mangili, "Should We Really Use Post-Hoc Tests Based on Mean-Ranks?", JMLR 2016, who prefer
Wilcoxon's test, as Nemenyi's says something else of two trackers when others join.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.comparison.compare import ALPHA, Comparison
from siamfc_eval.comparison.resampling import Floats, holm

Group = tuple[str, ...]
_LEAST = 2
"""Trackers and sequences that ranks can be compared of."""


@dataclass(frozen=True)
class RankComparison:
    """What a critical-difference diagram shows."""

    average_ranks: Mapping[str, float]
    """Tracker -> mean of its ranks over sequences, best first; equal scores share the mean of their ranks."""
    sequences: int
    """Sequences on which every tracker has a score; ranks are over these."""
    friedman_p: float
    """That all trackers are alike; NaN of fewer than three trackers or two sequences."""
    critical_difference: float
    """Nemenyi's: average ranks that differ by more differ significantly; NaN as above."""
    nemenyi_groups: tuple[Group, ...]
    """Trackers among which no two differ by Nemenyi's test, in the order of ranks; the largest such groups."""
    wilcoxon_groups: tuple[Group, ...]
    """The same by Wilcoxon's signed-rank test with Holm's correction over all pairs."""
    wilcoxon_p: Mapping[tuple[str, str], float] = field(repr=False)
    """Pair, the one with the better rank first -> p after correction."""
    alpha: float = ALPHA

    def to_json(self) -> dict[str, Any]:
        """Plain data; NaN becomes None."""
        return {
            "alpha": self.alpha,
            "sequences": self.sequences,
            "average_ranks": dict(self.average_ranks),
            "friedman_p": _plain(self.friedman_p),
            "critical_difference": _plain(self.critical_difference),
            "nemenyi_groups": [list(group) for group in self.nemenyi_groups],
            "wilcoxon_holm_groups": [list(group) for group in self.wilcoxon_groups],
            "wilcoxon_holm_p": [
                {"better": better, "worse": worse, "p_adjusted": _plain(p)}
                for (better, worse), p in self.wilcoxon_p.items()
            ],
        }


def compare_ranks(comparison: Comparison, alpha: float = ALPHA) -> RankComparison | None:
    """Ranks of the trackers on each sequence, and which differ; None of a single tracker.

    Args:
        comparison: of the trackers, whose metric ranks them; sequences on which one has no score of it are left out.
        alpha: the level of the tests.
    """
    names = list(comparison.ranking)
    if len(names) < _LEAST:
        return None
    sign = -1.0 if comparison.metric.better == "higher" else 1.0
    key = comparison.metric.key
    scores = np.array(
        [
            [comparison.scores.trackers[name].sequences.get(each, {}).get(key, np.nan) for each in comparison.sequences]
            for name in names
        ]
    )
    scores = sign * scores[:, np.isfinite(scores).all(axis=0)]
    count = scores.shape[1]
    if count == 0:
        return None
    averages = rank_means(scores)
    order = np.argsort(averages, kind="stable")
    ordered = [names[i] for i in order]
    means = averages[order]
    difference = critical_difference(len(names), count, alpha) if count >= _LEAST and len(names) > _LEAST else math.nan
    pairs = list(itertools.combinations(range(len(names)), 2))
    p = holm(wilcoxon_p(np.array([scores[order[a]] - scores[order[b]] for a, b in pairs])))
    found = {(ordered[a], ordered[b]): float(value) for (a, b), value in zip(pairs, p.tolist(), strict=True)}
    return RankComparison(
        average_ranks=dict(zip(ordered, means.tolist(), strict=True)),
        sequences=count,
        friedman_p=friedman_p(scores),
        critical_difference=difference,
        nemenyi_groups=_groups(ordered, lambda a, b: not means[b] - means[a] > difference) if difference > 0 else (),
        wilcoxon_groups=_groups(ordered, lambda a, b: not found[ordered[a], ordered[b]] < alpha),
        wilcoxon_p=found,
        alpha=alpha,
    )


def rank_means(losses: Floats) -> Floats:
    """Shape (trackers,): mean ranks over sequences of (trackers, sequences), 1 for the least; ties share their mean."""
    return np.asarray(_ranks(losses.T).mean(axis=0))


def friedman_p(losses: Floats) -> float:
    """p of Friedman's test with the correction for ties; NaN of fewer than three trackers or two sequences."""
    from scipy.special import chdtrc

    trackers, count = losses.shape
    if trackers <= _LEAST or count < _LEAST:
        return math.nan
    ranks = _ranks(losses.T).T
    ties = sum(float(np.sum(size**3 - size)) for size in (np.unique(line, return_counts=True)[1] for line in ranks.T))
    correction = 1.0 - ties / (trackers * (trackers**2 - 1) * count)
    if correction <= 0:
        return 1.0  # All scores are equal on every sequence.
    sums = ranks.sum(axis=1)
    statistic = 12.0 / (trackers * count * (trackers + 1)) * float(sums @ sums) - 3.0 * count * (trackers + 1)
    return float(chdtrc(trackers - 1, statistic / correction))


def critical_difference(trackers: int, sequences: int, alpha: float = ALPHA) -> float:
    """Nemenyi's critical difference of average ranks (Demšar 2006, section 3.2.2)."""
    return _range_quantile(trackers, alpha) / math.sqrt(2.0) * math.sqrt(trackers * (trackers + 1) / (6.0 * sequences))


def wilcoxon_p(differences: Floats) -> Floats:
    """Two-sided p of Wilcoxon's signed-rank test of each pair, zeros left out.

    Exact up to 50 sequences without ties, else by the normal approximation with the correction for ties.

    Args:
        differences: shape (pairs, sequences).

    Returns:
        Shape (pairs,); 1 where two trackers are equal everywhere.
    """
    from scipy.special import ndtr

    different = differences != 0
    counts = different.sum(axis=1)
    size = np.where(different, np.abs(differences), np.inf)
    ranks = np.where(different, _ranks(size), 0.0)
    expected = counts * (counts + 1) / 4.0
    below = np.where(differences < 0, ranks, 0.0).sum(axis=1)
    ties = np.array([_tied(line[there]) for line, there in zip(ranks, different, strict=True)])
    variance = counts * (counts + 1) * (2 * counts + 1) / 24.0 - ties / 48.0
    with np.errstate(invalid="ignore", divide="ignore"):
        p = np.where(counts > 0, 2.0 * ndtr(-np.abs(below - expected) / np.sqrt(variance)), 1.0)
    few = np.flatnonzero((counts > 0) & (counts <= _EXACT) & (ties == 0))
    if few.size:
        from scipy.stats import wilcoxon  # It takes a second to load, which larger benchmarks need not wait for.
    for place in few.tolist():
        p[place] = wilcoxon(differences[place][different[place]], method="exact").pvalue
    return np.asarray(np.minimum(p, 1.0))


_EXACT = 50
"""Sequences up to which Wilcoxon's test is exact, as scipy has it."""


def _ranks(values: Floats) -> Floats:
    """Ranks along the last axis, 1 for the least; equal values share the mean of their ranks."""
    order = np.argsort(values, axis=-1, kind="stable")
    ordered = np.take_along_axis(values, order, axis=-1)
    places = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    begins = np.ones(values.shape, dtype=np.bool_)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    ends = np.ones(values.shape, dtype=np.bool_)
    ends[..., :-1] = begins[..., 1:]
    first = np.maximum.accumulate(np.where(begins, places, 0), axis=-1)
    last = np.minimum.accumulate(np.where(ends, places, values.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2.0 + 1.0, axis=-1)
    return ranks


def _range_quantile(count: int, alpha: float) -> float:
    """What the range of so many standard normal numbers exceeds with probability alpha, to 1e-9.

    The studentized range with infinitely many degrees of freedom; `scipy.stats` takes a second to load for it.
    """
    from scipy.special import ndtr

    step = 0.005
    least = np.arange(-9.0, 9.0, step)
    density = np.exp(-(least**2) / 2) / math.sqrt(2 * math.pi)
    low, high = 0.0, 20.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        within = float(np.sum(density * (ndtr(least + middle) - ndtr(least)) ** (count - 1))) * count * step
        low, high = (middle, high) if within < 1.0 - alpha else (low, middle)
    return high


def _tied(ranks: Floats) -> float:
    sizes: NDArray[np.int64] = np.unique(ranks, return_counts=True)[1]
    return float(np.sum(sizes**3 - sizes))


def _groups(names: list[str], alike: Any) -> tuple[Group, ...]:
    """The longest stretches of neighbours in which every two are alike, of two or more."""
    found: list[tuple[int, int]] = []
    for first in range(len(names)):
        last = first
        while last + 1 < len(names) and all(alike(other, last + 1) for other in range(first, last + 1)):
            last += 1
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return tuple(tuple(names[first : last + 1]) for first, last in found)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
