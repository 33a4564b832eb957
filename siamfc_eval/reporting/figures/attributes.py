"""Scores by attribute as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import as_written, canvas
from siamfc_eval.reporting.tables import Table, attribute_table, cell_text, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@as_written
def heatmap_figure(table: Table, label: str) -> Figure:
    """A table of one text column and numbers as a heat map with the numbers written in."""
    numbers = np.array([[number(cell) for cell in row[1:]] for row in table.rows])
    rows, columns = numbers.shape
    figure, axes = canvas(2.4 + 0.62 * columns, 1.3 + 0.34 * rows)
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


def _draw(source: FigureSource) -> dict[str, Figure]:
    table = attribute_table(source.scores, source.comparison)
    return {} if table is None else {"attributes": heatmap_figure(table, source.scores.measure.metrics[0].label)}


FIGURE = ReportFigure("attributes", "Scores by attribute", _draw, wide=True)
