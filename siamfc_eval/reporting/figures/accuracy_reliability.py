"""Trackers as points over two metrics that the field looks at together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from siamfc_eval.metrics.declared import ACCURACY, RELIABILITY
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import Style, as_written, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@as_written
def scatter_figure(scores: Scores, x: str, y: str, styles: Mapping[str, Style]) -> Figure:
    """Trackers as points over two metrics, e.g. accuracy against robustness."""
    described = {metric.key: metric for metric in scores.measure.metrics}
    figure, axes = canvas(6.8, 4.6)
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


def _draw(source: FigureSource) -> dict[str, Figure]:
    x, y = RELIABILITY.key, ACCURACY.key
    if not {x, y} <= {metric.key for metric in source.scores.measure.metrics}:
        return {}
    return {f"{y}_{x}": scatter_figure(source.alike, x, y, source.styles)}


FIGURE = ReportFigure("accuracy-reliability", "VOT's plot of accuracy against reliability", _draw)
