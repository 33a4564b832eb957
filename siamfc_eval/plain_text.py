"""Names and messages that others chose, made fit to be drawn, printed and opened in a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Control characters, which move a terminal's cursor and end an SVG; marks that turn the direction of writing, behind
# which a name can hide; halves of surrogate pairs and non-characters, which no file can hold.
_HIDDEN = "\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_ALL = re.compile(f"[{_HIDDEN}\u2028\u2029]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str, lines: bool = False) -> str:
    """Text with what cannot be seen written as an escape, e.g. `\\x1b`; for SVG, figures, web pages and terminals.

    Args:
        text: anything.
        lines: keep line ends and tabs, as in a message of several lines.
    """
    if text.isprintable():
        return text
    return _ALL.sub(lambda found: found[0] if lines and found[0] in "\n\t" else _escaped(found[0]), text)


def few(names: Sequence[str], most: int = 8) -> str:
    """Names for a message: `A, B`, or of many the first ones `and 92 more`.

    Args:
        names: in order.
        most: of them that are written out.
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 sequence`, `2 sequences`, `3 boxes`; large numbers as `12,345 rows`.

    Args:
        number: how many.
        noun: of one.
        plural: of several; "": with an s, or es.
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {plural or noun + ('es' if noun.endswith('x') else 's')}"


def one_is(number: int, noun: str) -> str:
    """A number with its noun and verb, after "the last" or "the first": `frame is`, `3 frames are`."""
    return f"{noun} is" if number == 1 else f"{counted(number, noun)} are"


def spreadsheet_cell(text: str) -> str:
    """Text that a spreadsheet takes as text: one that begins as a formula does gets an apostrophe before it."""
    shown = printable(text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
