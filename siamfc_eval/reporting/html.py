"""The report as one self-contained web page: no script, nothing loaded from elsewhere, everything escaped."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from siamfc_eval import __version__
from siamfc_eval.reporting import plots
from siamfc_eval.reporting.tables import Cell, Table, cell_text, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from siamfc_eval.reporting.report import DrawnSection, Report


def render_page(report: Report, sections: Sequence[DrawnSection]) -> str:
    """The whole page as text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("siamfc_eval.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(cell_text=cell_text, is_number=_is_number, is_best=_is_best, version=__version__)
    # The drawings are ours; matplotlib escapes the names written in them.
    environment.filters["svg"] = lambda figure: Markup(_inline_svg(figure))
    return environment.get_template("report.html.j2").render(report=report, sections=sections)


def _inline_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    plots.save(figure, buffer, "svg")
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str)


def _is_best(table: Table, column: int, cell: Cell) -> bool:
    best = table.best(column)
    return math.isfinite(best) and number(cell) == best
