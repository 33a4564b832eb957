"""Average ranks on a line, with bars over trackers that do not differ: a critical-difference diagram (Demšar 2006)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from siamfc_eval.comparison.ranks import Group, RankComparison, compare_ranks
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure
from siamfc_eval.reporting.plots import as_written, canvas
from siamfc_eval.reporting.tables import cell_text, p_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR = 0.32
"""Height that a bar takes, in units of a line of text."""


@as_written
def critical_difference_figure(ranks: RankComparison) -> Figure:
    """Trackers by average rank, best at the left; bars join those between which Wilcoxon's test with Holm's correction
    finds no difference, and the critical difference of Nemenyi's test is the length above the line."""
    count, bars = len(ranks.average_ranks), len(ranks.wilcoxon_groups)
    lines = math.ceil(count / 2)
    depth = _BAR * (bars + 1)
    figure, axes = canvas(7.6, 1.3 + 0.2 * (lines + depth))
    axes.set_xlim(1 - 0.02 * count, count + 0.02 * count)
    axes.set_ylim(-(lines + depth + 0.6), 2.4)
    axes.axis("off")
    axes.plot([1, count], [0, 0], color="#222", linewidth=1)
    step = max(1, math.ceil((count - 1) / 12))
    for rank in range(1, count + 1, step):
        axes.plot([rank, rank], [0, 0.25], color="#222", linewidth=1)
        axes.text(rank, 0.4, str(rank), ha="center", va="bottom", fontsize=8)
    _name(axes, ranks, depth)
    _bars(axes, ranks.average_ranks, ranks.wilcoxon_groups)
    if ranks.critical_difference > 0:
        reach = min(1 + ranks.critical_difference, count)
        axes.plot([1, reach], [1.6, 1.6], color="#222", linewidth=2, solid_capstyle="butt")
        said = f"CD {cell_text(ranks.critical_difference, 2)} (Nemenyi, {ranks.alpha:g})"
        axes.text(1, 1.75, said, ha="left", va="bottom", fontsize=8)
    tested = "" if math.isnan(ranks.friedman_p) else f"; Friedman p {p_text(ranks.friedman_p)}"
    axes.set_title(f"Average rank over {ranks.sequences} sequences{tested}", fontsize=10)
    return figure


def _name(axes: Axes, ranks: RankComparison, depth: float) -> None:
    """A name for each rank: the better half at the left, the other at the right."""
    count = len(ranks.average_ranks)
    left = math.ceil(count / 2)
    low, high = axes.get_xlim()
    for place, (name, rank) in enumerate(ranks.average_ranks.items()):
        line = place if place < left else count - 1 - place
        height = -(depth + 0.5 + line)
        edge, side = (low, "right") if place < left else (high, "left")
        axes.plot([rank, rank, edge], [0, height, height], color="#999", linewidth=0.7, clip_on=False)
        shown = (
            f"{printable(name)}  {cell_text(rank, 1)}" if place < left else f"{cell_text(rank, 1)}  {printable(name)}"
        )
        axes.text(edge, height, f" {shown} ", ha=side, va="center", fontsize=8)


def _bars(axes: Axes, ranks: Mapping[str, float], groups: tuple[Group, ...]) -> None:
    for number, group in enumerate(groups, start=1):
        height = -_BAR * number
        axes.plot(
            [ranks[group[0]] - 0.05, ranks[group[-1]] + 0.05],
            [height, height],
            color="#222",
            linewidth=2.5,
            solid_capstyle="butt",
        )


def _draw(source: FigureSource) -> dict[str, Figure]:
    ranks = None if source.comparison is None else compare_ranks(source.comparison)
    return {} if ranks is None else {"critical-differences": critical_difference_figure(ranks)}


FIGURE = ReportFigure("critical-differences", "Average ranks, and which trackers do not differ", _draw, wide=True)
"""Friedman with Nemenyi, Wilcoxon with Holm."""
