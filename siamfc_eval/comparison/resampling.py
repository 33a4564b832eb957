"""Resampling of sequences: bootstrap intervals and paired permutation tests on sums of statistics.

Sequences are the units that a benchmark samples; frames of one sequence are not independent. A score is a function
(`Measure.finish`) of a sum of per-sequence rows, so a resample is a weight per sequence and all resamples together are
one matrix product. Nothing here knows what a metric is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Finish = Callable[[Floats], Floats]
"""Summed statistics, shape (..., k) -> score, shape (...)."""

_CHUNK_VALUES = 8_000_000
"""Numbers held at once while resampling (64 MB), so that long EAO rows do not multiply memory by the resamples."""


class Interval(NamedTuple):
    """A score with its confidence interval."""

    value: float
    low: float
    high: float


def resampling_weights(sequences: int, resamples: int, seed: int) -> Floats:
    """How often each sequence is drawn in each bootstrap resample.

    Args:
        sequences: number of sequences n.
        resamples: number of resamples B.
        seed: of the generator; the same weights serve every tracker, which keeps comparisons paired.

    Returns:
        Shape (B, n), rows summing to n.
    """
    generator = np.random.default_rng(seed)
    counts = generator.multinomial(sequences, np.full(sequences, 1.0 / sequences), size=resamples)
    return counts.astype(np.float64)


def weighted_scores(rows: Floats, weights: Floats, finish: Finish) -> Floats:
    """The score of every weighting of the sequences.

    Args:
        rows: shape (n, k), statistics of each sequence.
        weights: shape (B, n).
        finish: see `Finish`.

    Returns:
        Shape (B,).
    """
    step = max(1, _CHUNK_VALUES // max(1, rows.shape[1]))
    parts = [finish(weights[start : start + step] @ rows) for start in range(0, len(weights), step)]
    return np.concatenate(parts)


def bca_interval(rows: Floats, resampled: Floats, finish: Finish, level: float) -> Interval:
    """Bias-corrected and accelerated bootstrap interval (Efron 1987).

    Args:
        rows: shape (n, k), statistics of each sequence.
        resampled: shape (B,), scores of the resamples.
        finish: see `Finish`.
        level: e.g. 0.95.

    Returns:
        The score of all sequences and its interval; NaN bounds where there are fewer than two sequences or the
        resamples are not finite.
    """
    from scipy.stats import norm

    total = rows.sum(axis=0)
    value = float(finish(total))
    finite = resampled[np.isfinite(resampled)]
    if len(rows) < 2 or finite.size == 0 or not np.isfinite(value):
        return Interval(value, np.nan, np.nan)
    leave_one_out = finish(total - rows)
    deviations = np.nanmean(leave_one_out) - leave_one_out
    scale = np.nansum(deviations**2) ** 1.5
    acceleration = 0.0 if scale == 0 else float(np.nansum(deviations**3) / (6.0 * scale))
    # Ties count half, so that a score that cannot vary has no bias rather than an infinite one.
    below = (np.sum(finite < value) + 0.5 * np.sum(finite == value)) / finite.size
    bias = norm.ppf(np.clip(below, 0.5 / finite.size, 1 - 0.5 / finite.size))
    bounds = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + norm.ppf(tail)
        bounds.append(float(np.quantile(finite, norm.cdf(bias + shifted / (1 - acceleration * shifted)))))
    return Interval(value, bounds[0], bounds[1])


def paired_permutation(rows_a: Floats, rows_b: Floats, finish: Finish, permutations: int, seed: int) -> float:
    """Two-sided p-value of the difference of two trackers' scores, by swapping them within sequences.

    Under the hypothesis that the two are exchangeable on every sequence, each of the 2^n swaps is equally likely.
    All of them are tried when they are no more than `permutations`; otherwise that many are drawn, and the observed one
    counts among them (Phipson and Smyth 2010), so that p is never 0.

    Args:
        rows_a, rows_b: shape (n, k), statistics of each sequence.
        finish: see `Finish`.
        permutations: most swaps to try.
        seed: of the generator.

    Returns:
        p in (0, 1]; NaN where a score is not finite.
    """
    count = len(rows_a)
    sum_a, sum_b = rows_a.sum(axis=0), rows_b.sum(axis=0)
    observed = float(finish(sum_a) - finish(sum_b))
    if not np.isfinite(observed):
        return float("nan")
    exhaustive = 2**count <= permutations
    if exhaustive:
        swaps = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)
    else:
        swaps = np.random.default_rng(seed).integers(0, 2, size=(permutations, count)).astype(np.float64)
    difference = rows_b - rows_a
    extreme = 0
    step = max(1, _CHUNK_VALUES // max(1, rows_a.shape[1]))
    for start in range(0, len(swaps), step):
        moved = swaps[start : start + step] @ difference
        swapped = finish(sum_a + moved) - finish(sum_b - moved)
        # Rounding must not turn a tie with the observed difference into a miss.
        extreme += int(np.sum(np.abs(swapped) >= abs(observed) - 1e-12))
    return extreme / len(swaps) if exhaustive else (extreme + 1) / (len(swaps) + 1)


def holm(p_values: Floats) -> Floats:
    """Holm's step-down correction for several tests at once (Holm 1979); NaN stays NaN and does not count.

    Args:
        p_values: shape (m,).

    Returns:
        Shape (m,), adjusted p-values in the same order.
    """
    adjusted = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p_values[order]), 1.0)
    return adjusted
