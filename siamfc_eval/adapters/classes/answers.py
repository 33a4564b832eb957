"""What a class answers, in any of the forms in use, as a region and a confidence."""

from __future__ import annotations

import contextlib
import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from siamfc_eval.geometry.regions import Region

BOX_KEYS = ("bbox", "target_bbox", "box")
"""Where a dictionary has its box, the first that is there: pysot's, pytracking's, others'."""
CONFIDENCE_KEYS = ("best_score", "confidence", "score", "conf_score", "object_presence_score", "max_score")
"""Where a dictionary has its confidence, the first that is there."""
POLYGON_KEY = "polygon"
"""Where SiamMask in pysot has its rotated rectangle."""

EXPECTED = "x, y, w, h; the corners of a polygon; (box, confidence); or a dictionary with 'bbox' or 'target_bbox'"

_MOST_VALUES = 10_000
_LONGEST = 200


class AnswerError(Exception):
    """An answer that cannot be read; the text says what it was and what was expected."""


def read_answer(answer: object, polygons: bool = True) -> tuple[Region, float]:
    """The region and the confidence in an answer.

    Args:
        answer: a box of four numbers, a polygon of six or more, either with a confidence behind it, or a dictionary;
            lists, tuples, arrays of any shape and tensors alike.
        polygons: take a dictionary's polygon rather than its box where it has both.

    Returns:
        Shape (4,) or (2k,), NaN where the class answered NaN; and the confidence, NaN where there is none.

    Raises:
        AnswerError: it is something else.
    """
    if isinstance(answer, Mapping):
        return _from_dictionary(answer, polygons)
    if isinstance(answer, tuple | list) and len(answer) == 2:
        first, second = answer
        if _is_number(first) and not _is_number(second):
            raise AnswerError(f"{shown(answer)}, which looks like OpenCV's (ok, box); if it is, say --style opencv")
        if not _is_number(first):
            return _region(first, answer), _confidence(second, answer)
    return _region(answer, answer), float("nan")


def read_found(answer: object) -> tuple[bool, Region | None]:
    """OpenCV's answer: whether the target was found, and the region if so.

    Raises:
        AnswerError: it is no pair of these.
    """
    if not (isinstance(answer, tuple | list) and len(answer) == 2 and _is_number(answer[0])):
        raise AnswerError(f"{shown(answer)}; expected (ok, box), as OpenCV's trackers answer")
    found = bool(answer[0])
    return found, _region(answer[1], answer) if found else None


def shown(thing: object) -> str:
    """A thing as short text without control characters, whatever its own `repr` does."""
    text = f"<{type(thing).__name__}>"
    with contextlib.suppress(Exception):
        text = reprlib.repr(thing)
    return printable(text)[:_LONGEST]


def printable(text: str) -> str:
    """Text whose control characters are shown and not sent; lines and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def _from_dictionary(answer: Mapping[Any, Any], polygons: bool) -> tuple[Region, float]:
    keys = [*BOX_KEYS, POLYGON_KEY]
    if polygons:
        keys.insert(0, POLYGON_KEY)
    region = next((answer[key] for key in keys if answer.get(key) is not None), None)
    if region is None:
        found = ", ".join(map(shown, list(answer)[:8])) or "nothing"
        raise AnswerError(f"a dictionary with {found}; expected one of {', '.join(map(repr, BOX_KEYS))} in it")
    confidence = next((answer[key] for key in CONFIDENCE_KEYS if answer.get(key) is not None), float("nan"))
    return _region(region, answer), _confidence(confidence, answer)


def _region(value: object, answer: object) -> Region:
    values = _numbers(value)
    if values is None or not (values.size == 4 or 6 <= values.size <= _MOST_VALUES) or values.size % 2:
        raise AnswerError(f"{shown(answer)}; expected {EXPECTED}")
    return values


def _confidence(value: object, answer: object) -> float:
    values = _numbers(value)
    if values is None or values.size != 1:
        raise AnswerError(f"{shown(answer)}, whose confidence is no number")
    return float(values[0])


def _is_number(value: object) -> bool:
    """A single number, be it in an array of no dimensions."""
    return isinstance(value, bool | int | float) or getattr(value, "shape", None) == ()


def _numbers(value: object) -> Region | None:
    """Real numbers as float64, shape (n,); None for anything else."""
    if hasattr(value, "detach"):  # a tensor, which may be on another device
        value = value.detach().cpu()
    if isinstance(value, list | tuple) and any(hasattr(entry, "detach") for entry in value):
        value = [entry.detach().cpu() if hasattr(entry, "detach") else entry for entry in value]
    with contextlib.suppress(Exception):  # what conversion meets inside is the class's own affair
        array = np.asarray(value)
        if array.dtype.kind in "iufb":
            return array.astype(np.float64).ravel()
        if array.dtype.kind == "O":
            return np.array([float(entry) for entry in array.ravel()])
    return None
