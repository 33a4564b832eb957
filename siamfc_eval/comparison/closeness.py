"""What a test of two trackers does not say: whether they are the same in practice, and what would settle it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from siamfc_eval.comparison.compare import ALPHA, Comparison
from siamfc_eval.comparison.influence import all_pseudo_values
from siamfc_eval.comparison.resampling import Floats

MARGIN = 0.01
"""A difference of scores below which trackers count as the same, where nobody says otherwise."""
POWER = 0.8
"""The probability of finding a difference that is called enough."""
_MOST = 100_000
"""Sequences beyond which it is only said that as many are not enough."""
_DRAWS = 400
_TAKEN = 20_000_000
"""Numbers drawn at once, at most."""


@dataclass(frozen=True)
class Closeness:
    """Two trackers whose difference is known to some extent."""

    better: str
    worse: str
    difference: float
    margin: float
    equivalence_p: float
    """p of two one-sided tests that the difference is the margin or more, in either direction (TOST: Schuirmann 1987);
    NaN of fewer than two sequences."""
    sequences: int
    sequences_needed: float
    """Sequences like these, in all, on which a test of these two alone finds the observed difference with a probability
    of `POWER`; infinite where there is none to be found, NaN where it cannot be told."""

    def same(self, alpha: float = ALPHA) -> bool:
        """Whether they are shown to be within the margin."""
        return bool(self.equivalence_p < alpha)

    @property
    def sequences_more(self) -> float:
        """How many more sequences than there are."""
        return max(self.sequences_needed - self.sequences, 0.0)

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is infinite or not known is None."""
        return {
            "better": self.better,
            "worse": self.worse,
            "difference": _plain(self.difference),
            "margin": self.margin,
            "equivalence_p": _plain(self.equivalence_p),
            "equivalent": self.same(),
            "power": POWER,
            "sequences": self.sequences,
            "sequences_needed": _plain(self.sequences_needed),
        }


def closeness(
    comparison: Comparison, pairs: tuple[tuple[str, str], ...], *, margin: float = MARGIN, seed: int = 0
) -> tuple[Closeness, ...]:
    """What is to be said of pairs of trackers beside whether they differ.

    Args:
        comparison: of the trackers.
        pairs: names; the order does not matter.
        margin: of the metric, within which two trackers are the same.
        seed: of the resamples.
    """
    values = all_pseudo_values(comparison.scores, comparison.metric.key)
    sign = 1.0 if comparison.metric.better == "higher" else -1.0
    found = []
    for pair in pairs:
        # Best first; equal scores stay in the order of their names.
        better, worse = sorted(pair, key=comparison.ranking.index)
        differences = sign * (values[better] - values[worse])
        found.append(
            Closeness(
                better=better,
                worse=worse,
                difference=_difference(comparison, better, worse),
                margin=margin,
                equivalence_p=equivalence_p(differences, margin),
                sequences=len(differences),
                sequences_needed=sequences_needed(differences, seed=seed),
            )
        )
    return tuple(found)


def _difference(comparison: Comparison, first: str, second: str) -> float:
    sign = 1.0 if comparison.metric.better == "higher" else -1.0
    return sign * (comparison.intervals[first].value - comparison.intervals[second].value)


def equivalence_p(differences: Floats, margin: float) -> float:
    """p of two one-sided paired t tests that the mean difference is not within the margin.

    Args:
        differences: shape (sequences,), of scores or pseudo-values.
        margin: > 0.
    """
    from scipy.special import stdtr

    count = len(differences)
    if count < 2 or not np.isfinite(differences).all():
        return math.nan
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / math.sqrt(count)
    if error == 0:
        return 0.0 if abs(mean) < margin else 1.0
    return float(stdtr(count - 1, (abs(mean) - margin) / error))


def power(differences: Floats, sequences: int, *, alpha: float = ALPHA, seed: int = 0) -> float:
    """The probability that a paired t test on so many sequences like these finds a difference in this direction.

    Args:
        differences: shape (n,), of sequences that are there; they are drawn with replacement.
        sequences: how many are drawn.
        alpha: level of the two-sided test.
        seed: of the draws.
    """
    from scipy.special import stdtrit

    count = len(differences)
    generator = np.random.default_rng(seed)
    needed = float(stdtrit(sequences - 1, 1.0 - alpha / 2))
    # What is drawn of each sequence is all that its mean and spread depend on.
    step = max(1, _TAKEN // count)
    hits = 0
    for start in range(0, _DRAWS, step):
        drawn = generator.multinomial(sequences, np.full(count, 1.0 / count), size=min(step, _DRAWS - start))
        means = drawn @ differences / sequences
        spread = np.maximum(drawn @ differences**2 / sequences - means**2, 0.0) * (sequences / (sequences - 1))
        # Where all that was drawn is alike, any difference is found.
        hits += int(np.sum((means > 0) & (means >= needed * np.sqrt(spread / sequences))))
    return hits / _DRAWS


def sequences_needed(differences: Floats, *, alpha: float = ALPHA, wanted: float = POWER, seed: int = 0) -> float:
    """The least number of sequences on which `power` is what is wanted: infinite where 100,000 are not enough.

    Args:
        differences: shape (n,), with the mean that is to be found.
        alpha: level of the test.
        wanted: the power.
        seed: of the draws.
    """
    count = len(differences)
    if count < 3 or not np.isfinite(differences).all():
        return math.nan
    if differences.mean() <= 0:
        return math.inf
    if power(differences, _MOST, alpha=alpha, seed=seed) < wanted:
        return math.inf
    low, high = 2, _MOST
    while high - low > max(1, low // 50):
        middle = math.isqrt(low * high) if high > 2 * low else (low + high) // 2
        middle = min(max(middle, low + 1), high - 1)
        if power(differences, middle, alpha=alpha, seed=seed) < wanted:
            low = middle
        else:
            high = middle
    return float(high)


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class PairDetails:
    """Where two trackers differ."""

    closeness: Closeness
    deciding: tuple[tuple[str, float], ...]
    """Sequence -> what it adds to the difference, the largest part first, whatever its direction."""
    reversed_without: tuple[str, ...]
    """The fewest sequences without which the other tracker would be ahead; empty where the difference is none."""
    attributes: Mapping[str, tuple[int, int, int]]
    """Attribute -> sequences with it on which the better tracker scores better, worse, and equal."""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.closeness.to_json(),
            "deciding": [{"sequence": name, "adds": value} for name, value in self.deciding],
            "reversed_without": list(self.reversed_without),
            "attributes": {
                name: {"wins": wins, "losses": losses, "ties": ties}
                for name, (wins, losses, ties) in self.attributes.items()
            },
        }


def pair_details(
    comparison: Comparison, first: str, second: str, *, margin: float = MARGIN, seed: int = 0
) -> PairDetails:
    """Where and by how much two trackers differ, sequence by sequence and attribute by attribute.

    Args:
        comparison: of these trackers, and maybe others.
        first, second: names.
        margin: as for `closeness`.
        seed: of the resamples.

    Raises:
        UnknownNameError: a name is not among the ranked trackers.
    """
    from siamfc_eval.errors import UnknownNameError

    for name in (first, second):
        if name not in comparison.ranking:
            raise UnknownNameError("ranked tracker", name, comparison.ranking)
    close = closeness(comparison, ((first, second),), margin=margin, seed=seed)[0]
    values = all_pseudo_values(comparison.scores, comparison.metric.key)
    sign = 1.0 if comparison.metric.better == "higher" else -1.0
    # Shares of the difference: they add up to it, but for the bias of a score that is no mean.
    adds = sign * (values[close.better] - values[close.worse]) / close.sequences
    order = np.argsort(-np.abs(np.nan_to_num(adds)), kind="stable")
    names = comparison.sequences
    return PairDetails(
        closeness=close,
        deciding=tuple((names[i], float(adds[i])) for i in order.tolist()),
        reversed_without=tuple(names[i] for i in _reversing(comparison, close, adds)),
        attributes=_by_attribute(comparison, close.better, close.worse),
    )


def _reversing(comparison: Comparison, close: Closeness, adds: Floats) -> list[int]:
    """Indices of sequences to leave out, those that add most first, until the other tracker is ahead."""
    from siamfc_eval.comparison.influence import metric_rows

    rows, finish = metric_rows(comparison.scores, comparison.metric.key)
    sign = 1.0 if comparison.metric.better == "higher" else -1.0
    order = [i for i in np.argsort(-np.nan_to_num(adds), kind="stable").tolist() if adds[i] > 0]
    if not close.difference > 0:
        return []
    ahead, behind = rows[close.better].sum(axis=0), rows[close.worse].sum(axis=0)
    for count, place in enumerate(order, start=1):
        ahead, behind = ahead - rows[close.better][place], behind - rows[close.worse][place]
        if sign * float(finish(ahead) - finish(behind)) < 0:
            return order[:count]
    return []


def _by_attribute(comparison: Comparison, better: str, worse: str) -> dict[str, tuple[int, int, int]]:
    """Wins, losses and ties on the sequences that have each attribute."""
    key = comparison.metric.key
    sign = 1.0 if comparison.metric.better == "higher" else -1.0
    scores = comparison.scores
    found = {}
    for attribute, members in scores.attribute_members.items():
        there = [name for name in members if name in comparison.sequences]
        margins = [
            sign * (scores.trackers[better].sequences[name][key] - scores.trackers[worse].sequences[name][key])
            for name in there
        ]
        wins, losses = sum(value > 0 for value in margins), sum(value < 0 for value in margins)
        found[attribute] = (wins, losses, sum(value == 0 for value in margins))
    return found
