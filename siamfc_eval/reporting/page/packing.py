"""Numbers in little room, for a page that carries them along."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

_STEPS = 65534
"""Steps between the least and the greatest number of a packed array; one more stands for NaN."""
_DIGITS = 6
"""Decimals of numbers that are shown as text."""


def packed(values: Any) -> dict[str, Any]:
    """An array in 16 bits a number, between its least and its greatest."""
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scaled = (np.where(np.isfinite(array), array, low) - low) / ((high - low) or 1.0) * _STEPS
    steps = np.where(np.isfinite(array), np.rint(scaled), _STEPS + 1).astype("<u2")
    return {"shape": list(array.shape), "low": low, "high": high, "data": _base64(steps.tobytes())}


def compressed(data: bytes) -> str:
    """Bytes as text, which a browser inflates."""
    return _base64(zlib.compress(data, 6))


def rounded(values: Iterable[float]) -> list[float | None]:
    """Numbers as they are shown; None where one is missing."""
    return [round(float(value), _DIGITS) if math.isfinite(value) else None for value in values]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
