"""GOT-10k: `<split>/list.txt` and `<sequence>/groundtruth.txt`, `meta_info.ini`, `absence.label`, `cover.label`.

Boxes are x, y, w, h and used as they are by the official toolkit, so `origin` is 0. A frame with cover 0 has no visible
target and does not count in its scores; those frames, and the ones in `absence.label`, are marked absent. The test
split publishes the first box only: the other rows are NaN.
"""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_flags, read_lines
from siamfc_eval.datasets.reading.image_folders import first_frame_only, frames_for_rows, image_size
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

SPLITS = ("train", "val", "test")
_MARKS = ("meta_info.ini", "absence.label", "cover.label", "cut_by_image.label")


def recognises(path: Path) -> bool:
    """True for a folder with splits, one split, or one sequence."""
    return bool(_is_sequence(path) or _is_split(path) or _splits(path))


def read(source: Source) -> Dataset:
    """Read one split; `source.dataset` "got10k-val" names it where a folder has several.

    Raises:
        InputError: several splits and none named, or a sequence that cannot be used.
    """
    root, split = _choose(source)
    if _is_sequence(root):
        folders = [root]
    else:
        listed = root / "list.txt"
        names = [line.strip() for line in read_lines(listed)] if listed.is_file() else []
        if any(Path(name).name != name or name == ".." for name in names):
            raise InputError(f"{listed}: names of sequences may not hold slashes.")
        folders = [root / name for name in names if name] or [f for f in subfolders(root) if _is_sequence(f)]
    sequences = []
    for folder in folders:
        if not (folder / "groundtruth.txt").is_file():
            source.problems.report("missing sequence", folder, "named in list.txt but has no groundtruth.txt.")
            continue
        sequence = _read_sequence(source, folder)
        if sequence is not None:
            sequences.append(sequence)
    name = source.dataset or (f"got10k-{split}" if split else name_from_path(source.path, "got10k"))
    return Dataset(name, tuple(sequences), "got10k")


def _read_sequence(source: Source, folder: Path) -> Sequence | None:
    annotation = folder / "groundtruth.txt"
    images = folder if source.images is None else source.images / folder.name
    origin = source.origin or 0.0
    try:
        boxes = read_boxes(annotation) - np.array([origin, origin, 0.0, 0.0])
        cover = _labels(folder / "cover.label")
        absence = _labels(folder / "absence.label")
        size, fps = _meta(folder / "meta_info.ini")
    except InputError as error:
        source.problems.report("unreadable ground truth", folder.name, str(error))
        return None
    before = len(source.problems.found)
    boxes = first_frame_only(boxes, images)
    frames = frames_for_rows(images, len(boxes), source.problems, annotation=annotation)
    absent = np.zeros(len(boxes), dtype=np.bool_)
    for file, label, means_absent in (("cover.label", cover, False), ("absence.label", absence, True)):
        if label is not None and len(label) != len(boxes):
            source.problems.report(
                "count mismatch", folder / file, f"{len(label)} values for {len(boxes)} rows of ground truth."
            )
        elif label is not None:
            absent |= label == means_absent
    if len(source.problems.found) > before:
        return None
    return Sequence(
        name=folder.name,
        boxes=boxes,
        frames=frames,
        origin=origin,
        absent=absent if cover is not None or absence is not None else None,
        image_size=image_size(frames.paths[0]) if frames and size is None else size,
        fps=fps,
    )


def _labels(path: Path) -> NDArray[np.bool_] | None:
    return read_flags(path) if path.is_file() else None


def _meta(path: Path) -> tuple[tuple[int, int] | None, float | None]:
    """Resolution (width, height) and frames per second of the annotation, from `meta_info.ini`."""
    if not path.is_file():
        return None, None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_bounded(path, MOST_TEXT, "a meta_info.ini").decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a readable meta_info.ini ({error}).") from error
    section = parser[parser.sections()[0]] if parser.sections() else {}
    numbers = re.findall(r"\d+", section.get("resolution", ""))
    rate = re.search(r"\d+(?:\.\d+)?", section.get("anno_fps", ""))
    size = (int(numbers[0]), int(numbers[1])) if len(numbers) >= 2 else None
    return size, float(rate.group()) if rate else None


def _choose(source: Source) -> tuple[Path, str]:
    """The folder of the split to read, and its name ("" where it has none)."""
    splits = _splits(source.path)
    wanted = (source.dataset or "").removeprefix("got10k-")
    if splits:
        if len(splits) > 1 and wanted not in splits:
            raise InputError(
                f"{source.path}: has the splits {', '.join(splits)}. "
                f"Name one with --dataset got10k-{splits[0]}, or give its folder."
            )
        split = wanted if wanted in splits else splits[0]
        return source.path / split, split
    name = source.path.resolve().name
    return source.path, name if name in SPLITS else ""


def _splits(path: Path) -> list[str]:
    return [split for split in SPLITS if _is_split(path / split)]


def _is_split(path: Path) -> bool:
    return any(_is_sequence(folder) for folder in subfolders(path)[:5])


def _is_sequence(folder: Path) -> bool:
    return (folder / "groundtruth.txt").is_file() and any((folder / mark).is_file() for mark in _MARKS)


LAYOUT = Layout(
    name="got10k",
    summary="<split>/list.txt, <sequence>/groundtruth.txt with meta_info.ini, absence.label or cover.label",
    convention="x,y,w,h, taken as 0-based",
    recognises=recognises,
    read=read,
    family="got10k",
    marks=("groundtruth.txt", "*.jpg|*.png", "meta_info.ini|absence.label|cover.label"),
)
