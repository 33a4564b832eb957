"""Tables and curves in the form that papers take: booktabs tables and pgfplots pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.metrics.scores import CurveAxis, Scores
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.curves import curve_limit, ranked_curves
from siamfc_eval.reporting.plots import Style
from siamfc_eval.reporting.tables import Cell, Table, cell_text, number

PACKAGES = ("booktabs", "graphicx", "xcolor", "pgfplots")
"""LaTeX packages that what is written here needs; pgfplots for curves only."""

_ESCAPED = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "<": r"$<$"}
_ESCAPED |= {">": r"$>$", "|": r"\textbar{}", "[": "{[}", "]": "{]}", '"': r"\textquotedbl{}"}
_ESCAPED |= {character: f"\\{character}" for character in "&%$#_{}"}
_DASHES = {"-": "solid", "--": "dashed", "-.": "dashdotted", ":": "dotted"}
_FITTED = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" + "\n"
"""Makes a table smaller that is wider than its column."""
_NARROW = 5
"""Columns of a table that stands in one column of a page; wider ones go over all."""
_MOST_POINTS = 200
"""Of a curve in a picture: TeX is slow with more, and no print shows them."""


def escaped(text: str) -> str:
    """Text that LaTeX sets as it is written. Letters that are in no font of pdfTeX need XeLaTeX or LuaLaTeX."""
    return "".join(_ESCAPED.get(character, character) for character in printable(text))


def table_latex(table: Table, signature: str = "", comparison: Comparison | None = None, stem: str = "") -> str:
    """A table float with booktabs: of each column the best in bold and the second best underlined.

    Args:
        table: what to write.
        signature: of the numbers; it is in the caption and in a comment in the first line; "" for none.
        comparison: marks the trackers that are not significantly different from the best one, in a table that names
            trackers in a column "tracker".
        stem: what sets the label apart from that of another convention's table.
    """
    open_ones = set(comparison.undecided(comparison.ranking[0])) if comparison and comparison.pairs else set()
    marks = [bool(open_ones) and column.key == "tracker" for column in table.columns]
    text = [
        [
            _marked(cell, table, position)
            + (r"$^\dagger$" if marks[position] and cell in open_ones else "")
            + (r"$^\ddagger$" if cell in table.marked and table.columns[position].key == "tracker" else "")
            for position, cell in enumerate(row)
        ]
        for row in table.rows
    ]
    alignment = "".join("l" if isinstance(cell, str) else "r" for cell in table.rows[0]) if table.rows else ""
    star = "*" if len(table.columns) > _NARROW else ""
    lines = [
        rf"\begin{{table{star}}}[t]",
        rf"\caption{{{_caption(table, signature, any(marks) and table.rows != ())}}}",
        rf"\label{{tab:{stem}{table.key}}}",
        rf"{_FITTED}\begin{{tabular}}{{{alignment or 'l' * len(table.columns)}}}",
        r"\toprule",
        " & ".join(escaped(column.label) for column in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(cells) + r" \\" for cells in text),
        r"\bottomrule",
        r"\end{tabular}}",
        rf"\end{{table{star}}}",
    ]
    return "\n".join([f"% {printable(signature)}", *lines] if signature else lines) + "\n"


def _marked(cell: Cell, table: Table, position: int) -> str:
    digits = table.columns[position].digits
    if isinstance(cell, str):
        return escaped(cell)
    shown = cell_text(number(cell), digits)
    if math.isfinite(number(cell)) and number(cell) == table.best(position):
        shown = f"\\textbf{{{shown}}}"
    elif math.isfinite(number(cell)) and number(cell) == table.second(position):
        shown = f"\\underline{{{shown}}}"
    if isinstance(cell, ConfidenceInterval) and math.isfinite(cell.low) and math.isfinite(cell.high):
        bounds = f"{cell_text(cell.low, digits)}, {cell_text(cell.high, digits)}"
        shown += f" {{\\scriptsize [{bounds}]}}"
    return shown.replace("–", "--")


def _caption(table: Table, signature: str, daggers: bool) -> str:
    parts = [table.title if table.title.endswith((".", "?")) else f"{table.title}."]
    if any(column.better for column in table.columns):
        parts.append("Of each column the best is bold, the second best underlined.")
    text = escaped(" ".join([*parts, table.note]).strip())
    if daggers:
        text += r" $^\dagger$: no significant difference from the best."
    if table.marked:
        text += r" $^\ddagger$: not over everything, or over runs that were changed to fit."
    # A signature has no spaces, so that TeX must be told where it may be broken.
    return text + (f" {{\\scriptsize\\ttfamily {_breakable(signature)}}}" if signature else "")


def _breakable(signature: str) -> str:
    return escaped(signature).replace(r"\textbar{}", r"\textbar{}\allowbreak{}").replace(":", r":\allowbreak{}")


def curve_pgfplots(scores: Scores, axis: CurveAxis, styles: Mapping[str, Style], shown: Sequence[str]) -> str:
    r"""A curve of several trackers as a picture of pgfplots, as wide as `\linewidth`.

    Args:
        scores: what to draw.
        axis: which of its curves.
        styles: colours and lines of the trackers.
        shown: trackers that are drawn, best first.
    """
    title, labels = ranked_curves(scores, axis, len(scores.trackers))
    lines = [f"% {printable(scores.signature)}"]
    lines += [f"\\definecolor{{tracker{i}}}{{HTML}}{{{styles[name][0][1:]}}}" for i, name in enumerate(shown)]
    low, high = float(axis.x[0]), float(axis.x[-1])
    lines += [
        r"\begin{tikzpicture}",
        r"\begin{axis}[width=\linewidth, height=0.85\linewidth, grid=major, grid style={gray!25},",
        f"  xmin={low:g}, xmax={high:g}, ymin=0, ymax={curve_limit(scores, axis):.4g},",
        f"  xlabel={{{escaped(axis.x_label)}}}, ylabel={{{escaped(axis.y_label)}}}, title={{{escaped(axis.title)}}},",
        r"  legend cell align=left, legend columns=2, legend style={font=\scriptsize, draw=none,",
        r"  at={(0.5,-0.22)}, anchor=north}, every axis plot/.append style={line width=0.9pt, no markers}]",
    ]
    step = max(1, math.ceil(len(axis.x) / _MOST_POINTS))
    for i, name in enumerate(shown):
        curve = scores.trackers[name].curves[axis.key]
        points = " ".join(
            f"({x:.5g},{y:.4f})"
            for x, y in zip(axis.x[::step].tolist(), curve[::step].tolist(), strict=True)
            if math.isfinite(y)
        )
        lines.append(f"\\addplot[color=tracker{i}, {_DASHES[styles[name][1]]}] coordinates {{{points}}};")
        lines.append(f"\\addlegendentry{{{escaped(labels[name])}}}")
    lines += [r"\end{axis}", r"\end{tikzpicture}", f"% legend: {printable(title)}"]
    return "\n".join(lines) + "\n"
