"""What the made-up benchmarks share: rows of numbers, and the ways in which targets and trackers move.

All numbers come from `random.Random(seed).random()`, which Python promises to be the same for ever, and are rounded to
two decimals before anything is computed from them, so every machine writes the same bytes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Row = list[float]
Rows = list[Row]

WIDTH, HEIGHT = 320, 240
NAN = float("nan")
CODES = {"start": 1.0, "skipped": 0.0, "failed": 2.0}


@dataclass
class Benchmark:
    """One data set in the layout of a benchmark, with what trackers left on it."""

    name: str
    truth: dict[str, Rows]
    """Sequence -> a row for each frame, in the coordinates of the benchmark's own files."""
    results: dict[str, dict[str, list[Rows]]]
    """Tracker -> sequence -> its runs."""
    absent: dict[str, list[int]] = field(default_factory=dict)
    """Sequence -> 1 for each frame without the target."""
    as_float: tuple[str, ...] = ()
    """Trackers whose codes are written `1.0` instead of `1`."""
    starts: dict[str, list[int]] = field(default_factory=dict)
    """Sequence -> frame on which each run starts (TRE's segments, anchors)."""
    labels: list[str] = field(default_factory=list)
    """What sets the runs of a sequence apart (SRE's shifts)."""
    confidences: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    """Tracker -> sequence -> how sure it was of each frame; None where it said nothing."""


def walk(dice: random.Random, frames: int, start: Row, step: Row) -> Rows:
    """A target that walks on, with a little noise."""
    rows, row = [], list(start)
    for _ in range(frames):
        rows.append([round(value, 2) for value in row])
        row = [value + move + 2 * dice.random() - 1 for value, move in zip(row, step, strict=True)]
        row[2:] = [max(value, 4.0) for value in row[2:]]
    return rows


def follow(dice: random.Random, truth: Rows, size: float) -> Rows:
    """Boxes that drift about the truth by about `size` of its size."""
    rows = []
    for x, y, *size_of in truth:
        w, h = (max(value, 4.0) for value in size_of)
        shift = [(2 * dice.random() - 1) * size for _ in range(4)]
        rows.append([round(v, 2) for v in (x + shift[0] * w, y + shift[1] * h, w * (1 + shift[2]), h * (1 + shift[3]))])
    return rows


def every(rows: Rows, frames: Iterable[int], change: Callable[[Row], Row]) -> Rows:
    """A copy in which these frames (those that there are) are changed."""
    copy = [list(row) for row in rows]
    for frame in frames:
        if frame < len(copy):
            copy[frame] = change(copy[frame])
    return copy


def finite(row: Row) -> Row:
    """The row, or another where it has a NaN."""
    return [100.0, 100.0, 20.0, 20.0] if any(math.isnan(value) for value in row) else row
