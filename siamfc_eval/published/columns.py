"""Rows of statistics as small columns of whole numbers, and back.

Whole numbers compress to a tenth of what other numbers take. Which part of a row becomes what, the measure says
(`metrics.scores.Part`); a measure that says nothing has its numbers kept as they are. All come back bit by bit but
"means": of these the totals over all sequences do, as far as a score is made of them; what one sequence adds is kept to
a step of 2^-16. (Files also hold the scores of single sequences, as they are.)
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.scores import Laid, Measure, Part

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
STEP = 2.0**-16
"""To which those running means of a single sequence are kept that decide a score."""


def parts_of(measure: Measure, width: int) -> tuple[Part, ...]:
    """The parts of a measure's rows, which are `width` wide."""
    return measure.layout if isinstance(measure, Laid) else (Part("row", width, "numbers"),)


def pack(rows: Floats, parts: tuple[Part, ...], lengths: collections.abc.Sequence[int]) -> dict[str, Whole]:
    """Columns from rows.

    Args:
        rows: shape (trackers, sequences, k); rows of NaN are missing.
        parts: of the k columns, in order.
        lengths: frames of each sequence, by which counts are found again in rates.
    """
    there = np.where(np.isnan(rows).any(axis=-1, keepdims=True), 0.0, rows)
    columns: dict[str, Whole] = {}
    for part, values in _split(there, parts):
        for name, column in _PACKERS[part.kind](values, part, lengths).items():
            columns[f"{part.key}.{name}"] = column
    return columns


def unpack(columns: Mapping[str, Whole], parts: tuple[Part, ...], missing: NDArray[np.bool_]) -> Floats:
    """Rows from columns.

    Args:
        columns: what `pack` gave.
        parts: as they were then.
        missing: shape (trackers, sequences): rows that are NaN.

    Raises:
        KeyError, ValueError: the columns are not of these parts.
    """
    found = []
    first = np.argmin(missing, axis=1)
    for part in parts:
        own = {name.partition(".")[2]: column for name, column in columns.items() if name.startswith(f"{part.key}.")}
        found.append(_unpack_means(own, part, first) if part.kind == "means" else _UNPACKERS[part.kind](own))
    rows = np.concatenate(found, axis=-1)
    rows[missing] = np.nan
    return rows


def _split(rows: Floats, parts: tuple[Part, ...]) -> Iterator[tuple[Part, Floats]]:
    at = 0
    for part in parts:
        yield part, rows[..., at : at + part.width]
        at += part.width


def _bits(values: Floats) -> Whole:
    return np.ascontiguousarray(values, dtype=np.float64).view(np.int64)


def _pack_numbers(values: Floats, part: Part, lengths: collections.abc.Sequence[int]) -> dict[str, Whole]:
    return {"bits": _bits(values)}


def _unpack_numbers(columns: Mapping[str, Whole]) -> Floats:
    return np.ascontiguousarray(columns["bits"]).view(np.float64)


def _pack_steps(values: Floats, part: Part, lengths: collections.abc.Sequence[int]) -> dict[str, Whole]:
    """Numbers that stay the same over long stretches: where they change, and by how much."""
    return {"bits": np.diff(_bits(values), axis=-1, prepend=0)}


def _unpack_steps(columns: Mapping[str, Whole]) -> Floats:
    return np.cumsum(columns["bits"], axis=-1, dtype=np.int64).view(np.float64)


def _pack_counts(values: Floats, part: Part, lengths: collections.abc.Sequence[int]) -> dict[str, Whole]:
    """Rates as counts over a number of frames, which is looked for; numbers as they are where there is none."""
    frames = np.zeros((*values.shape[:2], 1), dtype=np.int64)
    counts = np.zeros(values.shape, dtype=np.int64)
    for place in np.ndindex(*values.shape[:2]):
        rates, length = values[place], int(lengths[place[1]])
        for number in (length, *range(length - 1, 0, -1)):
            whole = np.rint(rates * number)
            if (whole / number == rates).all():
                frames[place], counts[place] = number, whole
                break
        else:
            return _pack_numbers(values, part, lengths)
    return {"frames": frames, "steps": np.diff(counts, axis=-1, prepend=0)}


def _unpack_counts(columns: Mapping[str, Whole]) -> Floats:
    if "bits" in columns:
        return _unpack_numbers(columns)
    # A missing row has a count of no frames.
    return np.asarray(np.cumsum(columns["steps"], axis=-1) / np.maximum(columns["frames"], 1))


def _pack_means(values: Floats, part: Part, lengths: collections.abc.Sequence[int]) -> dict[str, Whole]:
    """Running means: what each position adds to what the mean before it goes on as, and what rounding took."""
    columns = {}
    for name, (start, stop), step in _stretches(part):
        whole = np.rint(values[..., start:stop] / step).astype(np.int64)
        added = whole.copy()
        for position in range(1, stop - start):
            added[..., position] -= _gone_on(whole[..., position - 1], start + position)
        columns[name] = added
        if name == "inside":
            lost = values[..., start:stop].sum(axis=1) - (whole * step).sum(axis=1)
            columns["lost"] = _bits(lost)[:, None, :]
    return columns


def _unpack_means(columns: Mapping[str, Whole], part: Part, first: Whole) -> Floats:
    found = []
    for name, (start, stop), step in _stretches(part):
        whole = np.moveaxis(columns[name], -1, 0).copy()
        for position in range(1, stop - start):
            whole[position] += _gone_on(whole[position - 1], start + position)
        found.append(np.moveaxis(whole, 0, -1) * step)
        if name == "inside":
            # One sequence carries what rounding took from the sum of all: less than anyone sees of it.
            lost = np.ascontiguousarray(columns["lost"][:, 0]).view(np.float64)
            found[-1][np.arange(len(lost)), first] += lost
    return np.concatenate(found, axis=-1)


def _stretches(part: Part) -> tuple[tuple[str, tuple[int, int], float], ...]:
    """The columns that decide a score, and those before and after them, which only draw a curve; and their steps."""
    low, high = part.exact
    return ("before", (0, low), 2.0**-10), ("inside", (low, high), STEP), ("after", (high, part.width), 2.0**-8)


def _gone_on(whole: Whole, position: int) -> Whole:
    """What a mean over the frames before `position` becomes where the frame there adds nothing."""
    return np.asarray(np.rint(whole * (position - 1.0) / position), dtype=np.int64)


_PACKERS = {"numbers": _pack_numbers, "steps": _pack_steps, "counts": _pack_counts, "means": _pack_means}
_UNPACKERS = {"numbers": _unpack_numbers, "steps": _unpack_steps, "counts": _unpack_counts}
