"""Tables as data: what to show is decided here once, how to draw it in `rendering` and in the web page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.metrics.declared import SPEEDS
from siamfc_eval.metrics.scores import Metric, Scores

if TYPE_CHECKING:
    from siamfc_eval.comparison.compare import Comparison

Cell = str | float | ConfidenceInterval


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    key: str
    """Identifier, used in CSV."""
    label: str
    """Heading."""
    digits: int = 3
    """Decimals of numbers."""
    better: Literal["higher", "lower", ""] = ""
    """Which end of the column is best and is set in bold; "" where none is."""

    @staticmethod
    def of(metric: Metric) -> Column:
        """The column that shows a metric."""
        return Column(metric.key, metric.title, metric.digits, metric.better)


@dataclass(frozen=True)
class Table:
    """Rows of cells under columns; NaN is a missing number and is shown as a dash."""

    key: str
    """Stem of the file that holds the table."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """One sentence under the table: source, convention, what is missing."""
    apart: int = 0
    """How many rows at the end are not comparable with the others."""
    marked: frozenset[str] = frozenset()
    """Trackers whose scores are not over everything, or over what was changed: a dagger follows their names."""

    def best(self, column: int) -> float:
        """The best number of a column, NaN where the column has no direction or no number."""
        return next(iter(self._ordered[column]), math.nan)

    def second(self, column: int) -> float:
        """The best number of a column that is not `best`; NaN where there is none."""
        return next(iter(self._ordered[column][1:]), math.nan)

    @cached_property
    def _ordered(self) -> list[list[float]]:
        """The different numbers of each column, best first; none where it has no direction."""
        compared = self.rows[: len(self.rows) - self.apart]
        found = []
        for position, column in enumerate(self.columns):
            values = {value for row in compared if math.isfinite(value := number(row[position]))}
            found.append(sorted(values, reverse=column.better == "higher") if column.better else [])
        return found


def number(cell: Cell) -> float:
    """The number in a cell; NaN for text."""
    if isinstance(cell, ConfidenceInterval):
        return cell.value
    return cell if isinstance(cell, float) else float("nan")


def cell_text(cell: Cell, digits: int) -> str:
    """A cell as a person reads it: numbers without a leading zero, intervals as value [low, high], NaN as a dash."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, ConfidenceInterval):
        value = cell_text(cell.value, digits)
        if not (math.isfinite(cell.low) and math.isfinite(cell.high)):
            return value
        return f"{value} [{cell_text(cell.low, digits)}, {cell_text(cell.high, digits)}]"
    if not math.isfinite(cell):
        return "–"
    text = f"{cell:.{digits}f}"
    if digits and abs(cell) < 1 and not text.lstrip("-").startswith("1"):
        text = text.replace("0.", ".", 1)
    return text


def p_text(p: float, resolved: bool = True) -> str:
    """A p-value as papers write it; one that is not resolved is what p is below."""
    if not math.isfinite(p):
        return "–"
    if p < 0.001:
        return "< .001"
    return cell_text(p, 3) if resolved else f"< {cell_text(p, 3)}"


def ranking_table(scores: Scores, comparison: Comparison | None, most: int | None = None) -> Table:
    """One row per tracker, best first, one column per metric; the metric that is compared with its interval.

    Trackers that lack results are last and not ranked, with how many sequences they have. With a comparison all ranked
    trackers are over the same sequences.

    Args:
        scores: what to show.
        comparison: orders the rows and gives intervals and groups; None: neither.
        most: show only this many metrics, for places as narrow as a terminal.
    """
    metrics = list(scores.measure.metrics)
    if comparison is not None:
        metrics.sort(key=lambda metric: metric.key != comparison.metric.key)
    metrics = metrics[:most]
    ranks = standing(scores, comparison)
    groups = comparison is not None and bool(comparison.pairs) and not comparison.too_few
    partial = (comparison is not None and bool(comparison.excluded or comparison.apart)) or None in ranks.values()
    speeds = sorted({key for tracker in scores.trackers.values() for key in tracker.speed})
    if most is not None:
        speeds = speeds[-1:]
    columns = [Column("rank", "Rank"), Column("tracker", "Tracker"), *(Column.of(metric) for metric in metrics)]
    if groups:
        columns.insert(3, Column("no_significant_difference", "No significant difference from ranks"))
    if partial:
        columns.append(Column("sequences", "Sequences"))
    columns += [Column.of(SPEEDS[key]) for key in speeds]
    ways = {name: _timed_with(scores.trackers[name].timed) for name in ranks} if speeds else {}
    if any(ways.values()):
        columns.append(Column("timed_with", "Timed with"))
    rows: list[tuple[Cell, ...]] = []
    for name, rank in ranks.items():
        ranked_here = comparison is not None and rank is not None
        tracker = (comparison.scores if comparison is not None and ranked_here else scores).trackers[name]
        cells: list[Cell] = [_rank_text(rank, name, comparison), name]
        cells += [float(tracker.values.get(metric.key, math.nan)) for metric in metrics]
        if comparison is not None and ranked_here:
            cells[2] = comparison.intervals[name]
        if groups and comparison is not None:
            alike = [comparison.ranks[other] for other in comparison.undecided(name)]
            cells.insert(3, _spans(alike) if ranked_here else "")
        if partial:
            lost = len(scores.sequences) - len(comparison.sequences) if ranked_here and comparison else None
            lost = len(scores.missing(name)) if lost is None else lost
            cells.append(f"{len(scores.sequences) - lost} of {len(scores.sequences)}")
        cells += [float(tracker.speed.get(key, math.nan)) for key in speeds]
        cells += [ways[name]] if any(ways.values()) else []
        rows.append(tuple(cells))
    note = comparison.method() if comparison is not None else ""
    apart = sum(rank is None for rank in ranks.values())
    return Table("ranking", "Ranking", tuple(columns), tuple(rows), note, apart, frozenset(scores.marked))


def _timed_with(ways: Sequence[Mapping[str, str]]) -> str:
    """What computed a network while it was timed: engine, precision and device."""
    return " or ".join(
        dict.fromkeys(" ".join(way[part] for part in ("engine", "precision", "device") if part in way) for way in ways)
    )


def pairs_table(comparison: Comparison, brief: bool = False) -> Table:
    """One row per pair of trackers: the difference, its interval, the test, wins and losses; `brief`: verdict only."""
    digits = comparison.metric.digits
    columns = (
        Column("better", "Tracker"),
        Column("worse", "against"),
        Column("difference", f"Difference in {comparison.metric.label}", digits),
        Column("p_adjusted", "p, corrected"),
        Column("verdict", "Verdict"),
        Column("p", "p"),
        Column("sequences", "better / worse / equal on"),
    )
    undecided = "too few sequences" if comparison.too_few else "not significant"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            pair.better,
            pair.worse,
            pair.difference,
            p_text(pair.p_adjusted, pair.resolved),
            "significant" if pair.significant() else undecided,
            p_text(pair.p, pair.resolved),
            f"{pair.wins} / {pair.losses} / {pair.ties}",
        )
        for pair in comparison.pairs
    )
    shown = 5 if brief else len(columns)
    short = tuple(row[:shown] for row in rows)
    return Table("pairs", "Are the differences real?", columns[:shown], short, comparison.method())


def attribute_table(scores: Scores, comparison: Comparison | None) -> Table | None:
    """Trackers by attribute on the first metric; None where the data set has no attributes."""
    metric = scores.measure.metrics[0]
    present = {name for tracker in scores.trackers.values() for name in tracker.attributes}
    if not present:
        return None
    attributes = [name for name in scores.attribute_counts if name in present]
    attributes += sorted(present - set(attributes))
    counts = scores.attribute_counts
    columns = [Column("tracker", "Tracker")]
    for name in attributes:
        label = f"{name} ({counts[name]})" if name in counts else name
        columns.append(Column(name, label, metric.digits, metric.better))
    rows: list[tuple[Cell, ...]] = []
    for name in ranked(scores, comparison):
        by_attribute = scores.trackers[name].attributes
        values = [float(by_attribute.get(key, {}).get(metric.key, math.nan)) for key in attributes]
        rows.append((name, *values))
    source = f" Attributes as in {scores.attribute_source}." if scores.attribute_source else ""
    note = f"{metric.label} over what carries the attribute; in brackets how many do.{source}"
    return Table("attributes", f"{metric.label} by attribute", tuple(columns), tuple(rows), note)


def sequence_table(scores: Scores, comparison: Comparison | None) -> Table:
    """Sequences by tracker on the first metric."""
    names = ranked(scores, comparison)
    metric = _sequence_metric(scores)
    columns = (Column("sequence", "Sequence"), *(Column(name, name, metric.digits) for name in names))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            sequence,
            *(float(scores.trackers[name].sequences.get(sequence, {}).get(metric.key, math.nan)) for name in names),
        )
        for sequence in scores.sequences
    )
    return Table("sequences", f"{metric.label} by sequence", columns, rows)


def long_sequence_table(scores: Scores) -> Table:
    """One row per tracker and sequence with every metric: the form that spreadsheets and notebooks want."""
    metrics = scores.measure.metrics
    columns = (Column("tracker", "Tracker"), Column("sequence", "Sequence"), *(Column.of(metric) for metric in metrics))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, sequence, *(float(values.get(metric.key, math.nan)) for metric in metrics))
        for name, tracker in scores.trackers.items()
        for sequence, values in tracker.sequences.items()
    )
    return Table("per_sequence", "Scores by tracker and sequence", columns, rows)


def ranked(scores: Scores, comparison: Comparison | None) -> tuple[str, ...]:
    """Tracker names, best first; those that are not ranked are last."""
    return tuple(standing(scores, comparison))


def standing(scores: Scores, comparison: Comparison | None, by: Metric | None = None) -> dict[str, int | None]:
    """Tracker -> its rank, best first; None for those that are not ranked, which are last.

    Ranked are the trackers that a comparison ranks; without one, those that have every sequence that any tracker has:
    a mean over fewer sequences says nothing beside theirs. Equal scores share the better rank. The metric is `by`, else
    the comparison's, else the measure's first.
    """
    metric = by or (scores.measure.metrics[0] if comparison is None else comparison.metric)
    sign = -1.0 if metric.better == "higher" else 1.0

    def order(name: str) -> tuple[float, str]:
        value = float(scores.trackers[name].values.get(metric.key, math.nan))
        return (math.inf if math.isnan(value) else sign * value, name)

    names = sorted(scores.trackers, key=order)
    if comparison is not None:
        ranks: dict[str, int | None] = {name: comparison.ranks[name] for name in comparison.ranking}
    else:
        lost = {name: set(scores.missing(name)) for name in names}
        nowhere = set.intersection(*lost.values()) if lost else set()
        whole = [name for name in names if lost[name] == nowhere]
        ranks = {}
        for position, name in enumerate(whole):
            shared = position > 0 and order(name)[0] == order(whole[position - 1])[0]
            ranks[name] = ranks[whole[position - 1]] if shared else position + 1
    return ranks | dict.fromkeys(name for name in names if name not in ranks)


def _sequence_metric(scores: Scores) -> Metric:
    """The first metric that single sequences have: EAO, say, means little on one."""
    for metric in scores.measure.metrics:
        values: Iterable[float] = (
            float(row.get(metric.key, math.nan))
            for tracker in scores.trackers.values()
            for row in tracker.sequences.values()
        )
        if any(math.isfinite(value) for value in values):
            return metric
    return scores.measure.metrics[0]


def _rank_text(rank: int | None, name: str, comparison: Comparison | None) -> str:
    if rank is None:
        return "–"
    low, high = comparison.rank_intervals[name] if comparison is not None else (rank, rank)
    return f"{rank}" if low == high else f"{rank} ({low}–{high})"


def _spans(ranks: Iterable[int]) -> str:
    """Ranks in few letters: "1–4, 7"; "none" for none."""
    ordered = sorted(set(ranks))
    starts = [rank for rank in ordered if rank - 1 not in ordered]
    ends = [rank for rank in ordered if rank + 1 not in ordered]
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" for a, b in zip(starts, ends, strict=True)) or "none"
