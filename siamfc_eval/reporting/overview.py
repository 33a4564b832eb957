"""Several benchmarks, protocols or conventions in one table: a tracker a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from siamfc_eval.comparison.agreement import Agreement, rank_agreement
from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.reporting.tables import Cell, Column, Table, p_text, standing

if TYPE_CHECKING:
    from siamfc_eval.reporting.report import Section


def overview_headline(sections: Sequence[Section]) -> str:
    """Who is best where, in a few words; "" where nobody is ranked."""
    best: dict[str, list[str]] = {}
    for section in sections:
        for name, rank in standing(section.scores, section.comparison).items():
            if rank == 1:
                best.setdefault(name, []).append(section.heading)
    everywhere = [name for name, where in best.items() if len(where) == len(sections)]
    if everywhere:
        verb = "is" if len(everywhere) == 1 else "are"
        return f"{' and '.join(everywhere)} {verb} best on all {len(sections)}"
    shown = [f"{name} on {' and '.join(where)}" for name, where in list(best.items())[:4]]
    more = f" and {len(best) - len(shown)} more" if len(best) > len(shown) else ""
    return f"Best: {'; '.join(shown)}{more}" if shown else ""


def overview_table(sections: Sequence[Section]) -> Table | None:
    """Score and rank of every tracker in every section; None where there is only one section.

    A tracker that lacks sequences has a score over those that it has and no rank; one that was not run there has
    neither. Trackers with most sections are first, then by their mean rank over these.
    """
    if len(sections) < 2:
        return None
    columns = [Column("tracker", "Tracker")]
    scores: list[dict[str, float]] = []
    ranks: list[dict[str, int | None]] = []
    for number, section in enumerate(sections, 1):
        comparison = section.comparison
        metric = comparison.metric if comparison is not None else section.scores.measure.metrics[0]
        over = comparison.scores if comparison is not None else section.scores
        scores.append(
            {
                name: (over if name in over.trackers else section.scores)
                .trackers[name]
                .values.get(metric.key, math.nan)
                for name in section.scores.trackers
            }
        )
        ranks.append(standing(section.scores, comparison))
        columns.append(Column(f"score_{number}", f"{section.heading}: {metric.title}", metric.digits, metric.better))
        columns.append(Column(f"rank_{number}", "Rank", 0))
    names = dict.fromkeys(name for known in ranks for name in known)

    def order(name: str) -> tuple[int, float]:
        own = [rank for known in ranks if (rank := known.get(name)) is not None]
        return -len(own), sum(own) / len(own) if own else math.inf

    rows: list[tuple[Cell, ...]] = []
    for name in sorted(names, key=order):
        cells: list[Cell] = [name]
        for score, rank in zip(scores, ranks, strict=True):
            cells.append(float(score.get(name, math.nan)))
            place = rank.get(name)
            cells.append(math.nan if place is None else float(place))
        rows.append(tuple(cells))
    note = (
        "Ranks are among the trackers of each column; a dash: not run there, or, of a rank, some sequences are missing."
    )
    return Table("overview", "All together", tuple(columns), tuple(rows), note)


def agreement_table(sections: Sequence[Section], found: Sequence[Agreement]) -> Table | None:
    """How alike the rankings of every two sections are; None where no two share three trackers.

    Args:
        sections: of a report.
        found: of those that have a comparison, in their order, as `rank_agreement` gives it.
    """
    compared = [section for section in sections if section.comparison is not None]
    rows: list[tuple[Cell, ...]] = [
        (
            compared[one.first].heading,
            compared[one.second].heading,
            ConfidenceInterval(one.tau, one.low, one.high),
            p_text(one.p),
            float(len(one.trackers)),
        )
        for one in found
        if math.isfinite(one.tau)
    ]
    if not rows:
        return None
    columns = (
        Column("first", "Ranking"),
        Column("second", "against"),
        Column("tau", "Kendall's tau", 2),
        Column("p", "p, nothing in common"),
        Column("trackers", "Trackers in both", 0),
    )
    note = (
        "1: the same order, 0: nothing in common, -1: the opposite order; with 95% intervals from resampling the "
        "sequences of both."
    )
    return Table("agreement", "Do the rankings agree?", columns, tuple(rows), note)


def agreements(sections: Sequence[Section]) -> tuple[Agreement, ...]:
    """The agreement of every two sections that have a comparison."""
    compared = [section.comparison for section in sections if section.comparison is not None]
    return rank_agreement(compared) if len(compared) > 1 else ()
