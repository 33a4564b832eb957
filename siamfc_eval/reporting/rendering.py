"""A table as CSV, LaTeX or terminal text, through pandas and rich."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from siamfc_eval.comparison.resampling import Interval
from siamfc_eval.plain_text import printable, spreadsheet_cell
from siamfc_eval.reporting.tables import Table, cell_text, number

if TYPE_CHECKING:
    import rich.table


def to_csv(table: Table, signature: str = "") -> str:
    """CSV with full precision; an interval takes three columns, a missing number is empty.

    Args:
        table: what to write.
        signature: of the numbers, for a last column; "" for none.
    """
    frame = _frame(table)
    if signature:
        frame["signature"] = spreadsheet_cell(signature)
    return str(frame.to_csv(index=False, lineterminator="\n"))


def to_latex(table: Table, signature: str = "") -> str:
    """A booktabs table, the best of each column in bold; needs the LaTeX package booktabs.

    Args:
        table: what to write.
        signature: of the numbers, for a comment in the first line; "" for none.
    """
    import pandas as pd

    text = []
    for row in table.rows:
        cells = []
        for position, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            shown = _latex_escape(cell_text(cell, column.digits))
            best = table.best(position)
            bold = math.isfinite(best) and number(cell) == best
            cells.append(f"\\textbf{{{shown}}}" if bold else shown)
        text.append(cells)
    frame = pd.DataFrame(text, columns=[_latex_escape(column.label) for column in table.columns])
    alignment = "".join("l" if isinstance(cell, str) else "r" for cell in table.rows[0]) if table.rows else None
    latex = frame.to_latex(index=False, escape=False, column_format=alignment, caption=_latex_escape(table.title))
    return f"% {signature}\n{latex}" if signature else str(latex)


def to_terminal(table: Table) -> rich.table.Table:
    """A rich table, the best of each column in bold."""
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=table.title, caption=table.note or None, title_justify="left", caption_justify="left")
    for position, column in enumerate(table.columns):
        numeric = any(not isinstance(row[position], str) for row in table.rows)
        drawn.add_column(printable(column.label), justify="right" if numeric else "left", no_wrap=position < 2)
    for row in table.rows:
        cells = []
        for position, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            best = table.best(position)
            style = "bold" if math.isfinite(best) and number(cell) == best else ""
            cells.append(Text(printable(cell_text(cell, column.digits)), style=style))
        drawn.add_row(*cells)
    return drawn


def terminal_text(table: Table, width: int = 120) -> str:
    """The terminal table as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    Console(file=buffer, width=width, color_system=None).print(to_terminal(table))
    return buffer.getvalue()


def _frame(table: Table) -> Any:
    import pandas as pd

    records = []
    for row in table.rows:
        record: dict[str, str | float] = {}
        for cell, column in zip(row, table.columns, strict=True):
            key = spreadsheet_cell(column.key)
            if isinstance(cell, Interval):
                record |= {key: cell.value, f"{key}_low": cell.low, f"{key}_high": cell.high}
            else:
                record[key] = spreadsheet_cell(cell) if isinstance(cell, str) else cell
        records.append(record)
    return pd.DataFrame(
        records, columns=None if records else [spreadsheet_cell(column.key) for column in table.columns]
    )


_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "<": r"$<$"}
_LATEX |= {character: f"\\{character}" for character in "&%$#_{}"}


def _latex_escape(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in printable(text))
