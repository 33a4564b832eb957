"""Compiled kernel behind `siamfc_eval.results.formats.lines`: text to numbers, each exactly what `float` makes of it.

A decimal whose digits are a whole number of at most 2**53, times or divided by a power of ten of at most 10**22, is
rounded once by one multiplication or division, as a double holds both exactly (W. D. Clinger, "How to read floating
point numbers accurately", PLDI 1990). The few others are left to `float` itself.

Importing this module imports numba, which only a kernel that is called needs.
"""

# ruff: noqa: PLR0917 -- compiled functions call each other by position only, and raise nothing.
from __future__ import annotations

from typing import Any

import numpy as np

from siamfc_eval.compiled import Pointer, compiled

POWERS = np.array([10.0**power for power in range(23)])
"""The powers of ten that a double holds exactly."""
EXACT = 1 << 53
MOST_DIGITS = 18
"""A whole number of that many digits fits into 64 bits."""
MOST_LETTERS = 65536
"""Of a line; no region fills as many."""

TAB, NEWLINE, RETURN, SPACE = 9, 10, 13, 32
PLUS, COMMA, MINUS, POINT, ZERO = 43, 44, 45, 46, 48
LOWER = 32
"""What makes a letter a small one."""
E, N, A = ord("e"), ord("n"), ord("a")

WRONG = -1
"""What functions return for text that is not of the plain kind, be it right or wrong."""


@compiled
def after_blanks(letters: Pointer, at: int) -> int:
    """The first place from `at` on without space or tab."""
    while letters[at] == SPACE or letters[at] == TAB:
        at += 1
    return at


@compiled
def ends_line(letter: int) -> bool:
    """Whether a line ends here."""
    return letter in (NEWLINE, RETURN)


@compiled
def after_digits(letters: Pointer, at: int, value: int) -> tuple[int, int]:
    """The place behind digits, and the number that they make when written behind `value`; it may overflow."""
    digit: Any = np.int64(letters[at]) - ZERO
    while 0 <= digit <= 9:
        value = 10 * value + digit
        at += 1
        digit = np.int64(letters[at]) - ZERO
    return at, value


@compiled
def is_nan(letters: Pointer, at: int) -> bool:
    """Whether "nan" is there, in small letters or capitals."""
    return bool(letters[at] | LOWER == N and letters[at + 1] | LOWER == A and letters[at + 2] | LOWER == N)


@compiled
def number_at(letters: Pointer, at: int) -> tuple[int, float, bool]:
    """The place behind a number, its value, and whether that is exact; the place `WRONG` if there is no number."""
    negative = letters[at] == MINUS
    if negative or letters[at] == PLUS:
        at += 1
    elif is_nan(letters, at):
        return at + 3, np.nan, True
    point, mantissa = after_digits(letters, at, 0)
    digits, behind, decimals = point - at, point, 0
    if letters[point] == POINT:
        behind, mantissa = after_digits(letters, point + 1, mantissa)
        decimals = behind - point - 1
    if digits + decimals == 0:
        return WRONG, 0.0, False
    power = -decimals
    if letters[behind] | LOWER == E:
        sign = letters[behind + 1] == MINUS
        first = behind + 1 + (sign or letters[behind + 1] == PLUS)
        behind, exponent = after_digits(letters, first, 0)
        if not 0 < behind - first < MOST_DIGITS:
            return WRONG, 0.0, False
        power += -exponent if sign else exponent
    if digits + decimals > MOST_DIGITS or mantissa > EXACT or not -22 <= power <= 22:
        return behind, 0.0, False
    value = mantissa * POWERS[power] if power >= 0 else mantissa / POWERS[-power]
    return behind, -value if negative else value, True


@compiled
def after_separator(letters: Pointer, at: int) -> int:
    """The place of what follows a number: of the next number, or of the line's end; `WRONG` if nothing separates."""
    behind = after_blanks(letters, at)
    if ends_line(letters[behind]):
        return behind
    if letters[behind] == COMMA:
        behind = after_blanks(letters, behind + 1)
        return WRONG if ends_line(letters[behind]) else behind
    return behind if behind > at else WRONG


def parse_lines(
    letters: Pointer,
    size: int,
    boxes: Pointer,
    codes: Pointer,
    lines: int,
    hard: Pointer,
    hard_count: Pointer,
) -> int:
    """Read lines of four numbers or of one code.

    Args:
        letters: shape (size + 1,), a line end behind the last line: no loop has to look for the end.
        size: bytes without that line end.
        boxes: shape (lines, 4), receives the numbers, NaN for a code.
        codes: shape (lines,), receives the codes, -1 for four numbers.
        lines: for how many there is room.
        hard: shape (4 * lines, 3), receives first byte, last byte + 1 and place in boxes of numbers left to `float`.
        hard_count: shape (1,), receives their number.

    Returns:
        The number of lines; `WRONG` for any other text, and where there is not enough room.
    """
    row, at, left = 0, 0, 0
    while at < size:
        if row == lines:
            return WRONG
        first, count = at, 0
        at = after_blanks(letters, at)
        while not ends_line(letters[at]):
            behind, value, exact = number_at(letters, at)
            if behind == WRONG or count == 4:
                return WRONG
            if not exact:
                hard[3 * left], hard[3 * left + 1], hard[3 * left + 2] = at, behind, 4 * row + count
                left += 1
            boxes[4 * row + count] = value
            count += 1
            at = after_separator(letters, behind)
            if at == WRONG:
                return WRONG
        code = boxes[4 * row]
        if count == 1 and code in (0.0, 1.0, 2.0) and not (left and hard[3 * left - 1] == 4 * row):
            for column in range(4):
                boxes[4 * row + column] = np.nan
            codes[row] = np.int8(code)
        elif count == 4:
            codes[row] = -1
        else:
            return WRONG
        if at - first > MOST_LETTERS:
            return WRONG
        row += 1
        at += 2 if letters[at] == RETURN and at < size and letters[at + 1] == NEWLINE else 1
    hard_count[0] = left
    return row
