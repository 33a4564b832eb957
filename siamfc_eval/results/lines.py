"""Lines of rectangles and codes, which is what nearly all result files are, parsed at the speed of reading them."""

from __future__ import annotations

import math

import numpy as np

from siamfc_eval.compiled import Kernel
from siamfc_eval.results.rows import Rows

_parse_lines = Kernel(
    "siamfc_eval.results.line_kernel", "parse_lines", np.uint8, int, np.float64, np.int8, np.int64, np.int64
)
_WHITE = b" \t\r\n"


def parse_lines(data: bytes) -> Rows | None:
    """The rows of a text, each number bit for bit what `float` gives.

    Args:
        data: lines of four numbers (separated by commas, tabs or spaces; NaN allowed) or of one code 0, 1 or 2 (also
            1.0); white space at the end is passed over.

    Returns:
        The rows. None for anything else, right or wrong: polygons, empty lines, infinities, other words.
    """
    text = data.rstrip(_WHITE)
    most = text.count(b"\n") + text.count(b"\r") + 1
    boxes, codes = np.empty((most, 4)), np.empty(most, dtype=np.int8)
    hard, hard_count = np.empty((4 * most, 3), dtype=np.int64), np.zeros(1, dtype=np.int64)
    letters = np.frombuffer(text + b"\n", dtype=np.uint8)
    count = _parse_lines(letters, len(text), boxes, codes, hard, hard_count)
    if count <= 0:
        return None
    for start, stop, place in hard[: hard_count[0]].tolist():
        value = float(text[start:stop])
        if math.isinf(value):
            return None
        boxes.flat[place] = value
    boxes, codes = boxes[:count], codes[:count]
    return Rows(boxes, codes)
