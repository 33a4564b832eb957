"""Trackers as points over two metrics that the field looks at together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.declared import ACCURACY, RELIABILITY
from siamfc_eval.metrics.repetitions import values_of_repetitions
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import Style, as_written, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@as_written
def scatter_figure(scores: Scores, x: str, y: str, styles: Mapping[str, Style]) -> Figure:
    """Trackers as points over two metrics, e.g. accuracy against robustness."""
    described = {metric.key: metric for metric in scores.measure.metrics}
    figure, axes = canvas(6.8, 4.6)
    for name, tracker in scores.trackers.items():
        colour, _, marker = styles[name]
        if tracker.repetitions:
            each = values_of_repetitions(scores.measure, tracker.repetitions)
            _draw_repetitions(axes, np.stack([each[x], each[y]], axis=1), colour)
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


def _draw_repetitions(axes: Axes, points: NDArray[np.float64], colour: str) -> None:
    """Single repetitions as dots, within their hull where they span one."""
    from scipy.spatial import ConvexHull, QhullError

    points = points[np.isfinite(points).all(axis=1)]
    axes.plot(points[:, 0], points[:, 1], ".", color=colour, markersize=4)
    if len(points) > 2:
        with contextlib.suppress(QhullError):  # they lie on one line
            axes.fill(*points[ConvexHull(points).vertices].T, color=colour, alpha=0.15, linewidth=0)


def _draw(source: FigureSource) -> dict[str, Figure]:
    x, y = RELIABILITY.key, ACCURACY.key
    if not {x, y} <= {metric.key for metric in source.scores.measure.metrics}:
        return {}
    return {f"{y}_{x}": scatter_figure(source.alike, x, y, source.styles)}


FIGURE = ReportFigure("accuracy-reliability", "VOT's plot of accuracy against reliability", _draw)
