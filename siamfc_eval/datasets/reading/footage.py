"""The frames that belong to a file of boxes: images next to it or a video, and which of them are a table's frames."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.layout import Source
from siamfc_eval.datasets.reading.box_tables import BoxRow, boxes_of, by_target
from siamfc_eval.datasets.reading.image_folders import frame_number, image_size, list_images, missing_numbers
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.datasets.videos import VideoFrames, count_frames, is_video, video_facts
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted

IMAGE_FOLDERS = ("img", "img1", "color", "imgs", "images", "frames", ".")
"""Where the images of a sequence lie in its folder."""

GENERIC = ("groundtruth", "groundtruth_rect", "gt", "annotations", "annotation", "labels", "boxes")
"""Names of files of boxes that say nothing of the sequence, whose folder then names it."""

_SUFFIXES = ("_groundtruth", "_gt", ".groundtruth", ".gt")


@dataclass(frozen=True, eq=False)
class Footage:
    """Images or a video; or neither, where only boxes are at hand."""

    images: tuple[Path, ...] = ()
    video: Path | None = None

    def frames(self, first: int, count: int) -> ImageFrames | VideoFrames | None:
        """`count` frames from `first` (counted from 0) on; None where there are none."""
        if self.video is not None:
            return VideoFrames(self.video, range(first, first + count))
        return ImageFrames(self.images[first : first + count]) if self.images else None

    def length(self) -> int:
        """How many frames there are; a video is decoded for that.

        Raises:
            InputError: the video cannot be decoded.
        """
        return count_frames(self.video) if self.video is not None else len(self.images)

    def facts(self) -> tuple[tuple[int, int] | None, float | None]:
        """(width, height) and frames per second, where they are known.

        Raises:
            InputError: the video cannot be decoded.
        """
        if self.video is not None:
            return video_facts(self.video)
        return (image_size(self.images[0]) if self.images else None), None


def sequence_name(annotation: Path) -> str:
    """The sequence that a file of boxes is of."""
    stem = annotation.stem
    for suffix in _SUFFIXES:
        stem = stem.removesuffix(suffix)
    return annotation.resolve().parent.name if stem.lower() in GENERIC else stem


def footage_of(annotation: Path, images: Path | None = None) -> Footage:
    """The frames of a file of boxes: a video or a folder of its name, else the images or the one video in its folder.

    Args:
        annotation: the file.
        images: root of the images, where they are apart.
    """
    name, root = sequence_name(annotation), annotation.parent if images is None else images
    for ending in {path.suffix for path in root.iterdir() if is_video(path)}:
        if (root / f"{name}{ending}").is_file():
            return Footage(video=root / f"{name}{ending}")
    for folder in (root / name, root):
        for inner in IMAGE_FOLDERS:
            found = list_images(folder / inner)
            if found:
                return Footage(images=tuple(found))
    alone = [path for path in root.iterdir() if is_video(path)]
    return Footage(video=alone[0]) if len(alone) == 1 else Footage()


def positions_in(
    rows: collections.abc.Sequence[BoxRow], footage: Footage, path: Path, base: int | None = None
) -> list[int]:
    """Which frame of the footage each row is of, counted from 0.

    Images whose names hold the numbers are found by these; else frames count from 0 if the file has a frame 0, and from
    1 if not.

    Args:
        rows: all rows of the file.
        footage: its frames.
        path: the file, for errors.
        base: number of the first frame, where that is known.

    Raises:
        InputError: an image that a row names is not there.
    """
    if any(isinstance(row.frame, str) for row in rows):
        known = {name: at for at, image in enumerate(footage.images) for name in (image.name, image.stem)}
        order = {name: at for at, name in enumerate(dict.fromkeys(str(row.frame) for row in rows))}
        found = []
        for row in rows:
            name = Path(str(row.frame).replace("\\", "/")).name
            at = known.get(name) if known else order[str(row.frame)]
            if at is None:
                raise InputError(f"{path}:{row.line}: its image {name} is not there. Complete the images.")
            found.append(at)
        return found
    numbers = [int(row.frame) for row in rows]
    numbered = {frame_number(image): at for at, image in enumerate(footage.images)}
    if len(numbered) == len(footage.images) and numbered.keys() >= set(numbers):
        return [numbered[number] for number in numbers]
    first = base if base is not None else min(1, *numbers, 1)
    return [number - first for number in numbers]


def sequences_of_table(
    source: Source,
    rows: collections.abc.Sequence[BoxRow],
    annotation: Path,
    footage: Footage,
    *,
    name: str,
    origin: float,
    base: int | None = None,
    fps: float | None = None,
) -> tuple[list[Sequence], list[str]]:
    """A sequence for each target of a table, from its first box to its last, and what should be known of them.

    A single target with one box only, in the first frame, is a sequence of all frames without further ground truth.

    Raises:
        InputError: rows or frames that cannot be used.
    """
    if footage.images and (missing := missing_numbers(list(footage.images))):
        gone = ", ".join(map(str, missing[:5]))
        source.problems.report("missing frame", footage.images[0].parent, f"the images {gone} are absent.")
        return [], []
    positions = dict(zip((id(row) for row in rows), positions_in(rows, footage, annotation, base), strict=True))
    size, rate = footage.facts()
    targets = by_target(rows, annotation)
    sequences, notes, short = [], [], []
    for target, own in targets.items():
        at = [positions[id(row)] for row in own]
        boxes, absent = boxes_of(own, at)
        if len(boxes) == 1 and len(targets) == 1 and (footage.images or footage.video):
            boxes = first_only(boxes, footage.length() - at[0])
            absent = np.zeros(len(boxes), dtype=np.bool_)
        elif len(boxes) == 1 and len(targets) > 1:
            short.append(target)
            continue
        if footage.images and max(at) >= len(footage.images):
            source.problems.report(
                "missing frame",
                annotation,
                f"it has boxes up to frame {max(at) + 1}, and there are {len(footage.images)} images in "
                f"{footage.images[0].parent}. Complete the images.",
            )
            continue
        gaps = int(np.isnan(boxes).any(axis=1).sum())
        own_name = f"{name}-{target}" if target and len(targets) > 1 else name
        if gaps and len(own) > 1:
            notes.append(f"{own_name}: {gaps} of {len(boxes)} frames have no box and count as not annotated")
        sequences.append(
            Sequence(
                name=own_name,
                boxes=boxes - np.array([origin, origin, 0.0, 0.0]),
                frames=footage.frames(min(at), len(boxes)),
                origin=origin,
                absent=absent if absent.any() else None,
                image_size=size,
                fps=fps or rate,
            )
        )
    if short:
        notes.append(f"{name}: left out {counted(len(short), 'target')} that are seen in one frame only")
    return sequences, notes


def first_only(boxes: np.ndarray, rows: int) -> np.ndarray:
    """The first box and `rows` - 1 rows of NaN: ground truth of the first frame only."""
    full = np.full((max(rows, 1), boxes.shape[1]), np.nan)
    full[0] = boxes[0]
    return full
