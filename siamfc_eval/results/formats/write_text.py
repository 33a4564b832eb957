"""Rows as the text that every toolkit reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.protocols.trajectory import REGION
from siamfc_eval.results.rows import Rows


def format_rows(rows: Rows) -> str:
    """One line per frame: `x,y,w,h`, a polygon, or a code; every number so that reading gives the same float64 back."""
    lines = [",".join(map(_number, box)) for box in rows.boxes.tolist()]
    for row, polygon in rows.polygons.items():
        lines[row] = ",".join(map(_number, polygon.tolist()))
    for row in np.flatnonzero(rows.codes != REGION).tolist():
        lines[row] = str(int(rows.codes[row]))
    return "\n".join(lines) + "\n"


def format_columns(values: NDArray[np.float64]) -> str:
    """Times or confidences: one line per frame, comma-separated columns, at full precision.

    Args:
        values: shape (n,) or (n, repetitions).
    """
    table = values.reshape(len(values), -1)
    return "\n".join(",".join(map(_number, row)) for row in table.tolist()) + "\n"


def _number(value: float) -> str:
    """Shortest text that reads back as the same number; whole numbers without a point, as data sets have them."""
    if value.is_integer() and abs(value) < 1e15:
        return "-0.0" if value == 0 and str(value)[0] == "-" else str(int(value))
    return repr(value)
