"""A table as CSV or as text for a terminal."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.plain_text import printable, spreadsheet_cell
from siamfc_eval.reporting.tables import Cell, Table, cell_text, number

if TYPE_CHECKING:
    import rich.console
    import rich.table


def to_csv(table: Table, signature: str = "") -> str:
    """CSV with full precision; an interval takes three columns, a missing number is empty.

    Args:
        table: what to write.
        signature: of the numbers, for a last column; "" for none.
    """
    records = _records(table)
    if table.marked:
        for record, row in zip(records, table.rows, strict=True):
            record["incomplete"] = any(cell in table.marked for cell in row if isinstance(cell, str))
    if signature:
        for record in records:
            record["signature"] = spreadsheet_cell(signature)
    nothing = [spreadsheet_cell(column.key) for column in table.columns]
    keys = list(dict.fromkeys(key for record in records for key in record)) if records else nothing
    columns = [_column([record.get(key, math.nan) for record in records]) for key in keys]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([keys, *zip(*columns, strict=True)])
    return buffer.getvalue()


def to_terminal(table: Table, width: int) -> rich.console.Group:
    """A table for a terminal, the best of each column in bold, in blocks of columns that fit the width.

    Numbers are never cut or wrapped; columns that do not fit go into a block below that repeats the rows' names.
    """
    from rich.console import Group
    from rich.text import Text

    parts: list[rich.console.RenderableType] = [Text(printable(table.title), style="italic")]
    for columns in _blocks(table, width):
        parts += [_block(table, columns, width), ""]
    notes = [table.note, _MARKED if table.marked else ""]
    return Group(*parts[:-1], *(Text(printable(note), style="dim") for note in notes if note))


def terminal_text(table: Table, width: int = 120) -> str:
    """The terminal table as plain text."""
    from rich.console import Console

    buffer = io.StringIO()
    Console(file=buffer, width=width, color_system=None).print(to_terminal(table, width))
    return buffer.getvalue()


def _block(table: Table, columns: list[int], width: int) -> rich.table.Table:
    """The table of some columns; names that are too long for the width go on in the next line."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    room = width - sum(_least_width(table, position) + _GAP for position in columns)
    for position in columns:
        column = table.columns[position]
        numeric = any(not isinstance(row[position], str) for row in table.rows)
        least = _least_width(table, position)
        # The first names get what the numbers leave over; a heading is broken between its words.
        widest = max([least, *(_wide(row, table, position) for row in table.rows)])
        wide = min(widest, least + max(room, 0))
        room -= wide - least
        drawn.add_column(
            Text(printable(column.label)), justify="right" if numeric else "left", width=wide, overflow="fold"
        )
    for row in table.rows:
        cells = []
        for position in columns:
            best = table.best(position)
            style = "bold" if math.isfinite(best) and number(row[position]) == best else ""
            cells.append(Text(_cell(row, table, position), style=style))
        drawn.add_row(*cells)
    return drawn


_MARKED = "† Not over everything, or over runs that were changed to fit; see what is incomplete."
_GAP = 2
"""Letters between columns."""
_NAME = 12
"""Letters that the column of a name has at least, if the name is as long."""


def _cell(row: Sequence[Cell], table: Table, position: int) -> str:
    mark = " †" if table.columns[position].key == "tracker" and row[position] in table.marked else ""
    return printable(cell_text(row[position], table.columns[position].digits)) + mark


def _wide(row: Sequence[Cell], table: Table, position: int) -> int:
    """Letters that a cell takes; some characters take two."""
    from rich.cells import cell_len

    return cell_len(_cell(row, table, position))


def _least_width(table: Table, position: int) -> int:
    """What a column needs: its longest number or word of the heading; of text a few letters, for it can be broken."""
    # "SV (39)" stays together.
    heading = max(map(len, re.split(r" (?!\()", table.columns[position].label)), default=1)
    widest = max((_wide(row, table, position) for row in table.rows), default=1)
    names = position in _keys(table) and table.columns[position].key != "rank"
    return max(heading, min(widest, _NAME) if names else widest)


def _keys(table: Table) -> list[int]:
    """The first columns that name a row, at most two."""
    keys = []
    for position in range(min(2, len(table.columns))):
        if any(not isinstance(row[position], str) for row in table.rows):
            break
        keys.append(position)
    return keys


def _blocks(table: Table, width: int) -> list[list[int]]:
    """Columns of each block: the names, and as many others as fit, at least one."""
    keys = _keys(table)
    left = width - sum(_least_width(table, position) + _GAP for position in keys)
    blocks: list[list[int]] = [[]]
    used = 0
    for position in range(len(keys), len(table.columns)):
        needed = _least_width(table, position) + _GAP
        if blocks[-1] and used + needed > left:
            blocks.append([])
            used = 0
        blocks[-1].append(position)
        used += needed
    return [[*keys, *block] for block in blocks]


def _records(table: Table) -> list[dict[str, str | float]]:
    """For each row its values by their columns' names in the file."""
    records = []
    for row in table.rows:
        record: dict[str, str | float] = {}
        for cell, column in zip(row, table.columns, strict=True):
            key = spreadsheet_cell(column.key)
            if isinstance(cell, ConfidenceInterval):
                record |= {key: cell.value, f"{key}_low": cell.low, f"{key}_high": cell.high}
            else:
                record[key] = spreadsheet_cell(cell) if isinstance(cell, str) else cell
        records.append(record)
    return records


def _column(values: list[str | float]) -> list[str]:
    """A column as text that gives back the same numbers: all of them with a point where one has it."""
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    whole = not numbers or all(isinstance(value, int) for value in values)
    found = values if whole else [float(value) for value in values]
    return ["" if isinstance(value, float) and math.isnan(value) else str(value) for value in found]
