"""Lines of rectangles, polygons and codes, as result files are that are in order, parsed at the speed of reading them.

Numbers go through orjson, which rounds a decimal to the nearest double as `float` does; whatever is no JSON, such as
`.5` or `+1`, goes through `float` itself.
"""

from __future__ import annotations

import struct

import numpy as np
import orjson
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Region, bounding_boxes
from siamfc_eval.protocols.trajectory import REGION, Code
from siamfc_eval.results.rows import Rows

_WHITE = b" \t\r\n"
_OF_NUMBERS = b"+-.0123456789eEnNaA"
"""What numbers and NaN are written with."""
_RECTANGLES = b",,,\n"
"""What is left of a line with a rectangle when its numbers are taken out; of a line with a code nothing is left."""
_CODES = [float(code) for code in Code]
_MOST_LETTERS = 65536
"""Of a line; no region fills as many."""


def parse_lines(data: bytes) -> Rows | None:
    """The rows of a text, each number bit for bit what `float` gives.

    Args:
        data: lines of numbers (separated by commas, tabs or spaces; NaN allowed), four or the six or more of a polygon,
            or of one code 0, 1 or 2 (also 1.0); white space at the end is passed over.

    Returns:
        The rows. None for anything else, right or wrong: empty lines, infinities, other words.
    """
    text = _with_commas(data.rstrip(_WHITE))
    between = text.translate(None, _OF_NUMBERS)
    lines = between.count(b"\n") + 1
    mixed = len(between) != 4 * lines - 1 or between != _RECTANGLES * (lines - 1) + _RECTANGLES[:3]
    if not text or (mixed and between.translate(None, b",\n")):
        return None
    if len(text) > _MOST_LETTERS and max(map(len, text.split(b"\n"))) > _MOST_LETTERS:
        return None
    values = _numbers(text.replace(b"\n", b","))
    if values is None:
        return None
    if mixed:
        return _mixed(values, np.array([len(commas) + 1 for commas in between.split(b"\n")]))
    return Rows(values.reshape(-1, 4), np.full(lines, REGION, dtype=np.int8))


def _mixed(values: NDArray[np.float64], counts: NDArray[np.int_]) -> Rows | None:
    """The rows of lines of so many numbers each: codes, rectangles and polygons; None where one is none of these."""
    firsts = np.cumsum(counts) - counts
    boxes = np.full((len(counts), 4), np.nan)
    codes = np.full(len(counts), REGION, dtype=np.int8)
    polygons: dict[int, Region] = {}
    for count in sorted(set(counts.tolist())):  # numpy's own `unique` loads masked arrays, which takes longer.
        rows = np.flatnonzero(counts == count)
        found = values[firsts[rows, None] + np.arange(count)]
        if count == 1:
            if not np.isin(found, _CODES).all():
                return None
            codes[rows] = found[:, 0]
        elif count == 4:
            boxes[rows] = found
        elif count >= 6 and count % 2 == 0:
            polygons.update(zip(rows.tolist(), found, strict=True))
            with np.errstate(over="ignore"):
                boxes[rows] = bounding_boxes(list(found))
            if np.isinf(boxes[rows]).any():
                return None
        else:
            return None
    return Rows(boxes, codes, dict(sorted(polygons.items())))


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
    # "-0" is to JSON a whole number, which has no sign. Looked for is between the first and the last "-": these are few
    # and found fast.
    first = text.find(b"-")
    if first < 0 or not (b"-0," in text[first : text.rfind(b"-") + 3] or text.endswith(b"-0")):
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
