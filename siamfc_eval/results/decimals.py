"""Tables of plain decimals, parsed many at a time with array arithmetic: each number is what `float` makes of its text.

Eight digits are read as one 64-bit number and added up in parallel (SWAR). A decimal of up to 15 digits is a whole
number below 2**53 divided by a power of ten below 10**23, both of which a double holds exactly, so that the one
division rounds correctly (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_Words = NDArray[np.uint64]
_Places = NDArray[np.intp]

_MAX_BYTES = 2**22
"""Above it the temporary arrays would take more memory than the time is worth."""
_MAX_DIGITS = 15
_SEPARATORS = b",\t "
_LAST_SEPARATOR = 0x2C
"""No byte of a plain decimal is as low: comma, space, tab, line ends and plus are, minus, point and digits are not."""
_PAD = b"0" * 8
_POWERS = np.array([10**power for power in range(9)], dtype=np.uint64)


def parse_decimals(data: bytes, columns: int) -> Floats | None:
    """The numbers of a text, bit for bit as `float` gives them.

    Args:
        data: lines of `columns` decimals such as `-12.250`, between them one comma, tab or space, the same everywhere.
        columns: of the table, at least 2.

    Returns:
        Shape (lines, columns). None for anything else, right or wrong: exponents, NaN, signs of plus, empty lines,
        more than 8 digits before or behind the point or 15 in all.
    """
    if len(data) > _MAX_BYTES:
        return None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    # Padded, so that the eight bytes before the end of any number can be read.
    text = _PAD + data.rstrip() + b"\n" + _PAD
    letters = np.frombuffer(text, dtype=np.uint8)
    ends = (letters <= _LAST_SEPARATOR).nonzero()[0]
    if ends.size % columns or not _separates(letters[ends].reshape(-1, columns)):
        return None
    lengths = ends - 1
    lengths[1:] -= ends[:-1]
    lengths[0] -= len(_PAD) - 1
    negative = letters[ends - lengths] == ord("-")
    any_negative = bool(negative.any())
    if any_negative:
        lengths -= negative
    windows = np.ndarray((len(text) - 7,), dtype="<u8", buffer=text, strides=(1,))
    values = _alike(windows, ends, lengths, text)
    if values is None:
        values = _any(windows, ends, lengths, letters)
    if values is None:
        return None
    if any_negative:
        np.negative(values, out=values, where=negative)
    return values.reshape(-1, columns)


def _alike(windows: _Words, ends: _Places, lengths: _Places, text: bytes) -> Floats | None:
    """Unsigned numbers of at most 8 bytes, all with as many decimals, which is what most files have; else None."""
    if lengths.max() > 8 or lengths.min() < 1:
        return None
    words = windows[ends - 8].astype(np.uint64, copy=False)
    decimals = len(text[len(_PAD) : ends[0]].partition(b".")[2])
    if not decimals:
        whole = _eight_digits(words, lengths)
        return None if whole is None else whole.astype(np.float64)
    if decimals > 7 or lengths.min() < decimals + 2:
        return None
    below = 64 - 8 * decimals
    point = (words >> np.uint64(below - 8)) & np.uint64(0xFF)
    if (point != ord(".")).any():
        return None
    # The bytes before the point move up by one, over it.
    behind = np.uint64((2 ** (8 * decimals) - 1) << below)
    words = (words & behind) | ((words << np.uint64(8)) & ~behind)
    mantissa = _eight_digits(words, lengths - 1)
    return None if mantissa is None else mantissa.astype(np.float64) / float(10**decimals)


def _any(windows: _Words, ends: _Places, lengths: _Places, letters: NDArray[np.uint8]) -> Floats | None:
    """Unsigned numbers with up to 8 digits before and behind the point; None if one is not that."""
    points = _points(letters, ends)
    whole, decimals = points - ends + lengths, np.maximum(ends - points - 1, 0)
    digits = whole + decimals
    if whole.min() < 0 or whole.max() > 8 or decimals.max() > 8 or digits.min() < 1 or digits.max() > _MAX_DIGITS:
        return None
    before = _eight_digits(windows[points - 8].astype(np.uint64, copy=False), whole)
    behind = _eight_digits(windows[ends - 8].astype(np.uint64, copy=False), decimals)
    if before is None or behind is None:
        return None
    scale = _POWERS[decimals]
    values: Floats = (before * scale + behind).astype(np.float64) / scale.astype(np.float64)
    return values


def _separates(found: NDArray[np.uint8]) -> bool:
    """True if what is found behind the numbers of each line is one separator, and a line end behind the last."""
    expected = bytes([found[0, 0]]) * (found.shape[1] - 1) + b"\n"
    return expected[0] in _SEPARATORS and found.tobytes() == expected * len(found)


def _points(letters: NDArray[np.uint8], ends: _Places) -> _Places:
    """Where the decimal point of each number is, its end for one that has none.

    Of several points in one number this gives one; another is then found where a digit has to be.
    """
    found = (letters == ord(".")).nonzero()[0]
    if found.size == ends.size:
        points: _Places = np.minimum(found, ends)
        return points
    points = ends.copy()
    points[np.searchsorted(ends, found)] = found
    return points


def _eight_digits(words: _Words, counts: _Places) -> _Words | None:
    """The whole numbers that the last `counts` (0 to 8) bytes of words spell; None if one is no digit."""
    words = words ^ np.uint64(0x3030303030303030)
    unused = ((8 - counts) * 8).astype(np.uint64)
    # numpy shifts by 64 bits to 0.
    words >>= unused
    words <<= unused
    if np.bitwise_or.reduce((words + np.uint64(0x7676767676767676)) | words) & np.uint64(0x8080808080808080):
        return None
    # Neighbours are joined: 8 digits, 4 pairs, 2 fours, 1 eight; the first digit is the lowest byte.
    words = words * np.uint64(10) + (words >> np.uint64(8))
    pairs = np.uint64(0x000000FF000000FF)
    high = (words & pairs) * np.uint64(100 + (1_000_000 << 32))
    low = ((words >> np.uint64(16)) & pairs) * np.uint64(1 + (10_000 << 32))
    result: _Words = (high + low) >> np.uint64(32)
    return result
