"""Tables as data: what to show is decided here once, how to draw it in `rendering` and in the web page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.resampling import Interval
from siamfc_eval.metrics.scores import Metric, Scores

Cell = str | float | Interval


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
        unit = f" [{metric.unit}]" if metric.unit else ""
        return Column(metric.key, metric.label + unit, metric.digits, metric.better)


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

    def best(self, column: int) -> float:
        """The best number of a column, NaN where the column has no direction or no number."""
        direction = self.columns[column].better
        values = [value for row in self.rows if math.isfinite(value := number(row[column]))]
        if not direction or not values:
            return float("nan")
        return max(values) if direction == "higher" else min(values)


def number(cell: Cell) -> float:
    """The number in a cell; NaN for text."""
    if isinstance(cell, Interval):
        return cell.value
    return cell if isinstance(cell, float) else float("nan")


def cell_text(cell: Cell, digits: int) -> str:
    """A cell as a person reads it: numbers without a leading zero, intervals as value [low, high], NaN as a dash."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Interval):
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


def p_text(p: float) -> str:
    """A p-value as papers write it."""
    if not math.isfinite(p):
        return "–"
    return "< .001" if p < 0.001 else cell_text(p, 3)


def ranking_table(scores: Scores, comparison: Comparison | None, most: int | None = None) -> Table:
    """One row per tracker, best first, one column per metric; the first metric with its interval.

    Args:
        scores: what to show.
        comparison: orders the rows and gives the interval; None: no intervals.
        most: show only this many metrics, for places as narrow as a terminal.
    """
    metrics = scores.measure.metrics[:most]
    columns = [Column("rank", "Rank"), Column("tracker", "Tracker"), *(Column.of(metric) for metric in metrics)]
    speeds = sorted({key for tracker in scores.trackers.values() for key in tracker.speed})
    if most is not None:
        speeds = speeds[-1:]
    columns += [Column(key, f"{key.replace('_', ' ')} [frames/s]", 1, "higher") for key in speeds]
    rows: list[tuple[Cell, ...]] = []
    for position, name in enumerate(ranked(scores, comparison)):
        tracker = scores.trackers[name]
        cells: list[Cell] = [_rank_text(position, name, comparison), name]
        for metric in metrics:
            value = float(tracker.values.get(metric.key, math.nan))
            if comparison is not None and metric.key == comparison.metric.key and not comparison.excluded:
                cells.append(comparison.intervals[name])
            else:
                cells.append(value)
        cells += [float(tracker.speed.get(key, math.nan)) for key in speeds]
        rows.append(tuple(cells))
    note = comparison.method() if comparison is not None else ""
    return Table("ranking", "Ranking", tuple(columns), tuple(rows), note)


def pairs_table(comparison: Comparison) -> Table:
    """One row per pair of trackers: the difference, its interval, the test, wins and losses."""
    digits = comparison.metric.digits
    columns = (
        Column("better", "Tracker"),
        Column("worse", "against"),
        Column("difference", f"Difference in {comparison.metric.label}", digits),
        Column("p", "p"),
        Column("p_adjusted", "p, corrected"),
        Column("sequences", "better / worse / equal on"),
        Column("verdict", "Verdict"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            pair.better,
            pair.worse,
            pair.difference,
            p_text(pair.p),
            p_text(pair.p_adjusted),
            f"{pair.wins} / {pair.losses} / {pair.ties}",
            "different" if pair.significant() else "not told apart",
        )
        for pair in comparison.pairs
    )
    return Table("pairs", "Are the differences real?", columns, rows, comparison.method())


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
    """Tracker names, best first."""
    if comparison is not None:
        return comparison.ranking
    metric = scores.measure.metrics[0]
    sign = -1.0 if metric.better == "higher" else 1.0

    def order(name: str) -> tuple[float, str]:
        value = float(scores.trackers[name].values.get(metric.key, math.nan))
        return (math.inf if math.isnan(value) else sign * value, name)

    return tuple(sorted(scores.trackers, key=order))


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


def _rank_text(position: int, name: str, comparison: Comparison | None) -> str:
    if comparison is None:
        return str(position + 1)
    low, high = comparison.rank_intervals[name]
    return f"{position + 1}" if low == high else f"{position + 1} ({low}–{high})"
