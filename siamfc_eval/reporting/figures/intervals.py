"""Scores with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import Style, as_written, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@as_written
def interval_figure(comparison: Comparison, styles: Mapping[str, Style]) -> Figure:
    """Each tracker's score with its interval, best on top."""
    figure, axes = canvas(7.2, 0.9 + 0.38 * len(comparison.ranking))
    draw_intervals(axes, comparison, styles)
    return figure


@as_written
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


def _draw(source: FigureSource) -> dict[str, Figure]:
    if source.comparison is None:
        return {}
    return {"intervals": interval_figure(source.comparison, source.styles)}


FIGURE = ReportFigure("intervals", "Each tracker's score with its interval", _draw)
