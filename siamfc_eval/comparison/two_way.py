"""Two-way analysis over sequences: what each of two factors does, such as head and backbone, when all else is alike.

Trackers that cross two factors (every head on every backbone) say more of each factor than their pairwise comparisons
do: the effect of a head is the mean over the backbones, on each sequence, so that what a backbone or a sequence does to
both cancels. Sequences are the units, as everywhere in this package: differences are tested by swapping the two levels
on whole sequences (`SwapTest`), and intervals go with the test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from siamfc_eval.comparison.permutation import SwapTest
from siamfc_eval.comparison.resampling import (
    ConfidenceInterval,
    Floats,
    holm_factors,
    resampling_weights,
    tested_interval,
    weighted_scores,
)
from siamfc_eval.errors import InputError


class Effect(NamedTuple):
    """The difference between two levels of a factor."""

    factor: str
    first: str
    second: str
    within: str
    """Level of the other factor; empty: the mean over its levels, the main effect."""
    difference: ConfidenceInterval
    """Mean over sequences of the first level's score less the second's; its interval contains 0 exactly where `p_holm`
    is at least 1 - level."""
    p: float
    """Two-sided, of the paired permutation test over sequences."""
    p_holm: float
    """After Holm's correction over the effects of this factor that are of the same kind (main, or within)."""


def two_way(
    scores: Mapping[tuple[str, str], Floats],
    factors: tuple[str, str],
    *,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> list[Effect]:
    """The effects of two factors: between each two levels over all levels of the other factor, then within each.

    Where an effect within the levels differs much from one to the next, the factors interact, and the main effect is
    the mean of unlike things.

    Args:
        scores: (level of the first factor, level of the second) -> shape (n,): the score of that tracker on each
            sequence, in the same order of sequences everywhere. Order of levels is that of their first appearance.
        factors: names of the two.
        level: of the intervals.
        resamples: of the bootstrap.
        seed: of swaps and resamples.

    Returns:
        All effects, those of the first factor first, main effects before those within a level.

    Raises:
        InputError: a combination of levels is missing, a factor has one level, or the scores' shapes differ.
    """
    firsts, seconds = (list(dict.fromkeys(cell[axis] for cell in scores)) for axis in (0, 1))
    table = _table(scores, firsts, seconds, factors)
    analysis = _Analysis(table.shape[-1], level, resamples, seed)
    found = analysis.of_factor(factors[0], firsts, seconds, table)
    return found + analysis.of_factor(factors[1], seconds, firsts, table.swapaxes(0, 1))


def _table(
    scores: Mapping[tuple[str, str], Floats], firsts: Sequence[str], seconds: Sequence[str], factors: tuple[str, str]
) -> Floats:
    """Shape (first levels, second levels, n)."""
    for factor, levels in zip(factors, (firsts, seconds), strict=True):
        if len(levels) < 2:
            raise InputError(f"{factor} has the level {', '.join(levels) or 'none'} only; an effect needs two of them.")
    missing = [f"{first} with {second}" for first in firsts for second in seconds if (first, second) not in scores]
    if missing:
        raise InputError(
            f"{factors[0]} and {factors[1]} are not crossed: there is no {'; no '.join(missing)}. Leave a level out, "
            "or add these trackers."
        )
    lengths = {len(values) for values in scores.values()}
    if len(lengths) > 1 or lengths == {0}:
        raise InputError(f"scores on {', '.join(map(str, sorted(lengths)))} sequences; expected the same ones for all.")
    return np.array([[scores[first, second] for second in seconds] for first in firsts], dtype=np.float64)


class _Analysis:
    """Tests and intervals of mean differences over the same sequences."""

    def __init__(self, sequences: int, level: float, resamples: int, seed: int) -> None:
        def mean(total: Floats) -> Floats:
            return np.asarray(total[..., 0] / sequences)

        self._finish, self._level = mean, level
        self._test = SwapTest(sequences, mean, seed)
        self._weights = resampling_weights(sequences, resamples, seed)

    def of_factor(self, factor: str, levels: list[str], others: list[str], table: Floats) -> list[Effect]:
        """Main effects of the factor along the first axis of a table, then those within each level of the other."""
        found = self._effects(factor, levels, {"": table.mean(axis=1)})
        return found + self._effects(factor, levels, {other: table[:, k] for k, other in enumerate(others)})

    def _effects(self, factor: str, levels: list[str], means: Mapping[str, Floats]) -> list[Effect]:
        """Differences between each two levels, from scores of shape (levels, n) under the name that is `within`."""
        pairs = [(i, j) for i in range(len(levels)) for j in range(i + 1, len(levels))]
        cells = [(within, i, j, rows[i] - rows[j]) for within, rows in means.items() for i, j in pairs]
        found = np.array(
            [self._test(rows[i][:, None], rows[j][:, None]).p for rows in means.values() for i, j in pairs]
        )
        factors = holm_factors(found)
        return [
            Effect(factor, levels[i], levels[j], within, self._interval(rows, p, by), p, min(p * by, 1.0))
            for (within, i, j, rows), p, by in zip(cells, found.tolist(), factors.tolist(), strict=True)
        ]

    def _interval(self, differences: Floats, p: float, factor: float) -> ConfidenceInterval:
        """The interval that goes with a test whose p-value is multiplied by a factor."""
        value = float(differences.mean())
        error = float(np.std(weighted_scores(differences[:, None], self._weights, self._finish)))
        interval = tested_interval(abs(value), error, len(differences), p, (1.0 - self._level) / factor)
        return interval if value >= 0 else ConfidenceInterval(value, -interval.high, -interval.low)
