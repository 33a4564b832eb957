"""Curves with a ranked legend, one figure for each curve of the convention."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import SHADE, Style, as_written, canvas
from siamfc_eval.reporting.tables import cell_text, standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

_CURVES = (5.4, 4.8)
"""Inches of a plot of curves, without its legend."""


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


@as_written
def curve_figure(scores: Scores, axis: CurveAxis, styles: Mapping[str, Style], shown: int = 24) -> Figure:
    """One curve per tracker with the ranking metric in the legend, best first."""
    figure, axes = canvas(*_CURVES, layout=None)
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


@as_written
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


def _draw(source: FigureSource) -> dict[str, Figure]:
    scores = source.alike
    return {
        axis.key: curve_figure(scores, axis, source.styles)
        for axis in scores.measure.curves
        if any(axis.key in tracker.curves for tracker in scores.trackers.values())
    }


FIGURE = ReportFigure("curves", "Every curve of the convention, with a ranked legend", _draw)
