"""A gallery of every figure, drawn of the example's results when the site is built."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import siamfc_eval as se
from docs.pages import example
from docs.pages.page import Page
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.reporting.figures.figure import FigureSource
from siamfc_eval.reporting.figures.registry import FIGURES
from siamfc_eval.reporting.plots import tracker_styles

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = ("otb-matlab", "vot-official", "vot-longterm")
"""Conventions under which all figures apply, between them."""


def gallery_pages() -> list[Page]:
    """The page, and the pictures on it."""
    parts = [
        "# Figures\n\nEvery figure of a report, of made-up trackers on the drawn benchmark. All of them are files with "
        "`siamfc-eval report RESULTS --figures --format svg`, or from Python:\n",
        "```python\nimport siamfc_eval as se\n",
        'se.report("runs/otb2015", "report", figures=True, formats=["svg"])\n```\n',
    ]
    pictures: dict[str, Page] = {}
    for name, figure in FIGURES.items():
        parts.append(f"## {figure.summary}\n\n`siamfc-eval list figures` has it as `{name}`.\n")
        for convention in DRAWN:
            for stem, picture in figure.draw(_source(convention)).items():
                path = f"figures/{convention}-{stem}.svg"
                if stem not in pictures:
                    pictures[stem] = Page(path, _svg(picture), in_menu=False)
                    parts.append(f"![{figure.summary}: {stem}]({path})\n\n`{stem}`, under `{convention}`\n")
    parts.append("## Single figures, on axes of your own\n")
    for code, drawn in _single():
        path = f"figures/single-{len(pictures)}.svg"
        pictures[path] = Page(path, _svg(drawn), in_menu=False)
        parts.append(f"```python\n{code}\n```\n\n![{code.splitlines()[-1]}]({path})\n")
    return [Page("figures.md", "\n".join(parts)), *pictures.values()]


def _source(convention: str) -> FigureSource:
    scores = example.scores_under(convention, CONVENTIONS[convention].protocol)
    return FigureSource(scores, se.compare(scores, resamples=500), tracker_styles(list(scores.trackers)))


def _single() -> Iterator[tuple[str, Any]]:
    scores = example.scores_under("otb-matlab", "ope")
    yield 'scores = se.score("runs/otb2015", "otb-matlab")\nscores.plot("success")', scores.plot("success").figure
    yield "se.compare(scores).plot()", se.compare(scores, resamples=500).plot().figure


def _svg(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
