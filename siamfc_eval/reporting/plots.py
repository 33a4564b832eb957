"""Figures: curves with ranked legends, intervals, differences, attributes, sequences.

Each function returns a matplotlib figure and touches no file and no global state. A tracker keeps its colour and line
style through all figures of a report; neither is needed alone to tell two trackers apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

import numpy as np

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.tables import Table, cell_text, number, p_text, standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

# Okabe and Ito's palette: distinguished by people with any of the common colour blindnesses.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C8C00")
_LINES = ("-", "--", "-.", ":")
_MARKERS = "osD^v<>P"
_CURVES = (5.4, 4.8)
"""Inches of a plot of curves, without its legend."""

SHADE = "#eef3f8"
"""Behind the part of a curve that its metric averages."""
_WRITTEN_PAIRS = 20
"""Trackers up to which the matrix of differences has its numbers written in."""

Style = tuple[str, str, str]
"""Colour, line style, marker."""


_LITERAL: Any = {"text.parse_math": False}
"""Dollar signs in names are no formulas."""
_Draw = TypeVar("_Draw", bound=Callable[..., Any])


def _as_written(draw: _Draw) -> _Draw:
    """Draw every text of a figure as it is written."""

    @wraps(draw)
    def drawn(*arguments: Any, **options: Any) -> Any:
        import matplotlib as mpl

        with mpl.rc_context(_LITERAL):
            return draw(*arguments, **options)

    return cast(_Draw, drawn)


def tracker_styles(names: Sequence[str]) -> dict[str, Style]:
    """A colour, line style and marker for each tracker, in the order given."""
    count = len(_COLOURS)
    return {
        name: (_COLOURS[i % count], _LINES[(i // count) % len(_LINES)], _MARKERS[i % len(_MARKERS)])
        for i, name in enumerate(names)
    }


def ranked_curves(scores: Scores, axis: CurveAxis, shown: int) -> tuple[str, dict[str, str]]:
    """The legend of a plot of curves: its title, and tracker -> what is said of it, best first, at most `shown`.

    Trackers that lack sequences are last and say how many they have.
    """
    metric = next(metric for metric in scores.measure.metrics if metric.key == axis.ranked_by)
    ranks = standing(scores, None, metric)
    order = [name for name in ranks if axis.key in scores.trackers[name].curves]
    left_out = f" ({shown} of {len(order)})" if len(order) > shown else ""
    labels = {}
    for name in order[:shown]:
        value = float(scores.trackers[name].values.get(metric.key, math.nan))
        total = len(scores.sequences)
        partial = "" if ranks[name] is not None else f", {total - len(scores.missing(name))} of {total} sequences"
        labels[name] = f"[{cell_text(value, metric.digits)}] {name}{partial}"
    return f"{metric.label}{left_out}", labels


def curve_limit(scores: Scores, axis: CurveAxis) -> float:
    """The upper end of the vertical axis: the metric's greatest value, or just above curves that stay far from it."""
    most = next(metric.high for metric in scores.measure.metrics if metric.key == axis.ranked_by)
    if math.isfinite(most) and not axis.fills:
        return most
    # What a curve has at its first point is a convention, e.g. 1 at no frames at all.
    curves = [tracker.curves[axis.key][1:] for tracker in scores.trackers.values() if axis.key in tracker.curves]
    highest = max((float(np.nanmax(curve)) for curve in curves if np.isfinite(curve).any()), default=0.0)
    return min(most, 1.05 * highest) if highest > 0 else min(most, 1.0)


@_as_written
def curve_figure(scores: Scores, axis: CurveAxis, styles: Mapping[str, Style], shown: int = 24) -> Figure:
    """One curve per tracker with the ranking metric in the legend, best first."""
    figure, axes = _canvas(*_CURVES, layout=None)
    title = draw_curves(axes, scores, axis, styles, shown)
    legend = axes.legend(
        title=title,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        frameon=False,
        alignment="left",
    )
    _make_room(figure, axes, legend)
    figure.text(0.01, 0.01, printable(scores.signature), fontsize=6, color="#777777")
    return figure


@_as_written
def draw_curves(axes: Axes, scores: Scores, axis: CurveAxis, styles: Mapping[str, Style], shown: int = 24) -> str:
    """Draw one curve per tracker, best first, labelled for a legend; returns the legend's title."""
    title, order = ranked_curves(scores, axis, shown)
    for rank, (name, label) in enumerate(order.items()):
        colour, line, _ = styles[name]
        axes.plot(
            axis.x,
            scores.trackers[name].curves[axis.key],
            color=colour,
            linestyle=line,
            linewidth=2.4 if rank == 0 else 1.7,
            label=printable(label),
            zorder=len(order) - rank + 2,
        )
    if axis.averaged is not None:
        axes.axvspan(*axis.averaged, color=SHADE, linewidth=0, zorder=0)
    axes.set(xlabel=axis.x_label, ylabel=axis.y_label, title=axis.title)
    axes.set_xlim(float(axis.x[0]), float(axis.x[-1]))
    axes.set_ylim(0, curve_limit(scores, axis))
    return title


def _make_room(figure: Figure, axes: Axes, legend: Legend) -> None:
    """Set fixed margins around axes with a legend at their right, for which the figure grows: it is drawn once only."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    left, bottom, right, top = 0.65, 0.65, 0.15, 0.4
    canvas: Any = FigureCanvasAgg(figure)
    size = legend.get_window_extent(canvas.get_renderer())
    width = _CURVES[0] + size.width / figure.dpi + right
    height = max(_CURVES[1], size.height / figure.dpi + 0.2)
    figure.set_size_inches(width, height)
    axes.set_position((left / width, bottom / height, (_CURVES[0] - left) / width, 1 - (bottom + top) / height))


@_as_written
def interval_figure(comparison: Comparison, styles: Mapping[str, Style]) -> Figure:
    """Each tracker's score with its interval, best on top."""
    figure, axes = _canvas(7.2, 0.9 + 0.38 * len(comparison.ranking))
    draw_intervals(axes, comparison, styles)
    return figure


@_as_written
def draw_intervals(axes: Axes, comparison: Comparison, styles: Mapping[str, Style]) -> None:
    """Draw each tracker's score with its interval, best on top."""
    names = comparison.ranking
    for row, name in enumerate(names):
        interval = comparison.intervals[name]
        colour, _, marker = styles[name]
        axes.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot(interval.value, row, marker=marker, color=colour, markersize=8, linestyle="none", clip_on=False)
    axes.set_yticks(range(len(names)), [printable(name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(comparison.metric.within(*axes.get_xlim()))
    axes.set_xlabel(f"{comparison.metric.title}, {comparison.level:.0%} interval over sequences")
    axes.grid(axis="y", visible=False)


@_as_written
def pairs_figure(comparison: Comparison) -> Figure:
    """Matrix of differences, row minus column; a pair without a significant difference is grey."""
    from matplotlib.colors import TwoSlopeNorm

    names = comparison.ranking
    count = len(names)
    values = np.full((count, count), np.nan)
    texts = np.full((count, count), "", dtype=object)
    for pair in comparison.pairs:
        row, column = names.index(pair.better), names.index(pair.worse)
        shown = (
            f"{cell_text(pair.difference.value, comparison.metric.digits)}\np {p_text(pair.p_adjusted, pair.resolved)}"
        )
        texts[row, column] = shown
        if pair.significant():
            values[row, column] = abs(pair.difference.value)
    written = count <= _WRITTEN_PAIRS
    side = 1.8 + (0.72 if written else 0.2) * count
    figure, axes = _canvas(side + 1.6, side)
    limit = np.nanmax(values) if np.isfinite(values).any() else 1.0
    axes.set_facecolor("#f2f2f2")
    drawn = axes.imshow(values, cmap="Blues", norm=TwoSlopeNorm(limit / 2, 0, max(limit, 1e-9)), aspect="auto")
    for row in range(count if written else 0):
        for column in range(row + 1, count):
            dark = np.isfinite(values[row, column]) and values[row, column] > 0.6 * limit
            axes.text(
                column, row, texts[row, column], ha="center", va="center", fontsize=8, color="white" if dark else "#222"
            )
    slanted: dict[str, Any] = {"rotation": 35, "ha": "right"} if written else {"rotation": 90}
    axes.set_xticks(range(count), [printable(name) for name in names], **slanted)
    axes.set_yticks(range(count), [printable(name) for name in names])
    axes.grid(visible=False)
    if not written:
        figure.colorbar(drawn, ax=axes, label=f"Difference in {comparison.metric.title}", fraction=0.03, pad=0.02)
    axes.set_title(f"{comparison.metric.label}: row minus column; blue where significant")
    return figure


@_as_written
def heatmap_figure(table: Table, label: str) -> Figure:
    """A table of one text column and numbers as a heat map with the numbers written in."""
    numbers = np.array([[number(cell) for cell in row[1:]] for row in table.rows])
    rows, columns = numbers.shape
    figure, axes = _canvas(2.4 + 0.62 * columns, 1.3 + 0.34 * rows)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    drawn = axes.imshow(numbers, cmap="viridis", vmin=low, vmax=max(high, low + 1e-9), aspect="auto")
    for row in range(rows):
        for column in range(columns):
            bright = np.isfinite(numbers[row, column]) and numbers[row, column] > low + 0.6 * (high - low)
            text = cell_text(float(numbers[row, column]), min(2, table.columns[column + 1].digits))
            axes.text(column, row, text, ha="center", va="center", fontsize=8, color="#111" if bright else "white")
    axes.set_xticks(range(columns), [printable(column.label) for column in table.columns[1:]], rotation=40, ha="right")
    axes.set_yticks(range(rows), [printable(str(row[0])) for row in table.rows])
    axes.grid(visible=False)
    figure.colorbar(drawn, ax=axes, label=printable(label), fraction=0.03, pad=0.02)
    axes.set_title(printable(table.title))
    return figure


@_as_written
def scatter_figure(scores: Scores, x: str, y: str, styles: Mapping[str, Style]) -> Figure:
    """Trackers as points over two metrics, e.g. accuracy against robustness."""
    described = {metric.key: metric for metric in scores.measure.metrics}
    figure, axes = _canvas(6.8, 4.6)
    for name, tracker in scores.trackers.items():
        colour, _, marker = styles[name]
        axes.plot(
            tracker.values.get(x, np.nan),
            tracker.values.get(y, np.nan),
            marker=marker,
            color=colour,
            markersize=10,
            linestyle="none",
            label=printable(name),
            clip_on=False,
        )
    for key, setter in ((x, axes.set_xlabel), (y, axes.set_ylabel)):
        better = "more" if described[key].better == "higher" else "less"
        setter(f"{described[key].title} ({better} is better)")
    axes.set_title(f"{described[y].label} against {described[x].label}")
    axes.margins(0.12)
    axes.set_xlim(described[x].within(*axes.get_xlim()))
    axes.set_ylim(described[y].within(*axes.get_ylim()))
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure


def save(figure: Figure, target: Any, file_format: str, signature: str = "") -> None:
    """Write a figure; the same figure gives the same bytes, so that reports can be compared.

    The signature of its numbers is in the file's metadata. A PDF embeds its fonts as TrueType (Type 42), as publishers
    ask.

    Figures with a layout engine are cut to what is on them; those without have their margins already.
    """
    import matplotlib as mpl

    signature = printable(signature)
    described: dict[str, dict[str, str | None]] = {
        "svg": {"Date": None, "Description": signature or None},
        "pdf": {"CreationDate": None, "Subject": signature},
        "png": {"Description": signature},
    }
    metadata = described.get(file_format, {})
    # Half of the time of drawing would go into the last tenth of compression.
    encoding: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if file_format == "png" else {}
    bounds = "tight" if figure.get_layout_engine() is not None else None
    with mpl.rc_context({**_LITERAL, "svg.hashsalt": "siamfc-eval", "svg.fonttype": "none", "pdf.fonttype": 42}):
        figure.savefig(target, format=file_format, bbox_inches=bounds, dpi=160, metadata=metadata, **encoding)


def _canvas(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> tuple[Figure, Axes]:
    """A figure without pyplot, so that nothing global is left behind and no display is needed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)
    axes = figure.add_subplot()
    axes.grid(color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes
