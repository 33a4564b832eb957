"""What a figure of a report is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.plots import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from siamfc_eval.comparison.compare import Comparison


@dataclass(frozen=True, eq=False)
class FigureSource:
    """What figures are drawn of: trackers on one data set under one convention."""

    scores: Scores
    comparison: Comparison | None
    styles: Mapping[str, Style]
    """Of every tracker."""

    @property
    def alike(self) -> Scores:
        """The scores over the sequences that all ranked trackers have; what is drawn together is of the same ones."""
        return self.comparison.scores if self.comparison is not None else self.scores


@dataclass(frozen=True)
class ReportFigure:
    """A kind of figure that a report has where it applies."""

    name: str
    summary: str
    """One line for lists."""
    draw: Callable[[FigureSource], Mapping[str, Figure]]
    """Stem of its file -> figure; none where the figure does not apply. `plots.canvas` gives axes."""
    wide: bool = False
    """It takes the whole width of the page."""
