"""What is said of two trackers, and of groups that do not differ, for people: sentences and tables."""

from __future__ import annotations

import math

from siamfc_eval.comparison.closeness import POWER, Closeness, PairDetails, closeness
from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.ranks import RankComparison
from siamfc_eval.plain_text import counted, few
from siamfc_eval.reporting.tables import Cell, Column, Table, cell_text, p_text

_SHOWN = 4
"""Trackers of which it is said what would settle them."""
_DECIDING = 10
"""Sequences that are shown of those that decide."""


def beside_significance(comparison: Comparison, margin: float) -> tuple[str, ...]:
    """Of the trackers that do not differ significantly from the first: which are the same, and what would tell.

    Args:
        comparison: of the trackers.
        margin: of the metric, within which trackers are the same.
    """
    leader = comparison.ranking[0]
    others = comparison.undecided(leader)[:_SHOWN]
    if not others or comparison.too_few:
        return ()
    found = closeness(comparison, tuple((leader, other) for other in others), margin=margin, seed=comparison.seed)
    same = [f"{_other(one, leader)} (p {p_text(one.equivalence_p)})" for one in found if one.same()]
    open_ones = [f"{_other(one, leader)} {needed_text(one)}" for one in found if not one.same()]
    size = cell_text(margin, max(comparison.metric.digits - 1, 2))
    sentences = [f"Shown to be within {size} of it: {', '.join(same)}."] if same else []
    if open_ones:
        verb = "None is shown to be" if not same else "Others are not shown to be"
        sentences.append(
            f"{verb} the same within {size} either; sequences that would settle which of two is better, each pair "
            f"tested alone with {POWER:.0%} power: {', '.join(open_ones)}; there are {len(comparison.sequences)}."
        )
    return tuple(sentences)


def _other(close: Closeness, name: str) -> str:
    return close.worse if close.better == name else close.better


def needed_text(close: Closeness) -> str:
    """How many sequences would settle a pair, rounded to what resampling tells."""
    needed = close.sequences_needed
    if math.isnan(needed):
        return "cannot be told"
    if math.isinf(needed):
        return "more than 100,000"
    if needed <= close.sequences:
        return "no more than there are"
    digits = max(len(str(int(needed))) - 2, 0)
    return f"about {round(needed, -digits):,.0f}"


def closeness_table(close: tuple[Closeness, ...], digits: int) -> Table:
    """One row per pair: whether they are the same within the margin, and how many sequences would settle it."""
    margin = close[0].margin if close else 0.0
    columns = (
        Column("better", "Tracker"),
        Column("worse", "against"),
        Column("difference", "Difference", digits),
        Column("equivalence_p", f"p, same within {cell_text(margin, 3)}"),
        Column("sequences_needed", "Sequences that would settle it"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.better, one.worse, one.difference, p_text(one.equivalence_p), needed_text(one)) for one in close
    )
    return Table("closeness", "Not significant is not equal", columns, rows)


def pair_sentences(details: PairDetails, digits: int) -> tuple[str, ...]:
    """What there is to say of a pair in words."""
    close = details.closeness
    by = cell_text(close.difference, digits)
    on = counted(close.sequences, "sequence")
    sentences = [f"{close.better} is ahead of {close.worse} by {by} on {on}."]
    if close.difference == 0:
        sentences = [f"{close.better} and {close.worse} have the same score on {on}."]
    if close.same():
        sentences.append(f"They are shown to be the same within {close.margin:g} (p {p_text(close.equivalence_p)}).")
    else:
        sentences.append(
            f"They are not shown to be the same within {close.margin:g} (p {p_text(close.equivalence_p)})."
        )
    sentences.append(f"Sequences that would settle it, with {POWER:.0%} power: {needed_text(close)}.")
    if details.reversed_without:
        without = details.reversed_without
        noun = "sequence" if len(without) == 1 else "sequences"
        sentences.append(f"Without {len(without)} {noun} {close.worse} would be ahead: {few(list(without))}.")
    return tuple(sentences)


def pair_tables(details: PairDetails, digits: int) -> tuple[Table, ...]:
    """The sequences that decide, and wins and losses by attribute where attributes are known."""
    close = details.closeness
    deciding: tuple[tuple[Cell, ...], ...] = tuple(details.deciding[:_DECIDING])
    columns = (Column("sequence", "Sequence"), Column("adds", "Adds to the difference", digits + 1))
    found = [Table("deciding", "Sequences that decide", columns, deciding)]
    if details.attributes:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (name, str(wins + losses + ties), str(wins), str(losses), str(ties))
            for name, (wins, losses, ties) in details.attributes.items()
        )
        heads = (("attribute", "Attribute"), ("sequences", "Sequences"), ("wins", f"{close.better} better"))
        named = tuple(Column(*head) for head in (*heads, ("losses", f"{close.worse} better"), ("ties", "Equal")))
        found.append(Table("wins", "Sequences won by attribute", named, rows))
    return tuple(found)


def ranks_table(ranks: RankComparison) -> Table:
    """One row per tracker: its average rank, and with which it is in a group that does not differ."""
    names = list(ranks.average_ranks)
    places = {name: number for number, name in enumerate(names, start=1)}
    columns = (
        Column("place", "Place"),
        Column("tracker", "Tracker"),
        Column("average_rank", "Average rank", 2, "lower"),
        Column("wilcoxon_holm", "Not different from places (Wilcoxon, Holm)"),
        Column("nemenyi", "(Nemenyi)"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            str(places[name]),
            name,
            float(rank),
            _alike(name, ranks.wilcoxon_groups, places),
            _alike(name, ranks.nemenyi_groups, places),
        )
        for name, rank in ranks.average_ranks.items()
    )
    note = f"Ranks within each of {ranks.sequences} sequences, averaged."
    if not math.isnan(ranks.friedman_p):
        note += (
            f" Friedman's test that all are alike: p {p_text(ranks.friedman_p)}. Nemenyi's critical difference at "
            f"{ranks.alpha:g}: {cell_text(ranks.critical_difference, 2)}."
        )
    return Table("average_ranks", "Average ranks", columns, rows, note)


def _alike(name: str, groups: tuple[tuple[str, ...], ...], places: dict[str, int]) -> str:
    """The places of all groups that a tracker is in, from the first to the last."""
    others = [places[other] for group in groups if name in group for other in group]
    return f"{min(others)}–{max(others)}" if others else ""
