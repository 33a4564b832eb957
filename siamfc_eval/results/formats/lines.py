"""Lines of rectangles and codes, which is what nearly all result files are, parsed at the speed of reading them.

Numbers go through orjson, which rounds a decimal to the nearest double as `float` does; whatever is no JSON, such as
`.5` or `+1`, goes through `float` itself.
"""

from __future__ import annotations

import struct

import numpy as np
import orjson
from numpy.typing import NDArray

from siamfc_eval.protocols.trajectory import REGION
from siamfc_eval.results.rows import Rows

_WHITE = b" \t\r\n"
_OF_NUMBERS = b"+-.0123456789eEnNaA"
"""What numbers and NaN are written with."""
_RECTANGLES = b",,,\n"
"""What is left of a line with a rectangle when its numbers are taken out; of a line with a code nothing is left."""
_MOST_LETTERS = 65536
"""Of a line; no region fills as many."""


def parse_lines(data: bytes) -> Rows | None:
    """The rows of a text, each number bit for bit what `float` gives.

    Args:
        data: lines of four numbers (separated by commas, tabs or spaces; NaN allowed) or of one code 0, 1 or 2 (also
            1.0); white space at the end is passed over.

    Returns:
        The rows. None for anything else, right or wrong: polygons, empty lines, infinities, other words.
    """
    text = _with_commas(data.rstrip(_WHITE))
    between = text.translate(None, _OF_NUMBERS)
    lines = between.count(b"\n") + 1
    coded = len(between) != 4 * lines - 1 or between != _RECTANGLES * (lines - 1) + _RECTANGLES[:3]
    if not text or (coded and not set(between.split(b"\n")) <= {b"", _RECTANGLES[:3]}):
        return None
    if len(text) > _MOST_LETTERS and max(map(len, text.split(b"\n"))) > _MOST_LETTERS:
        return None
    values = _numbers(text.replace(b"\n", b","))
    if values is None:
        return None
    if coded:
        return _with_codes(values, np.array([not commas for commas in between.split(b"\n")]))
    return Rows(values.reshape(-1, 4), np.full(lines, REGION, dtype=np.int8))


def _with_codes(values: NDArray[np.float64], is_code: NDArray[np.bool_]) -> Rows | None:
    """The rows of lines of which some hold a code; None where a code is not 0, 1 or 2."""
    of_codes = np.repeat(is_code, np.where(is_code, 1, 4))
    found = values[of_codes]
    if not ((found == 0.0) | (found == 1.0) | (found == 2.0)).all():
        return None
    codes = np.full(len(is_code), REGION, dtype=np.int8)
    codes[is_code] = found
    boxes = np.full((len(is_code), 4), np.nan)
    boxes[~is_code] = values[~of_codes].reshape(-1, 4)
    return Rows(boxes, codes)


def _with_commas(text: bytes) -> bytes:
    """The same lines, ended by `\\n`, their words separated by a comma alone."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b" " in text or b"\t" in text:
        text = text.replace(b"\t", b" ")
        while b"  " in text:
            text = text.replace(b"  ", b" ")
        for other in (b",", b"\n"):
            text = text.replace(b" " + other, other).replace(other + b" ", other)
        text = text.strip(b" ").replace(b" ", b",")
    return text


def _numbers(text: bytes) -> NDArray[np.float64] | None:
    """The numbers between commas; None if one is infinite or there is anything else between them.

    Args:
        text: nothing but commas and what numbers are written with.
    """
    # "-0" is to JSON a whole number, which has no sign; few files have any "-", which is found faster.
    if b"-" not in text or not (b"-0," in text or text.endswith(b"-0")):
        try:
            return _from_json(text)
        except orjson.JSONDecodeError:
            pass
    try:
        values = np.array([float(word) for word in text.split(b",")])
    except ValueError:
        return None
    return None if np.isinf(values).any() else values


def _from_json(text: bytes) -> NDArray[np.float64]:
    """The same of what JSON can say, and of NaN as numpy and Python write it, for which it has null.

    Raises:
        JSONDecodeError: anything else, infinities too.
    """
    if b"n" in text or b"N" in text:
        return np.array(orjson.loads(b"[%b]" % text.replace(b"nan", b"null").replace(b"NaN", b"null")), np.float64)
    numbers: list[float] = orjson.loads(b"[%b]" % text)
    values = np.empty(len(numbers))
    struct.pack_into(f"{len(numbers)}d", values.data, 0, *numbers)  # twice as fast as numpy's own ways from a list
    return values
