"""Which image files a folder has, and which of them belong to the rows of the ground truth."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.problems import Problems
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.plain_text import counted

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
_NUMBER = re.compile(r"(\d+)$")


def frame_number(path: Path) -> int | None:
    """The number at the end of a file's stem (`img0012.jpg` -> 12); None where there is none."""
    found = _NUMBER.search(path.stem)
    return int(found.group(1)) if found else None


def list_images(folder: Path) -> list[Path]:
    """The image files directly in a folder, in the order of their numbers (so `10.jpg` follows `9.jpg`)."""
    if not folder.is_dir():
        return []
    images = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")]
    return sorted(images, key=_natural_key)


def _natural_key(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def frames_for_rows(
    folder: Path, rows: int, problems: Problems, *, annotation: Path, first: int | None = None
) -> ImageFrames | None:
    """The frames that belong to `rows` rows of ground truth.

    Args:
        folder: where the images are.
        rows: number of rows of the ground truth.
        problems: receives missing frames and counts that differ.
        annotation: the file of the ground truth, for messages.
        first: the number of the file of the first row, where the data set says so (OTB's David: 300); images outside
            `first .. first + rows - 1` are left aside. None: every image of the folder belongs to one row.

    Returns:
        None where the folder has no images at all (annotations alone serve scoring) or where they do not fit.
    """
    images = list_images(folder)
    if not images:
        return None
    if first is not None:
        return _numbered_frames(images, folder, rows, problems, first)
    missing = missing_numbers(images)
    if missing:
        problems.report(
            "missing frame", folder, f"{_names(missing, images[0])} absent between the first and last image."
        )
        return None
    if len(images) != rows:
        problems.report(
            "count mismatch",
            annotation,
            f"{counted(rows, 'row')} of ground truth for {counted(len(images), 'image')} in {folder}. "
            f"Complete the {_fewer(rows, len(images))}.",
        )
        return None
    return ImageFrames(images)


def first_frame_only(boxes: Boxes, images: Path) -> Boxes:
    """One box and several images: ground truth of the first frame only, so the rows of the others are NaN."""
    count = len(list_images(images)) if len(boxes) == 1 else 0
    return boxes if count < 2 else np.concatenate([boxes, np.full((count - 1, 4), np.nan)])


def _numbered_frames(images: list[Path], folder: Path, rows: int, problems: Problems, first: int) -> ImageFrames | None:
    by_number = {frame_number(path): path for path in images}
    wanted = range(first, first + rows)
    missing = [number for number in wanted if number not in by_number]
    if missing:
        problems.report(
            "missing frame",
            folder,
            f"{_names(missing, images[0])} absent; the ground truth needs frames {first}-{wanted[-1]}.",
        )
        return None
    return ImageFrames([by_number[number] for number in wanted])


def missing_numbers(images: list[Path]) -> list[int]:
    """Numbers absent between the first and the last image of a folder whose images are numbered one by one."""
    numbers = [frame_number(path) for path in images]
    known = [number for number in numbers if number is not None]
    if len(known) != len(images) or len(set(known)) != len(known):
        return []
    missing = sorted(set(range(min(known), max(known) + 1)) - set(known))
    # Files numbered in strides (every 8th frame of a video) have no gap; a real gap leaves most of the range filled.
    return missing if len(missing) < len(known) else []


def image_size(path: Path) -> tuple[int, int] | None:
    """(width, height) from the header of an image file, without decoding it; None where that fails."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.size
    except OSError:
        return None


def _names(missing: list[int], like: Path) -> str:
    found = _NUMBER.search(like.stem)
    width = len(found.group(1)) if found else 0
    prefix = like.stem[: found.start()] if found else ""
    names = [f"{prefix}{number:0{width}d}{like.suffix}" for number in missing[:5]]
    return ", ".join(names) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")


def _fewer(rows: int, images: int) -> str:
    return "ground truth" if rows < images else "images"
