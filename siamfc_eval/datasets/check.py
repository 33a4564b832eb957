"""Look at a data set and name everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import ImageFrames, read_image
from siamfc_eval.datasets.known import match_known
from siamfc_eval.datasets.load import LAYOUTS, load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.datasets.reading.image_folders import image_size
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.datasets.videos import VideoFrames, count_frames
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes

_HIDDEN = frozenset({"uav", "got10k", "trackingnet"})
"""Benchmarks that mark frames without a visible (or published) target with NaN: no fault of the copy at hand."""
_SPARSE = frozenset({"mot", "csv", "videos"})
"""Layouts whose frames need not all have a box; their readers say which have none."""


@dataclass(frozen=True)
class SequenceSummary:
    """What was found of one sequence."""

    name: str
    frames: int
    """Rows of ground truth."""
    images: int
    """Image files that belong to them; 0 where there are only annotations."""
    size: tuple[int, int] | None
    """(width, height) of the images."""
    polygons: bool
    """Ground truth is polygons, not boxes."""
    origin: float
    """What the files add to 0-based coordinates."""


@dataclass(frozen=True)
class DatasetReport:
    """What was found at a path, and what is wrong with it."""

    path: str
    name: str
    layout: str
    convention: str
    """The coordinate convention that the reader assumed."""
    sequences: tuple[SequenceSummary, ...]
    notes: tuple[str, ...]
    """What was assumed or noticed and is no fault."""
    problems: tuple[Problem, ...]
    decoded: bool
    """Every image was decoded, not just its header read."""

    @property
    def ok(self) -> bool:
        """True where nothing is wrong."""
        return not self.problems

    @property
    def frames(self) -> int:
        """Rows of ground truth in all."""
        return sum(sequence.frames for sequence in self.sequences)

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        """How many sequences have each image size, (width, height) -> count."""
        return dict(Counter(sequence.size for sequence in self.sequences if sequence.size is not None))

    def to_json(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "path": self.path,
            "dataset": self.name,
            "layout": self.layout,
            "convention": self.convention,
            "ok": self.ok,
            "frames": self.frames,
            "decoded": self.decoded,
            "sequences": [
                {
                    "name": sequence.name,
                    "frames": sequence.frames,
                    "images": sequence.images,
                    "size": list(sequence.size) if sequence.size else None,
                    "polygons": sequence.polygons,
                    "origin": sequence.origin,
                }
                for sequence in self.sequences
            ],
            "notes": list(self.notes),
            "problems": [
                {"kind": problem.kind, "where": problem.where, "message": problem.message} for problem in self.problems
            ],
        }


def check_dataset(
    path: Path | str,
    kind: str | None = None,
    images: Path | str | None = None,
    *,
    decode: bool = False,
    on_sequence: Callable[[str], None] | None = None,
) -> DatasetReport:
    """Read a data set leniently and look at all of it.

    Args:
        path: folder or annotation file.
        kind: layout or benchmark; None: recognised.
        images: root of the images where they are apart.
        decode: decode every image; False: its header only.
        on_sequence: called with each sequence's name before its images are looked at.

    Raises:
        InputError: there is nothing there, or no layout is recognised.
    """
    problems: list[Problem] = []
    dataset = load_dataset(path, kind, images, problems=problems)
    known = match_known(dataset.name)
    family = known.family if known else dataset.layout
    notes = list(dataset.notes)
    for sequence in dataset:
        if on_sequence is not None:
            on_sequence(sequence.name)
        sparse = family in _SPARSE or not sequence.is_annotated_beyond_start
        problems += _box_problems(sequence, family, notes, sparse=sparse)
        problems += _image_problems(sequence, decode)
    missing = [sequence.name for sequence in dataset if sequence.frames is None]
    if missing:
        notes.append(f"no images for {_some(missing)}: enough for scoring, not for running a tracker")
    return DatasetReport(
        path=str(path),
        name=dataset.name,
        layout=dataset.layout,
        convention=LAYOUTS[dataset.layout].convention,
        sequences=tuple(_summary(sequence) for sequence in dataset),
        notes=tuple(notes),
        problems=tuple(problems),
        decoded=decode,
    )


def _summary(sequence: Sequence) -> SequenceSummary:
    return SequenceSummary(
        name=sequence.name,
        frames=len(sequence),
        images=len(sequence.frames) if sequence.frames is not None else 0,
        size=sequence.image_size,
        polygons=sequence.regions is not None,
        origin=sequence.origin,
    )


def _box_problems(sequence: Sequence, family: str, notes: list[str], *, sparse: bool) -> Iterable[Problem]:
    boxes = sequence.boxes
    unknown = np.isnan(boxes).any(axis=1)
    with np.errstate(invalid="ignore"):
        degenerate = ~unknown & ((boxes[:, 2] <= 0) | (boxes[:, 3] <= 0))
    expected = np.zeros(len(boxes), dtype=np.bool_) if sequence.absent is None else sequence.absent
    if family in _HIDDEN and unknown.any():
        notes.append(f"{sequence.name}: no box in {int(unknown.sum())} frames, as {family} marks a hidden target")
        unknown = np.zeros_like(unknown)
    if sparse:
        unknown = np.zeros_like(unknown)
    with np.errstate(invalid="ignore"):
        before = ~degenerate & (sequence.published_boxes[:, :2] <= 0).any(axis=1)
    if sequence.origin == 1 and before.any():
        notes.append(f"{sequence.name}: corner at or before 0 in {_rows(before)}; some conventions call that invalid")
    faults = (
        ("NaN box", unknown & ~expected, "not annotated"),
        ("degenerate box", degenerate & ~expected, "width or height is not positive"),
        ("box outside the image", _outside(boxes, sequence.image_size) & ~degenerate & ~expected, "no part is inside"),
    )
    for kind, rows, meaning in faults:
        if rows.any():
            yield Problem(kind, sequence.name, f"{meaning} in {_rows(rows)}.")


def _outside(boxes: Boxes, size: tuple[int, int] | None) -> NDArray[np.bool_]:
    if size is None:
        return np.zeros(len(boxes), dtype=np.bool_)
    x, y, w, h = boxes.T
    with np.errstate(invalid="ignore"):
        return np.asarray((x >= size[0]) | (y >= size[1]) | (x + w <= 0) | (y + h <= 0))


def _image_problems(sequence: Sequence, decode: bool) -> Iterable[Problem]:
    if isinstance(sequence.frames, VideoFrames):
        yield from _video_problems(sequence.frames, len(sequence))
    if not isinstance(sequence.frames, ImageFrames):
        return
    for path in sequence.frames.paths:
        size = image_size(path)
        if size is None or path.stat().st_size == 0:
            missing = not path.is_file()
            message = "is absent." if missing else "is not a readable image. Replace it."
            yield Problem("missing frame" if missing else "unreadable image", str(path), message)
            continue
        if sequence.image_size is not None and size != sequence.image_size:
            yield Problem(
                "size mismatch",
                str(path),
                f"is {size[0]}x{size[1]}, but {sequence.name} is {sequence.image_size[0]}x{sequence.image_size[1]}.",
            )
        if decode:
            try:
                read_image(path)
            except InputError as error:
                yield Problem("unreadable image", str(path), str(error).removeprefix(f"{path}: "))


def _video_problems(frames: VideoFrames, rows: int) -> Iterable[Problem]:
    """A video's frames are counted by decoding it, whether every image is to be decoded or not."""
    try:
        count = count_frames(frames.path)
    except InputError as error:
        yield Problem("unreadable video", str(frames.path), str(error).removeprefix(f"{frames.path}: "))
        return
    needed = frames.indices[0] + rows
    if count < needed:
        message = f"{count} frames, and its boxes need {needed}. Shorten the boxes, or repair the video."
        yield Problem("count mismatch", str(frames.path), message)


def _rows(rows: NDArray[np.bool_]) -> str:
    """`rows 3-7, 12 (6 in all)`, counted from 1 like lines of the file."""
    numbers = np.flatnonzero(rows) + 1
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    names = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f"row{'s' if len(numbers) > 1 else ''} {shown} ({len(numbers)} of {len(rows)})"


def _some(names: list[str]) -> str:
    if len(names) <= 5:
        return ", ".join(names)
    return f"{', '.join(names[:5])} and {len(names) - 5} more"
