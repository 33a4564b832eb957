"""Result files as text: one line per frame, a rectangle, a polygon or a VOT code, as every toolkit writes them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region, bounding_box
from siamfc_eval.protocols.trajectory import REGION, Code
from siamfc_eval.results.formats.lines import parse_lines
from siamfc_eval.results.rows import Rows

_SEPARATOR = re.compile(r"[ \t]*,[ \t]*|[ \t]+")
_MAX_LINE = 65536
_CODES = {float(code): int(code) for code in Code}


def parse_rows(data: bytes, path: str | Path) -> Rows:
    """The rows of a result file.

    A line is `x,y,w,h`, a polygon `x0,y0,x1,y1,x2,y2,...`, or a VOT code (0, 1, 2, also written 1.0); values are
    separated by commas, tabs or spaces; a row of NaN is a rectangle that the tracker did not give.

    Args:
        data: the content of the file.
        path: where it is from, for messages.

    Raises:
        InputError: with file and line, for anything else.
    """
    rows = parse_lines(data)
    return rows if rows is not None else _slow(_lines(data, path), path)


def parse_numbers(data: bytes, path: str | Path) -> NDArray[np.float64]:
    """A table of numbers, e.g. times: shape (lines, columns); NaN allowed.

    Raises:
        InputError: with file and line, for a word that is no finite number and for a line of another width.
    """
    lines = _lines(data, path)
    table = _table(lines)
    if table is not None and len(table) == len(lines) and not np.isinf(table).any():
        return table
    rows = [_values(line, path, number) for number, line in enumerate(lines, start=1)]
    for number, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise InputError(f"{path}:{number}: expected {len(rows[0])} numbers as in line 1, found {len(row)}.")
    return np.array(rows, dtype=np.float64)


def parse_values(data: bytes, path: str | Path) -> NDArray[np.float64]:
    """One number per line, as vot-toolkit writes times and confidences; an empty line is NaN. Shape (lines,).

    Raises:
        InputError: with file and line, for a line that is not one finite number.
    """
    lines = _text(data, path).split("\n")
    if not lines[-1].strip():
        lines.pop()
    rows = [_values(line, path, number) if line.strip() else [math.nan] for number, line in enumerate(lines, start=1)]
    for number, row in enumerate(rows, start=1):
        if len(row) != 1:
            raise InputError(f"{path}:{number}: expected one number, found {len(row)}.")
    return np.array(rows, dtype=np.float64).reshape(-1)


def _lines(data: bytes, path: str | Path) -> list[str]:
    """The lines without trailing empty ones."""
    return _text(data, path).rstrip().split("\n")


def _text(data: bytes, path: str | Path) -> str:
    """The content with `\\n` for line ends; refuses what is not text or has a line that no region can fill."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError(f"{path}: expected plain text, found UTF-16. Save the file as ASCII or UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected lines of numbers, found binary data at byte {error.start}.") from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > _MAX_LINE:
        for number, line in enumerate(text.split("\n"), start=1):
            if len(line) > _MAX_LINE:
                raise InputError(f"{path}:{number}: expected one region, found a line of {len(line):,} characters.")
    return text


def _table(lines: list[str]) -> NDArray[np.float64] | None:
    """The lines as a rectangular table through numpy's C parser; None where it is not one."""
    if not lines[0]:
        return None
    delimiter = "," if "," in lines[0] else None
    try:
        return np.loadtxt(lines, dtype=np.float64, delimiter=delimiter, comments=None, ndmin=2)
    except ValueError:
        return None


def _slow(lines: list[str], path: str | Path) -> Rows:
    """Line by line, so that what is wrong can be named."""
    boxes = np.full((len(lines), 4), np.nan)
    codes = np.full(len(lines), REGION, dtype=np.int8)
    polygons: dict[int, Region] = {}
    for row, line in enumerate(lines):
        values = _values(line, path, row + 1)
        if len(values) == 1:
            if values[0] not in _CODES:
                raise InputError(
                    f"{path}:{row + 1}: expected a region or a code 0, 1 or 2, found {line.strip()[:60]!r}."
                )
            codes[row] = _CODES[values[0]]
        elif len(values) == 4:
            boxes[row] = values
        elif len(values) >= 6 and len(values) % 2 == 0:
            polygons[row] = np.array(values, dtype=np.float64)
            with np.errstate(over="ignore"):
                boxes[row] = bounding_box(polygons[row])
            if np.isinf(boxes[row]).any():
                raise InputError(f"{path}:{row + 1}: expected a polygon in pixels, found one wider than any number.")
        else:
            raise InputError(
                f"{path}:{row + 1}: expected 4 values (x,y,w,h), a polygon of 6 or more, or a code; found "
                f"{len(values)} values ({line.strip()[:60]!r}). Was the file cut off, or is it no result file?"
            )
    return Rows(boxes, codes, polygons)


def _values(line: str, path: str | Path, number: int) -> list[float]:
    text = line.strip()
    if not text:
        raise InputError(f"{path}:{number}: expected a region, found an empty line. One line per frame, without gaps.")
    if text[0] in "mM":
        raise InputError(
            f"{path}:{number}: expected a rectangle or a polygon, found a mask. "
            "Masks are not scored; have the tracker report rectangles or polygons."
        )
    values = []
    for word in _SEPARATOR.split(text):
        try:
            value = float(word) if "_" not in word else math.inf
        except ValueError:
            raise InputError(f"{path}:{number}: expected numbers, found {word[:40]!r} in {text[:60]!r}.") from None
        if math.isinf(value):
            raise InputError(f"{path}:{number}: expected finite numbers, found {word[:40]!r}. Write NaN for no answer.")
        values.append(value)
    return values
