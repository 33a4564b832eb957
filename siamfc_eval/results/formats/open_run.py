"""From a file that was found to the runs that it holds, with the times and confidences next to it."""

from __future__ import annotations

import collections.abc
import os
from functools import partial
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.results.content import read_content
from siamfc_eval.results.formats.binary import parse_binary
from siamfc_eval.results.formats.layout import Found
from siamfc_eval.results.formats.text import parse_numbers, parse_rows, parse_values
from siamfc_eval.results.raw import RawRun, ResultFile, Values
from siamfc_eval.results.rows import Rows


def open_runs(found: Found, tracker: Path, sequence: Sequence, repetitions: int) -> list[RawRun]:
    """The runs of a file, unread where the layout allows.

    Args:
        found: the file.
        tracker: the tracker's (or protocol's) folder, where `times/` may be.
        sequence: what the file is of.
        repetitions: how many files of this sequence there are.

    Raises:
        InputError: a JSON or MATLAB file that is not what it should be (these are read now).
    """
    place = found.place
    suffix = place.rpartition(".")[2].lower()
    if suffix in {"json", "mat"}:
        from siamfc_eval.results.formats.otb_segments import open_segments

        return open_segments(found.path, sequence)
    run = RawRun(
        sequence.name,
        found.number,
        ResultFile(place, _parse_binary) if suffix == "bin" else ResultFile(place, _parse_text, line_wise=True),
        load_times=partial(_companion, found, tracker, "time", repetitions),
        load_confidences=partial(_companion, found, tracker, "confidence", repetitions),
        origin=0.0 if _is_vot_toolkit(place) else sequence.origin,
        start=found.number if found.anchor else 0,
    )
    return [run]


def _is_vot_toolkit(place: str) -> bool:
    """vot-toolkit's files are 0-based whatever the data set's own are; its times are in `.value` files."""
    stem, _, suffix = place.rpartition(".")
    if suffix.lower() == "bin":
        return True
    folder, _, name = stem.rpartition(os.sep)
    # Files that lie directly in a tracker's folder are no VOT results; it saves a look at the disk for each of them.
    return folder.rpartition(os.sep)[2] in name and os.path.isfile(f"{stem}_time.value")


def _parse_text(data: bytes, path: str) -> collections.abc.Sequence[Rows]:
    return [parse_rows(data, path)]


def _parse_binary(data: bytes, path: str) -> collections.abc.Sequence[Rows]:
    return [parse_binary(data, path)]


def _companion(found: Found, tracker: Path, kind: str, repetitions: int, frames: int) -> Values | None:
    """The times or confidences that belong to a result file; None where there are none."""
    path, stem = found.path, found.path.stem
    own = [path.with_name(f"{stem}_{kind}{ending}") for ending in (".txt", ".value")]
    folder = tracker / {"time": "times", "confidence": "confidences"}[kind]
    own += [folder / f"{stem}_{kind}.txt", folder / f"{found.written}_{kind}.txt"]
    for candidate in own:
        if candidate.is_file():
            return _read_column(candidate, 0, 1, frames)
    together = path.with_name(f"{found.written}_{kind}.txt")
    if together.is_file():
        return _read_column(together, found.number - 1, repetitions, frames)
    return None


def _read_column(path: Path, column: int, repetitions: int, frames: int) -> Values | None:
    """One repetition's column of a table of times; None where that repetition has none.

    Raises:
        InputError: no table of numbers, or not one row per frame.
    """
    data = read_content(path)
    table = parse_numbers(data, path) if path.suffix != ".value" else parse_values(data, path).reshape(-1, 1)
    if len(table) != frames:
        raise InputError(
            f"{path}: expected {counted(frames, 'row')}, one per frame of its result file; found {len(table)}. "
            "Delete the file if it does not matter, or run that sequence again."
        )
    if table.shape[1] > max(repetitions, 1):
        raise InputError(
            f"{path}: expected at most {max(repetitions, 1)} columns, one per repetition; found {table.shape[1]}."
        )
    values = table[:, column] if column < table.shape[1] else None
    return None if values is None or np.isnan(values).all() else values
