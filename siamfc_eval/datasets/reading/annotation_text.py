"""Number tables in text files, as annotations are published: separated by commas, semicolons, tabs or spaces."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

_SEPARATOR = re.compile(r"[,;\s]+")


def read_lines(path: Path) -> list[str]:
    """The lines of a text file without trailing empty ones.

    Raises:
        InputError: the file cannot be read, or is not text.
    """
    try:
        text = read_bounded(path, MOST_TEXT, "a file of ground truth").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: not a text file (byte {error.start}). Expected one line of numbers per frame."
        ) from error
    return text.rstrip().splitlines()


def read_rows(path: Path, widths: Collection[int] | None = None) -> list[NDArray[np.float64]]:
    """The numbers of each line.

    Args:
        path: text file, one row per line; `NaN` in any case is a number.
        widths: the counts of numbers that a line may have; None: any.

    Returns:
        One float64 array per line.

    Raises:
        InputError: with file and line, where a word is no number or the count is not one of `widths`.
    """
    rows: list[NDArray[np.float64]] = []
    for number, line in enumerate(read_lines(path), start=1):
        words = [word for word in _SEPARATOR.split(line.strip()) if word]
        try:
            row = np.array([float(word) for word in words], dtype=np.float64)
        except ValueError:
            raise InputError(f"{path}:{number}: expected numbers, found {line.strip()[:60]!r}.") from None
        if widths is not None and len(row) not in widths:
            expected = " or ".join(str(width) for width in sorted(widths))
            raise InputError(
                f"{path}:{number}: expected {expected} numbers, found {len(row)} ({line.strip()[:60]!r}). "
                "Is this file of another layout? Name it with --dataset."
            )
        rows.append(row)
    return rows


def read_boxes(path: Path) -> NDArray[np.float64]:
    """A table of boxes as the file has them, shape (n, 4).

    Raises:
        InputError: an empty file, or a line that is not four numbers.
    """
    rows = read_rows(path, widths=(4,))
    if not rows:
        raise InputError(f"{path}: no boxes. Expected one line 'x,y,w,h' per frame.")
    return np.stack(rows)


def read_flags(path: Path) -> NDArray[np.bool_]:
    """All numbers of a file, on one line or many, as booleans, shape (n,); an empty file gives an empty array."""
    rows = [row for row in read_rows(path) if row.size]
    return np.concatenate(rows) != 0 if rows else np.zeros(0, dtype=np.bool_)
