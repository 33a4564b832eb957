"""Overlap with the ground truth frame by frame, as coarse as a drawing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.protocols.trajectory import FAILED, INITIALIZED, REGION, Trajectory
from siamfc_eval.results.raw import RawResults

Bytes = NDArray[np.uint8]

FULL = 250
"""The value of overlap 1; overlap 0 is 0."""
UNKNOWN, SKIPPED, FAILURE, START = 251, 252, 253, 254
"""Frames without an overlap: no ground truth or no answer; skipped after a failure; failed; (re-)initialised."""
LENGTH = 4_000_000
"""Values that all timelines of a report have at most; longer ones are thinned, see `Timelines.stride`."""


@dataclass(frozen=True)
class Watched:
    """What a timeline is drawn beside."""

    frames: int
    tags: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Tag -> ranges of frames that carry it, 0-based, the end left out."""


@dataclass(frozen=True, eq=False)
class Timelines:
    """What trackers did on sequences, frame by frame; of several repetitions the first."""

    sequences: Mapping[str, Watched]
    overlaps: Mapping[str, Mapping[str, Bytes]]
    """Tracker -> sequence -> shape (ceil(frames / stride),): overlap times `FULL`, or a code."""
    stride: int = 1
    """Frames that a value stands for: the least overlap among them, or a failure if there is one."""


def timelines(results: RawResults, most: int = LENGTH) -> Timelines:
    """The overlaps of what was read, by the rule that the ground truth calls for: boxes, or rasterised polygons.

    Files that cannot be read are left out: scoring names them. Who scores the same results afterwards finds them
    parsed, unless there is more of them than should be held at once.

    Args:
        results: raw results.
        most: values in all; more frames than that are thinned.
    """
    dataset = results.dataset
    total = sum(len(sequence) for sequence in dataset) * len(results)
    stride = max(1, -(-total // most))
    by_name = {sequence.name: sequence for sequence in dataset}
    found: dict[str, dict[str, Bytes]] = {}
    for name, tracker in results.items():
        lines = {}
        for sequence, runs in tracker.runs.items():
            if tracker.kind == "multi-start" or sequence not in by_name:
                continue  # Runs from many anchors, forwards and backwards, are no single line.
            try:
                lines[sequence] = _thinned(_timeline(by_name[sequence], runs[0].trajectory()), stride)
            except InputError:
                continue
            if stride > 1:
                runs[0].file.release()
        found[name] = lines
    return Timelines(watched(dataset), found, stride)


def watched(dataset: Dataset) -> dict[str, Watched]:
    """Length and tags of each sequence."""
    return {
        sequence.name: Watched(
            len(sequence),
            {tag: _ranges(np.asarray(marks, dtype=bool)) for tag, marks in sorted(sequence.tags.items())},
        )
        for sequence in dataset
    }


def _timeline(sequence: Sequence, run: Trajectory) -> Bytes:
    """One value for each frame of the sequence."""
    line = np.full(len(sequence), UNKNOWN, dtype=np.uint8)
    start = run.start_in(sequence)
    rows = min(len(run), len(sequence) - start)
    codes = np.asarray(run.codes[:rows])
    values = _overlaps(sequence, run, start, rows)
    known = np.isfinite(sequence.boxes[start : start + rows]).all(axis=1)
    if sequence.absent is not None:
        known &= ~sequence.absent[start : start + rows]
    part: Any = np.where(known, np.rint(FULL * np.nan_to_num(values)), UNKNOWN).astype(np.uint8)
    for code, shown in ((FAILED, FAILURE), (INITIALIZED, START)):
        part[codes == code] = shown
    part[(codes != REGION) & (codes != FAILED) & (codes != INITIALIZED)] = SKIPPED
    line[start : start + rows] = part
    return line


def _overlaps(sequence: Sequence, run: Trajectory, start: int, rows: int) -> NDArray[np.float64]:
    if sequence.regions is not None and not start:
        size = sequence.image_size
        bounds = None if size is None else (float(size[0]), float(size[1]))
        return np.asarray(run.overlaps(sequence, "vot-official", (bounds,))[0][:rows])
    found: NDArray[np.float64] = overlaps(run.boxes(0.0)[:rows], sequence.boxes[start : start + rows])
    return found


def _thinned(line: Bytes, stride: int) -> Bytes:
    """One value for each `stride` frames: a failure, else a start, else the least overlap."""
    if stride == 1:
        return line
    padded = np.pad(line, (0, -len(line) % stride), mode="edge").reshape(-1, stride)
    least = padded.min(axis=1)
    for code in (START, FAILURE):
        least[(padded == code).any(axis=1)] = code
    return np.asarray(least)


def _ranges(marks: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    return tuple((int(a), int(b)) for a, b in edges.reshape(-1, 2))
