"""Lines of rectangles and codes, which is what nearly all result files are, parsed at the speed of reading them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.compiled import Kernel
from siamfc_eval.results.rows import Rows

_parse_lines = Kernel(
    "siamfc_eval.results.formats.line_kernel",
    "parse_lines",
    *(np.uint8, int, np.float64, np.int8, int, np.int64, np.int64),
)
_WHITE = b" \t\r\n"
_USUAL_LINE = 8
"""Least bytes of a line of four numbers."""


def parse_lines(data: bytes) -> Rows | None:
    """The rows of a text, each number bit for bit what `float` gives.

    Args:
        data: lines of four numbers (separated by commas, tabs or spaces; NaN allowed) or of one code 0, 1 or 2 (also
            1.0); white space at the end is passed over.

    Returns:
        The rows. None for anything else, right or wrong: polygons, empty lines, infinities, other words.
    """
    text = data.rstrip(_WHITE)
    # Counting the lines would take a tenth of the time of parsing them.
    result = _parse(text, len(text) // _USUAL_LINE + 2) or _parse(text, text.count(b"\n") + text.count(b"\r") + 1)
    if result is None:
        return None
    rows, hard = result
    if len(hard):
        values = np.array([float(text[start:stop]) for start, stop in hard[:, :2].tolist()])
        if np.isinf(values).any():
            return None
        rows.boxes.reshape(-1)[hard[:, 2]] = values
    return rows


def _parse(text: bytes, lines: int) -> tuple[Rows, NDArray[np.int64]] | None:
    """The rows and what is left to `float` (first byte, last byte + 1, place); None where there is not enough room for
    them, or the text is of another kind."""
    boxes, codes = np.empty((lines, 4)), np.empty(lines, dtype=np.int8)
    hard, hard_count = np.empty((4 * lines, 3), dtype=np.int64), np.zeros(1, dtype=np.int64)
    count = _parse_lines(text + b"\n", len(text), boxes, codes, lines, hard, hard_count)
    if count <= 0:
        return None
    return Rows(boxes[:count], codes[:count]), hard[: hard_count[0]]
