"""What a paper takes from a report: figures at the width of a column, tables, curves for pgfplots, and a document that
shows them all."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting import plots, tables
from siamfc_eval.reporting.figure_files import render, write_part
from siamfc_eval.reporting.figures.curves import curve_limit, ranked_curves
from siamfc_eval.reporting.latex import PACKAGES, curve_pgfplots, escaped, table_latex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from siamfc_eval.reporting.report import Report, Section


@dataclass(frozen=True)
class PaperStyle:
    """What a publisher's template asks of figures; widths in inches, sizes in points."""

    column: float
    """Width of a column."""
    page: float
    """Width of the text of a page, over all columns."""
    text: float
    """Size of the letters."""
    line: float
    """Width of a curve."""
    family: str
    """Font; one that comes with matplotlib, so that figures are the same everywhere."""
    options: str
    """Class and options of the document that shows everything."""


STYLES: Mapping[str, PaperStyle] = {
    "ieee": PaperStyle(3.5, 7.16, 8, 1.1, "STIXGeneral", "[twocolumn,10pt]{article}"),
    "cvpr": PaperStyle(3.25, 6.875, 8, 1.1, "STIXGeneral", "[twocolumn,10pt]{article}"),
    "slides": PaperStyle(6.0, 12.0, 15, 2.4, "DejaVu Sans", "[12pt]{article}"),
}
"""Name -> style. IEEE's columns are 3.5 inches wide and its text 7.16 (IEEE, "Preparation of papers"), CVPR's 3.25 and
6.875 (its author kit)."""
_LEAST_ATTRIBUTES = 3
"""Spokes of a radar."""
_GRID_COLUMNS, _LEGEND_COLUMNS = 4, 5
_MOST_PAIRS, _METRICS = 40, 4


def write_paper(report: Report, out: Path, style: str) -> Path:
    """Write figures (PDF with embedded TrueType fonts), tables and pgfplots curves, and a document that shows them.

    Trackers keep the colours that they have on the page of the report. The report's `top` and `highlighted` say which
    are drawn; tables have all of them.

    Args:
        report: what to write.
        out: folder; made if it is not there.
        style: a name of `STYLES`.

    Returns:
        The document, to be compiled with pdflatex in its folder.

    Raises:
        UnknownNameError: no such style.
        InputError: the folder cannot be written, or there is nothing to write.
    """
    if style not in STYLES:
        raise UnknownNameError("style", style, STYLES)
    if not report.sections:
        raise InputError("nothing for a paper: no experiment was scored.")
    form, styles = STYLES[style], plots.tracker_styles(report.trackers)
    body: list[str] = []
    for number, section in enumerate(report.sections, 1):
        stem = f"{number:02d}-" if len(report.sections) > 1 else ""
        shown = _shown(report, section)
        body.append(f"\\section{{{escaped(section.heading)}}}")
        with _set_in(form):
            for name, figure in _Figures(section.alike, shown, styles, form).all().items():
                _save(out / "figures" / f"{stem}{name}.pdf", figure, section.scores.signature)
                body += _float(f"figures/{stem}{name}.pdf", name, section)
        for axis in section.scores.measure.curves:
            drawn = [name for name in shown if axis.key in section.scores.trackers[name].curves]
            if drawn:
                picture = curve_pgfplots(section.scores, axis, styles, drawn)
                write_part(out / "curves" / f"{stem}{axis.key}.tex", picture)
                caption = escaped(f"{section.heading}: {axis.title}, drawn by pgfplots.")
                body += [r"\begin{figure}[t]", f"\\input{{curves/{stem}{axis.key}.tex}}"]
                body += [f"\\caption{{{caption}}}", r"\end{figure}"]
        for table in _tables(section, report.highlighted):
            latex = table_latex(table, section.scores.signature, section.comparison, stem)
            write_part(out / "tables" / f"{stem}{table.key}.tex", latex)
            body.append(f"\\input{{tables/{stem}{table.key}.tex}}")
        body.append(r"\clearpage")
    document = out / "paper.tex"
    write_part(document, _document(form, body))
    return document


def _shown(report: Report, section: Section) -> list[str]:
    """The trackers that figures draw, best first: the best ones, and those that are always drawn."""
    ranked = tables.ranked(section.scores, section.comparison)
    wanted = {*ranked[: report.top], *report.highlighted}
    return [name for name in ranked if name in wanted and name in section.alike.trackers]


def _tables(section: Section, highlighted: Sequence[str]) -> Iterator[tables.Table]:
    ranking = tables.ranking_table(section.scores, section.comparison, most=_METRICS)
    columns = [number for number, column in enumerate(ranking.columns) if column.key != "no_significant_difference"]
    yield dataclasses.replace(  # daggers say it in a paper
        ranking,
        columns=tuple(ranking.columns[number] for number in columns),
        rows=tuple(tuple(row[number] for number in columns) for row in ranking.rows),
    )
    attributes = tables.attribute_table(section.scores, section.comparison)
    if attributes is not None:
        yield attributes
    if section.comparison is not None and section.comparison.pairs:
        pairs = tables.pairs_table(section.comparison, brief=True)
        # Of fifty trackers there are more than a thousand pairs; a paper says how its own and the best one stand.
        named = {section.comparison.ranking[0], *highlighted}
        rows = tuple(row for row in pairs.rows if named & {row[0], row[1]})
        yield dataclasses.replace(pairs, rows=rows[:_MOST_PAIRS])


@dataclass(frozen=True, eq=False)
class _Figures:
    """The figures of one section in one style."""

    scores: Scores
    names: Sequence[str]
    """Trackers that are drawn, best first."""
    styles: Mapping[str, plots.Style]
    form: PaperStyle

    def all(self) -> dict[str, Figure]:
        """Stem -> figure: each curve, the first two beside each other, and what there is by attribute."""
        scores, names, form = self.scores, self.names, self.form
        axes = [one for one in scores.measure.curves if any(one.key in scores.trackers[name].curves for name in names)]
        drawn = {axis.key: self._curves([axis], form.column) for axis in axes}
        if len(axes) > 1:
            drawn["pair"] = self._curves(axes[:2], form.page)
        attributes = [one for one in scores.attribute_counts if self._has_curves(one)]
        if attributes and axes:
            drawn["attribute-curves"] = self._grid(axes[0], attributes)
        if len(scores.attribute_counts) >= _LEAST_ATTRIBUTES:
            drawn["radar"] = self._radar()
        return drawn

    def _has_curves(self, attribute: str) -> bool:
        return any(attribute in self.scores.trackers[name].attribute_curves for name in self.names)

    @plots.as_written
    def _curves(self, axes: Sequence[CurveAxis], width: float) -> Figure:
        """Curves in panels next to each other, each with its ranked legend below."""
        scores, size = self.scores, self.form.text
        rows = math.ceil(len(self.names) / 2)
        figure, panels = _panels(1, len(axes), width, 0.78 * width / len(axes) + rows * 1.55 * size / 72)
        for panel, axis in zip(panels, axes, strict=True):
            _, labels = ranked_curves(scores, axis, len(scores.trackers))
            for name, label in labels.items():
                if name in self.names and axis.key in scores.trackers[name].curves:
                    self._line(panel, axis, scores.trackers[name].curves[axis.key], name, label)
            _dress(panel, axis, curve_limit(scores, axis), axis.title)
            panel.set(xlabel=axis.x_label, ylabel=axis.y_label)
            panel.legend(
                loc="upper center",
                bbox_to_anchor=(0.5, -0.2),
                ncols=2,
                frameon=False,
                fontsize=0.8 * size,
                handlelength=1.6,
                columnspacing=1.0,
                borderaxespad=0.2,
            )
        return figure

    @plots.as_written
    def _grid(self, axis: CurveAxis, attributes: Sequence[str]) -> Figure:
        """One small panel for each attribute, with one legend for all."""
        scores, form = self.scores, self.form
        rows = math.ceil(len(attributes) / _GRID_COLUMNS)
        below = math.ceil(len(self.names) / _LEGEND_COLUMNS) * 1.6 * form.text / 72
        figure, panels = _panels(rows, _GRID_COLUMNS, form.page, rows * 0.85 * form.page / _GRID_COLUMNS + below)
        limit = curve_limit(scores, axis)
        for panel, attribute in zip(panels, attributes, strict=False):
            for name in self.names:
                curves = scores.trackers[name].attribute_curves.get(attribute, {})
                if axis.key in curves:
                    self._line(panel, axis, curves[axis.key], name, name)
            _dress(panel, axis, limit, f"{attribute} ({scores.attribute_counts[attribute]})")
            panel.tick_params(labelsize=0.75 * form.text)
            panel.set_xlabel(printable(axis.x_label), fontsize=0.8 * form.text)
            panel.set_ylabel(printable(axis.y_label), fontsize=0.8 * form.text)
            panel.label_outer()
            panel.title.set_fontsize(0.9 * form.text)
        for panel in panels[len(attributes) :]:
            panel.set_visible(False)
        handles, labels = panels[0].get_legend_handles_labels()
        columns = min(_LEGEND_COLUMNS, len(self.names))
        figure.legend(
            handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=0.85 * form.text
        )
        return figure

    @plots.as_written
    def _radar(self) -> Figure:
        """The first metric by attribute on spokes."""
        from matplotlib.figure import Figure

        scores, form = self.scores, self.form
        metric, attributes = scores.measure.metrics[0], list(scores.attribute_counts)
        angles = np.linspace(0, 2 * np.pi, len(attributes), endpoint=False)
        below = math.ceil(len(self.names) / 2) * 1.6 * form.text / 72
        figure = Figure(figsize=(form.column, 0.95 * form.column + below), layout="constrained")
        axes: Any = figure.add_subplot(projection="polar")
        axes.set_theta_zero_location("N")
        axes.set_theta_direction(-1)
        for name in self.names:
            by_attribute = scores.trackers[name].attributes
            values = [float(by_attribute.get(one, {}).get(metric.key, math.nan)) for one in attributes]
            colour, line, _ = self.styles[name]
            closed = [*values, values[0]]
            axes.plot(
                [*angles, angles[0]], closed, color=colour, linestyle=line, linewidth=form.line, label=printable(name)
            )
        axes.set_xticks(angles, [printable(f"{one} ({scores.attribute_counts[one]})") for one in attributes])
        axes.tick_params(labelsize=0.75 * form.text)
        axes.set_title(printable(metric.label), fontsize=form.text)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=0.8 * form.text)
        return figure

    def _line(self, panel: Axes, axis: CurveAxis, curve: Any, name: str, label: str) -> None:
        colour, line, _ = self.styles[name]
        panel.plot(axis.x, curve, color=colour, linestyle=line, linewidth=self.form.line, label=printable(label))


def _panels(rows: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    panels = [figure.add_subplot(rows, columns, number + 1) for number in range(rows * columns)]
    for panel in panels:
        panel.grid(color="#dddddd", linewidth=0.5)
        panel.set_axisbelow(True)
    return figure, panels


def _dress(panel: Axes, axis: CurveAxis, limit: float, title: str) -> None:
    panel.set_title(printable(title))
    panel.set_xlim(float(axis.x[0]), float(axis.x[-1]))
    panel.set_ylim(0, limit)
    if axis.averaged is not None:
        panel.axvspan(*axis.averaged, color=plots.SHADE, linewidth=0, zorder=0)


@contextmanager
def _set_in(form: PaperStyle) -> Iterator[None]:
    """Draw in the letters of a style."""
    import matplotlib as mpl

    settings: Any = {
        "font.family": form.family,
        "font.size": form.text,
        "axes.titlesize": form.text,
        "axes.labelsize": form.text,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.labelsize": 0.85 * form.text,
        "ytick.labelsize": 0.85 * form.text,
    }
    with mpl.rc_context(settings):
        yield


def _float(path: str, name: str, section: Section) -> list[str]:
    wide = name in {"pair", "attribute-curves"}
    kind, width = ("figure*", r"\textwidth") if wide else ("figure", r"\columnwidth")
    caption = escaped(f"{section.heading}: {name.replace('-', ' ')}.")
    return [
        f"\\begin{{{kind}}}[t]\\centering\\includegraphics[width={width}]{{{path}}}\\caption{{{caption}}}\\end{{{kind}}}"
    ]


def _document(form: PaperStyle, body: Sequence[str]) -> str:
    packages = "".join(f"\\usepackage{{{name}}}\n" for name in PACKAGES)
    return (
        "% Everything that was written, to copy from. Compile it here: pdflatex paper.tex\n"
        f"\\documentclass{form.options}\n\\usepackage[T1]{{fontenc}}\n\\usepackage[utf8]{{inputenc}}\n"
        "\\usepackage{textcomp}\n\\usepackage[margin=0.7in]{geometry}\n"
        f"{packages}\\pgfplotsset{{compat=1.16}}\n\\begin{{document}}\n" + "\n".join(body) + "\n\\end{document}\n"
    )


def _save(path: Path, figure: Figure, signature: str) -> None:
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # what is laid out already is not cut: the width is the column's
    write_part(path, render(figure, ("pdf",), signature)[0])
