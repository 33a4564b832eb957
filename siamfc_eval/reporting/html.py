"""Reports as self-contained web pages: nothing is loaded from elsewhere, and everything is escaped."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from siamfc_eval.plain_text import printable
from siamfc_eval.reporting import plots
from siamfc_eval.reporting.overview import agreement_table, overview_headline, overview_table
from siamfc_eval.reporting.summary import gathered_notes, standing_of
from siamfc_eval.reporting.tables import Cell, Table, cell_text, number
from siamfc_eval.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from siamfc_eval.metrics.scores import Scores
    from siamfc_eval.reporting.report import DrawnSection, Report


def render_page(report: Report, sections: Sequence[DrawnSection]) -> str:
    """The page of a report as text; its tables and sentences are there without scripts, too."""
    from markupsafe import Markup

    from siamfc_eval.reporting.page import assets
    from siamfc_eval.reporting.page.data import page_data
    from siamfc_eval.storage.json_text import json_for_html

    # Read as UTF-8 from within an element that ends at the next tag of its kind; neither holds one.
    scripts = [*assets.libraries(), assets.program()]
    lacking = {name for part in sections for name in _not_whole(part.section.scores)}
    return _render(
        "report.html.j2",
        title=report.title,
        report=report,
        sections=sections,
        lacking=lacking,
        incomplete=_incomplete(report),
        overview=overview_table(report.sections),
        agreement=agreement_table(report.sections, report.agreements),
        overview_headline=overview_headline(report.sections),
        standing_of=standing_of,
        policy=assets.policy(scripts),
        scripts=[Markup(script) for script in scripts],
        data=Markup(json_for_html(page_data(report, report.trackers))),
    )


def _not_whole(scores: Scores) -> set[str]:
    """Trackers whose scores are not over everything, or over what was changed."""
    return {name for name in scores.trackers if scores.missing(name)} | set(scores.marked)


def _told(scores: Scores) -> list[str]:
    """What is missing, was repaired, or had been repaired before."""
    return list(dict.fromkeys([*scores.incomplete, *(gap.text for gap in scores.gaps)]))


def _incomplete(report: Report) -> list[str]:
    """All that is missing or was repaired, each once, with its data set where there are several sections."""
    several = len(report.sections) > 1
    found = list(report.incomplete)
    for section in report.sections:
        found += [f"{section.scores.dataset}: {gap}" if several else gap for gap in _told(section.scores)]
    return list(dict.fromkeys(found))


def render_training(title: str, facts: Mapping[str, str], curves: Figure, notes: Sequence[str]) -> str:
    """The page of a training as text.

    Args:
        title: its heading.
        facts: what was trained on what.
        curves: of loss, validation and learning rate.
        notes: what was noticed on the way, one sentence each.
    """
    return _render("training.html.j2", title=title, facts=facts, curves=curves, notes=notes)


def table_html(table: Table, signature: str = "") -> str:
    """A table as a piece of a page, for notebooks; everything is escaped."""
    return _render("table.html.j2", table=table, signature=signature)


def _render(template: str, **content: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from siamfc_eval.reporting.page import assets

    environment = Environment(
        loader=PackageLoader("siamfc_eval.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(cell_text=cell_text, is_number=_is_number, is_best=_is_best, version=__version__)
    environment.globals.update(gathered_notes=gathered_notes, is_own=_is_own, style=Markup(assets.styles()))
    # The drawings are ours; matplotlib escapes the names written in them.
    environment.filters["svg"] = lambda figure: Markup(_inline_svg(figure))
    environment.filters["jpeg"] = lambda picture: "data:image/jpeg;base64," + base64.b64encode(picture).decode("ascii")
    return environment.get_template(template).render(**content)


def _shown(value: Any) -> Any:
    """What a template shows of a value: text that can be seen, whatever a name has in it."""
    return printable(value, lines=True) if type(value) is str else value


def _inline_svg(figure: Figure) -> str:
    buffer = io.StringIO()
    plots.save(figure, buffer, "svg")
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str)


def _is_own(table: Table, row: Sequence[Cell], own: Sequence[str]) -> bool:
    """Whether a row is about a highlighted tracker."""
    keys = (column.key for column in table.columns)
    return any(key in {"tracker", "better", "worse"} and cell in own for key, cell in zip(keys, row, strict=True))


def _is_best(table: Table, column: int, cell: Cell) -> bool:
    best = table.best(column)
    return math.isfinite(best) and number(cell) == best
