"""What a report says first: the findings in sentences; and what was noticed in the results, gathered."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from siamfc_eval.comparison.compare import ALPHA, Comparison, Pair
from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.metrics.scores import Scores, Tagged
from siamfc_eval.plain_text import counted
from siamfc_eval.reporting.tables import cell_text, p_text

_SHOWN = 4
"""Names in one sentence."""
_LEAST_SEQUENCES = 5
"""Sequences that must have an attribute for it to be called the weakest."""
_LEAST_FRAMES = 500
"""Frames that must carry a tag for it to be called the weakest."""


def findings(scores: Scores, comparison: Comparison | None) -> tuple[str, ...]:
    """The main findings, one sentence each, the most important first.

    Nothing is claimed that the tests do not carry: a lead that may be chance is called that.
    """
    if comparison is None or not comparison.ranking:
        return ()
    digits, label = comparison.metric.digits, comparison.metric.label
    leader = comparison.ranking[0]
    first = [name for name in comparison.ranking if comparison.ranks[name] == 1]
    verb = "has" if len(first) == 1 else "share"
    score = _with_interval(comparison.intervals[leader], digits)
    best = f"{_listed(first)} {verb} the best {label}" if len(comparison.ranking) > 1 else f"{label} of {leader}"
    sentences = [f"{best}: {score}.", *_against_leader(comparison)]
    # How many sequences have an attribute is known of the data set; a tracker that lacks some has fewer.
    weakest = "" if scores.missing(leader) else _weakest_attribute(comparison.scores, leader)
    if weakest:
        sentences.append(weakest)
    return (*sentences, *_completeness(scores, comparison))


def headline(comparison: Comparison | None) -> str:
    """The main finding in a few words, for a heading; "" where there is none."""
    if comparison is None or not comparison.ranking:
        return ""
    first = [name for name in comparison.ranking if comparison.ranks[name] == 1]
    label, leader = comparison.metric.label, comparison.ranking[0]
    if len(comparison.ranking) == 1:
        return f"{leader}: {label} {_with_interval(comparison.intervals[leader], comparison.metric.digits)}"
    if len(first) > 1:
        return f"{_listed(first)} share the best {label}"
    if comparison.too_few:
        return f"{leader} has the best {label}; too few sequences to show that it is better"
    alike = comparison.undecided(leader)
    if not alike:
        others = comparison.ranking[1] if len(comparison.ranking) == 2 else "all others"
        return f"{leader} is best, significantly better than {others}"
    verb = "is" if len(alike) == 1 else "are"
    return f"{leader} is best; {_listed(alike)} {verb} not significantly different"


def standing_of(comparison: Comparison | None, names: Sequence[str]) -> tuple[str, ...]:
    """Where some trackers stand, a sentence each; those that are first or not ranked are left to `findings`.

    Args:
        comparison: the ranking.
        names: of the trackers, e.g. one's own.
    """
    if comparison is None:
        return ()
    total = len(comparison.ranking)
    sentences = []
    for name in names:
        rank = comparison.ranks.get(name, 1)
        if rank == 1:
            continue
        low, high = comparison.rank_intervals[name]
        between = f" ({low} to {high} by the bootstrap)" if low != high else ""
        alike = [] if comparison.too_few else list(comparison.undecided(name))
        said = f"; no significant difference from {_listed(alike)}" if alike else ""
        sentences.append(f"{name} is number {rank} of {total}{between}{said}.")
    return tuple(sentences)


def gathered_notes(scores: Scores) -> tuple[str, ...]:
    """What was noticed in the trackers' files, each note once, with the trackers that it holds for."""
    holders: dict[str, list[str]] = {}
    for name, tracker in scores.trackers.items():
        for note in tracker.notes:
            holders.setdefault(note, []).append(name)
    everyone = len(scores.trackers)
    return tuple(f"{_holders(names, everyone)}: {note}" for note, names in holders.items())


def _holders(names: Sequence[str], everyone: int) -> str:
    if len(names) == 1:
        return names[0]
    return f"all {everyone} trackers" if len(names) == everyone else f"{len(names)} trackers ({_listed(names)})"


def _against_leader(comparison: Comparison) -> list[str]:
    """How the leader stands to the others."""
    pairs = [pair for pair in comparison.pairs if pair.better == comparison.ranking[0]]
    if not pairs:
        return []
    count, digits = len(comparison.sequences), comparison.metric.digits
    if comparison.too_few:
        noun = "sequence" if count == 1 else "sequences"
        smallest = cell_text(comparison.smallest_p, 3)
        tests = len(comparison.pairs)
        corrected = f" before correction for {tests} pairs" if tests > 1 else ""
        level = cell_text(ALPHA, 2)
        return [
            f"{count} {noun} cannot show a difference at {level}: the smallest possible p is {smallest}{corrected}."
        ]
    beaten = [pair for pair in pairs if pair.significant()]
    undecided = [pair for pair in pairs if not pair.significant()]
    sentences = []
    if beaten:
        sentences.append(f"It is significantly better than {_pairs(beaten, digits)}.")
    if undecided:
        sentences.append(
            f"There is no significant difference from {_pairs(undecided, digits)} on {counted(count, 'sequence')}."
        )
    return sentences


def _completeness(scores: Scores, comparison: Comparison) -> list[str]:
    """What the comparison is not over."""
    total = len(scores.sequences)
    sentences = []
    for name, missing in comparison.apart.items():
        has = f"has {total - len(missing)} of {counted(total, 'sequence')}"
        sentences.append(f"{name} is not ranked: it {has} and lacks {_listed(missing)}.")
    if comparison.excluded:
        ranked = comparison.ranking
        lacking = [name for name in ranked if set(scores.missing(name)) & set(comparison.excluded)]
        who = _listed(lacking) if len(lacking) < len(ranked) or len(ranked) == 1 else "every tracker"
        verb = "lacks" if len(lacking) == 1 or who == "every tracker" else "lack"
        sentences.append(
            f"Everything is over {len(comparison.sequences)} of {counted(total, 'sequence')}: {who} {verb} "
            f"{_listed(comparison.excluded)}."
        )
    return sentences


def _listed(names: Collection[str]) -> str:
    """A, B and C; of many names the first few and how many more there are."""
    shown = list(names)[:_SHOWN] if len(names) > _SHOWN + 1 else list(names)
    if len(shown) < len(names):
        shown.append(f"{len(names) - len(shown)} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _pairs(pairs: Sequence[Pair], digits: int) -> str:
    return _listed(
        [
            f"{pair.worse} (by {cell_text(abs(pair.difference.value), digits)}, "
            f"p {p_text(pair.p_adjusted, pair.resolved)})"
            for pair in pairs
        ]
    )


def _with_interval(interval: ConfidenceInterval, digits: int) -> str:
    if not math.isfinite(interval.low):
        return cell_text(interval.value, digits)
    low, high = cell_text(interval.low, digits), cell_text(interval.high, digits)
    return f"{cell_text(interval.value, digits)} (interval {low} to {high})"


def _weakest_attribute(scores: Scores, name: str) -> str:
    """The attribute with the worst score, of those that enough sequences (or frames) have to say anything."""
    metric, counts = scores.measure.metrics[0], scores.attribute_counts
    least, unit = (_LEAST_FRAMES, "frames") if isinstance(scores.measure, Tagged) else (_LEAST_SEQUENCES, "sequences")
    values = {
        attribute: float(row.get(metric.key, math.nan))
        for attribute, row in scores.trackers[name].attributes.items()
        if attribute not in {"all", "empty"} and counts.get(attribute, 0) >= least
    }
    known = {attribute: value for attribute, value in values.items() if math.isfinite(value)}
    if len(known) < 2:
        return ""
    pick = min if metric.better == "higher" else max
    worst = pick(known, key=lambda attribute: known[attribute])
    shown = cell_text(known[worst], metric.digits)
    return f"Its weakest attribute is {worst} ({metric.label} {shown} over {counts[worst]} {unit})."
