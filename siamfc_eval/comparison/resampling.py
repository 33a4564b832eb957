"""Resampling of sequences: bootstrap intervals on sums of statistics, and correction for many tests.

Sequences are the units that a benchmark samples; frames of one sequence are not independent. A score is a function
(`Measure.finish`) of a sum of per-sequence rows, so a resample is a weight per sequence and all resamples together are
one matrix product. Nothing here knows what a metric is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.scores import Reduction

Floats = NDArray[np.float64]
Finish = Callable[[Floats], Floats]
"""Summed statistics, shape (..., k) -> score, shape (...)."""

_CHUNK_VALUES = 8_000_000
"""Numbers held at once while resampling (64 MB), so that long EAO rows do not multiply memory by the resamples."""
_SAYS_LITTLE = 0.3
_TRIED = 32
"""Resamples on which a coarse form of a score is tried."""
_NEAR = 0.01
"""How far a coarse form may be off, as a share of the spread of what it stands for."""
_ROUNDING = 1e-12


class ConfidenceInterval(NamedTuple):
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


def repetition_weights(weights: Floats, repetitions: list[int], seed: int) -> Floats:
    """A second level of resampling: within each sequence that was drawn, as many of its repetitions as there are.

    Args:
        weights: shape (B, n), how often each sequence was drawn.
        repetitions: of each sequence.
        seed: of the generator.

    Returns:
        Shape (B, sum of repetitions): weights of single repetitions; those of a sequence add up to the sequence's.
    """
    generator = np.random.default_rng(seed)
    parts = []
    for place, count in enumerate(repetitions):
        drawn = (weights[:, place] * count).astype(np.int64)
        parts.append(generator.multinomial(drawn, np.full(count, 1.0 / count)) / count)
    return np.concatenate(parts, axis=1)


def effects(finish: Finish, centre: Floats, moves: Floats) -> Floats:
    """What each move does to a score there and back: shape (n,), from a centre (k,) and moves (n, k)."""
    moved = centre + moves
    there = finish(moved)
    return np.asarray(there - finish(np.subtract(centre, moves, out=moved)))


def near(approximate: Floats, exact: Floats, spread: float) -> bool:
    """Whether an approximation of some random scores, shape (m,), serves as well as they do, given their spread."""
    error = np.abs(approximate - exact).max()
    return bool(error <= _NEAR * spread + _ROUNDING)  # Not where something is NaN.


def weighted_scores(rows: Floats, weights: Floats, finish: Finish, coarse: Reduction | None = None) -> Floats:
    """The score of every weighting of the sequences.

    Args:
        rows: shape (n, k), statistics of each sequence.
        weights: shape (B, n).
        finish: see `Finish`.
        coarse: a rough form of the score. What it lacks is a sum over sequences to first order, which is added: what
            remains is tried on some of the weightings, and where it is a hundredth of the scores' spread, the form is
            not used.

    Returns:
        Shape (B,).
    """
    if coarse is not None and len(weights) > 2 * _TRIED:
        total, short = rows.sum(axis=0), coarse.reduce(rows)
        lacking = (effects(finish, total, rows) - effects(coarse.finish, short.sum(axis=0), short)) / 2
        offset = finish(total) - coarse.finish(short.sum(axis=0)) - lacking.sum()
        approximate = coarse.finish(weights @ short) + weights @ lacking + offset
        tried = finish(weights[:_TRIED] @ rows)
        if near(approximate[:_TRIED], tried, float(np.std(tried))):
            return np.asarray(approximate)
    step = max(1, _CHUNK_VALUES // max(1, rows.shape[1]))
    parts = [finish(weights[start : start + step] @ rows) for start in range(0, len(weights), step)]
    return np.concatenate(parts)


def bca_interval(rows: Floats, resampled: Floats, finish: Finish, level: float) -> ConfidenceInterval:
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
    from scipy.special import ndtr, ndtri

    total = rows.sum(axis=0)
    value = float(finish(total))
    finite = resampled[np.isfinite(resampled)]
    if len(rows) < 2 or finite.size == 0 or not np.isfinite(value):
        return ConfidenceInterval(value, np.nan, np.nan)
    leave_one_out = finish(total - rows)
    deviations = np.nanmean(leave_one_out) - leave_one_out
    scale = np.nansum(deviations**2) ** 1.5
    acceleration = 0.0 if scale == 0 else float(np.nansum(deviations**3) / (6.0 * scale))
    # Ties count half, so that a score that cannot vary has no bias rather than an infinite one.
    below = (np.sum(finite < value) + 0.5 * np.sum(finite == value)) / finite.size
    bias = ndtri(np.clip(below, 0.5 / finite.size, 1 - 0.5 / finite.size))
    bounds = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + ndtri(tail)
        bounds.append(float(np.quantile(finite, ndtr(bias + shifted / (1 - acceleration * shifted)))))
    return ConfidenceInterval(value, bounds[0], bounds[1])


def holm_factors(p_values: Floats) -> Floats:
    """By how much Holm's step-down correction multiplies each p-value (Holm 1979); NaN stays NaN and does not count.

    Args:
        p_values: shape (m,), > 0.

    Returns:
        Shape (m,): `holm` is their product with the p-values, at most 1.
    """
    factors = np.full(len(p_values), np.nan)
    known = np.flatnonzero(np.isfinite(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    adjusted = np.maximum.accumulate(np.arange(len(order), 0, -1) * p_values[order])
    factors[order] = adjusted / p_values[order]
    return factors


def holm(p_values: Floats) -> Floats:
    """p-values after Holm's step-down correction for several tests at once; NaN stays NaN.

    Args:
        p_values: shape (m,), > 0.

    Returns:
        Shape (m,), adjusted p-values in the same order.
    """
    return np.asarray(np.minimum(holm_factors(p_values) * p_values, 1.0))


def tested_interval(value: float, error: float, sequences: int, p: float, alpha: float) -> ConfidenceInterval:
    """The interval of a difference that goes with its test: it contains 0 exactly where p >= alpha.

    It holds the differences that the swap test would not reject at alpha. Were the difference d, swapping would give a
    spread of sqrt(error^2 + (value - d)^2 / n), from which the bounds follow in closed form; the spread is scaled such
    that at d = 0 it gives the p-value that the test found.

    Args:
        value: the difference, >= 0.
        error: its standard error, from the bootstrap.
        sequences: n.
        p: two-sided p-value of the test.
        alpha: the level at which it is tested, after any correction.

    Returns:
        NaN bounds where so few sequences cannot bound the difference at that level.
    """
    from scipy.special import ndtri

    if not np.isfinite([value, error, p]).all():
        return ConfidenceInterval(value, np.nan, np.nan)
    wanted, found = -float(ndtri(alpha / 2)), -float(ndtri(p / 2))
    # Where p is large it says little of the spread, and what it says is mostly chance.
    scale = found * np.hypot(error, value / sequences**0.5) / value if value > 0 and p < _SAYS_LITTLE else 1.0
    room = scale**2 - wanted**2 / sequences
    if room <= 0:
        return ConfidenceInterval(value, np.nan, np.nan)
    half = wanted * error / room**0.5
    if p >= alpha:
        half = max(half, value)
    return ConfidenceInterval(value, float(value - half), float(value + half))
