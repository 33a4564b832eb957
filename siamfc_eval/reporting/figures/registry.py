"""The figures of a report by name, in the order of the page.

Another package adds its own as an entry point of the group `siamfc_eval.figures`; the report draws all that apply.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from siamfc_eval.errors import InputError
from siamfc_eval.registry import Registry
from siamfc_eval.reporting.figures.figure import FigureSource, ReportFigure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES: Registry[ReportFigure] = Registry(
    "figure", "siamfc_eval.reporting.figures.figure:ReportFigure", group="siamfc_eval.figures"
)
"""Every kind of figure, by name."""

for _name in ("curves", "accuracy-reliability", "intervals", "differences", "critical-differences", "attributes"):
    _module = _name.replace("-", "_")
    FIGURES.add(_name, f"siamfc_eval.reporting.figures.{_module}:FIGURE")


class Drawn(NamedTuple):
    """A figure that applies."""

    figure: Figure
    provider: str
    """The package that it comes from; "" for this one."""
    wide: bool
    """It takes the whole width of a page."""


def draw_figures(source: FigureSource, added_only: bool = False) -> dict[str, Drawn]:
    """Stem of a file -> figure that applies, in the order of the page.

    Args:
        source: what they are drawn of.
        added_only: those of other packages only.

    Raises:
        InputError: another package's figure cannot be drawn, or gives what another has given.
    """
    drawn: dict[str, Drawn] = {}
    wanted = [name for name in FIGURES if FIGURES.provider(name) or not added_only]
    for name in wanted:
        figure = FIGURES[name]
        provider = FIGURES.provider(name)
        try:
            made = figure.draw(source)
        except Exception as error:
            if not provider:
                raise
            raise InputError(
                f"figure '{name}' of {provider} raised {type(error).__name__}: {error}. Repair or uninstall {provider}."
            ) from error
        for stem, picture in made.items():
            if stem in drawn or not re.fullmatch(r"[\w-]+", stem):
                raise InputError(
                    f"figure '{name}' of {provider or 'siamfc_eval'} calls a file '{stem}'; expected a name of "
                    "letters, digits, - and _ that no other figure has."
                )
            drawn[stem] = Drawn(picture, provider, figure.wide)
    return drawn
