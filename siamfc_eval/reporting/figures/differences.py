"""The differences of all pairs of trackers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import as_written, canvas
from siamfc_eval.reporting.tables import cell_text, p_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WRITTEN_PAIRS = 20
"""Trackers up to which the matrix of differences has its numbers written in."""


@as_written
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
    figure, axes = canvas(side + 1.6, side)
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


def _draw(source: FigureSource) -> dict[str, Figure]:
    if source.comparison is None or not source.comparison.pairs:
        return {}
    return {"differences": pairs_figure(source.comparison)}


FIGURE = ReportFigure("differences", "Differences of all pairs of trackers, and which are significant", _draw)
