"""Overlap with the ground truth frame by frame, as coarse as a drawing needs it."""

from __future__ import annotations

import base64
import contextlib
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.metrics import cache as cached
from siamfc_eval.protocols.trajectory import FAILED, INITIALIZED, REGION, Trajectory
from siamfc_eval.results.raw import RawResults, RawRun, TrackerResults
from siamfc_eval.storage import cache as storage

Bytes = NDArray[np.uint8]

FULL = 250
"""The value of overlap 1; overlap 0 is 0."""
UNKNOWN, SKIPPED, FAILURE, START = 251, 252, 253, 254
"""Frames without an overlap: no ground truth or no answer; skipped after a failure; failed; (re-)initialised."""
_PROOF = 3
"""Runs after which VOT's toolkits, and this one, stop repeating a tracker whose runs are the same."""
LENGTH = 4_000_000
"""Values that the first runs of a report have at most; longer ones are thinned, see `Timelines.stride`."""
MORE = 1_500_000
"""Values that the further repetitions have at most; a page takes about a byte for each."""


@dataclass(frozen=True)
class Watched:
    """What a timeline is drawn beside."""

    frames: int
    tags: Mapping[str, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    """Tag -> ranges of frames that carry it, 0-based, the end left out."""


Lines = Mapping[str, Mapping[int, Bytes]]
"""Sequence -> number of the repetition, from 1 -> shape (ceil(frames / stride),): overlap times `FULL`, or a code."""


@dataclass(frozen=True, eq=False)
class Timelines:
    """What trackers did on sequences, frame by frame."""

    sequences: Mapping[str, Watched]
    overlaps: Mapping[str, Lines]
    """By tracker: of each sequence the first run, and as many other ones as there is room for."""
    stride: int = 1
    """Frames that a value stands for: the least overlap among them, or a failure if there is one."""
    runs: Mapping[str, int] = field(default_factory=dict)
    """Tracker -> its repetitions, of the sequence that has most."""


def timelines(results: RawResults, most: int = LENGTH, more: int = MORE, cache: Path | None = None) -> Timelines:
    """The overlaps of what was read, by the rule that the ground truth calls for: boxes, or rasterised polygons.

    Files that cannot be read are left out: scoring names them. Who scores the same results afterwards finds them
    parsed, unless there is more of them than should be held at once.

    Args:
        results: raw results.
        most: values in all of first runs; more frames than that are thinned.
        more: values in all of further repetitions, as many of each tracker as of any other.
        cache: folder in which they are cached between calls; None: nothing is cached.
    """
    dataset = results.dataset
    total = sum(len(sequence) for sequence in dataset) * len(results)
    stride = max(1, -(-total // most))
    by_name = {sequence.name: sequence for sequence in dataset}
    # Runs from many anchors, forwards and backwards, are no single line; shifts are no repetitions.
    drawn = {
        name: {
            one: runs[:1] if tracker.kind == "sre" else runs
            for one, runs in tracker.runs.items()
            if one in by_name and tracker.kind != "multi-start"
        }
        for name, tracker in results.items()
    }
    differing = {name: {one: _differing(runs) for one, runs in of.items()} for name, of in drawn.items()}
    room = _room(
        [(len(by_name[one]), len(runs)) for of in differing.values() for one, runs in of.items()], more * stride
    )
    found: dict[str, Lines] = {}
    for name, of in drawn.items():
        chosen = {one: numbers[: room + 1] for one, numbers in differing[name].items()}
        known = _Known(cache, results[name], dataset, stride, chosen)
        lines = known.load()
        if lines is None:
            lines = {}
            for one, numbers in chosen.items():
                drawn_runs = _drawn(by_name[one], {number: of[one][number - 1] for number in numbers}, stride)
                if drawn_runs:
                    lines[one] = drawn_runs
            known.store(lines)
        found[name] = lines
    counts = {name: max((_repetitions(runs) for runs in of.values()), default=0) for name, of in drawn.items()}
    return Timelines(watched(dataset), found, stride, counts)


def _room(runs: list[tuple[int, int]], most: int) -> int:
    """How many further repetitions of each tracker and sequence there is room for.

    Args:
        runs: frames and repetitions of each.
        most: frames in all.
    """
    room = 0
    while True:
        needed = sum(frames * min(count - 1, room + 1) for frames, count in runs)
        if needed > most or room + 1 >= max((count for _, count in runs), default=0):
            return room
        room += 1


def _repetitions(runs: tuple[RawRun, ...]) -> int:
    """How many of the runs are repetitions of the first; segments of a sequence (TRE) and shifts (SRE) are none."""
    first = runs[0]
    alike = all((run.segments, run.start, run.label) == (1, first.start, "") for run in runs)
    return len(runs) if alike else 1


def _differing(runs: tuple[RawRun, ...]) -> tuple[int, ...]:
    """Numbers, from 1, of the repetitions that are not taken for the same as an earlier one.

    Up to as many runs as prove a tracker deterministic, those with a file as long as an earlier one's nearly always
    are.
    """
    count = _repetitions(runs)
    if not 1 < count <= _PROOF:
        return tuple(range(1, count + 1))
    sizes: dict[int, int] = {}
    for number, run in enumerate(runs, start=1):
        with contextlib.suppress(OSError):
            sizes.setdefault(os.stat(run.file.place).st_size, number)
    return tuple(sorted({1, *sizes.values()}))


def _drawn(sequence: Sequence, runs: Mapping[int, RawRun], stride: int) -> dict[int, Bytes]:
    """The lines of those runs that can be read."""
    lines = {}
    for number, run in runs.items():
        with contextlib.suppress(InputError):
            lines[number] = _thinned(_timeline(sequence, run.trajectory()), stride)
        if stride > 1:
            run.file.release()
    return lines


class _Known:
    """Lines of one tracker that were cached: all of them where no file and nothing else has changed, or none.

    Files are known unchanged by their stamps, as rows of statistics are; see `siamfc_eval.metrics.cache`.
    """

    def __init__(
        self,
        folder: Path | None,
        tracker: TrackerResults,
        dataset: Dataset,
        stride: int,
        chosen: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._path: Path | None = None
        self._stamp = ""
        if folder is None:
            return
        settled = cached.settled_before()
        parts = [cached.code_hash(), str(stride)]
        for sequence in dataset:
            for number in chosen.get(sequence.name, ()):
                run = tracker.runs[sequence.name][number - 1]
                file = cached.one_stamp(run.file.place, settled)
                if file is None or run.repaired is not None:
                    return
                truth = f"{sequence.ground_truth_hash.hex()}|{sequence.image_size}"
                parts.append(f"{truth}|{number}|{file};{run.index}|{run.origin}|{run.start}|{run.label}")
        self._stamp = cached.hash_of(*parts)
        self._path = folder / f"{cached.hash_of(str(tracker.folder.resolve()), tracker.name, dataset.name)}.timelines"

    def load(self) -> Lines | None:
        """The lines; None where they are to be drawn."""
        record = storage.load(self._path) if self._path is not None else None
        if record is None or record.head[0] != self._stamp:
            return None
        data = np.frombuffer(zlib.decompress(base64.b64decode(record.head[2])), dtype=np.uint8)
        lines: dict[str, dict[int, Bytes]] = {}
        at = 0
        for sequence, number, size in record.head[1]:
            lines.setdefault(sequence, {})[number] = data[at : at + size]
            at += size
        return lines

    def store(self, lines: Lines) -> None:
        """Keep lines for the next time."""
        if self._path is None:
            return
        flat = [(sequence, number, line) for sequence, of in lines.items() for number, line in of.items()]
        packed = zlib.compress(b"".join(line.tobytes() for _, _, line in flat), 1)
        places = [[sequence, number, len(line)] for sequence, number, line in flat]
        storage.store(self._path, [self._stamp, places, base64.b64encode(packed).decode("ascii")])


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
