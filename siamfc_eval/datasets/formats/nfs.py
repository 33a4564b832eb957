"""NfS (Need for Speed): `<sequence>/<fps>/<sequence>.txt` and `<sequence>/<fps>/<sequence>/*.jpg`, fps 30 or 240.

A line is `id xmin ymin xmax ymax frame lost occluded generated "label"`, 0-based corners from the annotation tool
VATIC. Where the 30 fps file has a row for each 240 fps frame, every eighth counts; a count that is off by one is cut to
the shorter, as GOT-10k's toolkit does. A row marked lost is absent. The re-packed form
`anno/<sequence>.txt` + `sequences/<sequence>/` (x, y, w, h) is read too.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_lines
from siamfc_eval.datasets.reading.image_folders import image_size, list_images
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes

RATES = (30, 240)
_STRIDE = 240 // 30


def recognises(path: Path) -> bool:
    """True for a folder of sequences with `30/` or `240/`, or one with `anno/` and `sequences/`."""
    return any(_folders(path, rate) for rate in RATES) or _is_repacked(path)


def read(source: Source) -> Dataset:
    """Read one frame rate; `source.dataset` "nfs30" or "nfs240" names it where a folder has both.

    Raises:
        InputError: both rates and none named, or a sequence that cannot be used.
    """
    if _is_repacked(source.path):
        return _read_repacked(source)
    present = [rate for rate in RATES if _folders(source.path, rate)]
    wanted = {"nfs30": 30, "nfs240": 240}.get(source.dataset or "")
    if wanted is None and len(present) > 1:
        raise InputError(f"{source.path}: has 30 and 240 frames per second. Name one with --dataset nfs30 or nfs240.")
    rate = wanted or present[0]
    sequences = []
    for folder in _folders(source.path, rate):
        try:
            sequences.append(_read_sequence(source, folder, rate))
        except InputError as error:
            source.problems.report("unreadable ground truth", folder.name, str(error))
    found = tuple(sequence for sequence in sequences if sequence is not None)
    return Dataset(source.dataset or f"nfs{rate}", found, "nfs")


def _read_sequence(source: Source, folder: Path, rate: int) -> Sequence | None:
    annotation = folder / str(rate) / f"{folder.name}.txt"
    images = (folder if source.images is None else source.images / folder.name) / str(rate) / folder.name
    boxes, lost = _vatic(annotation)
    origin = source.origin or 0.0
    files = list_images(images)
    strided = -(-len(boxes) // _STRIDE)
    if rate == 30 and (not files or abs(strided - len(files)) <= 1) and _every_frame_of_240(annotation):
        boxes, lost = boxes[::_STRIDE], lost[::_STRIDE]
    if files and abs(len(files) - len(boxes)) == 1:
        count = min(len(files), len(boxes))
        files, boxes, lost = files[:count], boxes[:count], lost[:count]
    if files and len(files) != len(boxes):
        source.problems.report("count mismatch", annotation, f"{len(boxes)} boxes for {len(files)} images in {images}.")
        return None
    return Sequence(
        name=folder.name,
        boxes=boxes - np.array([origin, origin, 0.0, 0.0]),
        frames=ImageFrames(files) if files else None,
        origin=origin,
        absent=lost,
        image_size=image_size(files[0]) if files else None,
        fps=float(rate),
    )


def _vatic(path: Path) -> tuple[Boxes, NDArray[np.bool_]]:
    """Boxes x, y, w, h and the "lost" flags of a VATIC file."""
    boxes, lost = [], []
    for number, line in enumerate(read_lines(path), start=1):
        words = line.split()
        try:
            left, top, right, bottom = (float(word) for word in words[1:5])
            lost.append(int(words[6]) == 1)
        except (ValueError, IndexError):
            raise InputError(
                f"{path}:{number}: expected 'id xmin ymin xmax ymax frame lost ...', found {line[:60]!r}."
            ) from None
        boxes.append((left, top, right - left, bottom - top))
    if not boxes:
        raise InputError(f"{path}: no boxes.")
    return np.array(boxes, dtype=np.float64), np.array(lost, dtype=np.bool_)


def _every_frame_of_240(path: Path) -> bool:
    """True where the frame numbers (column 6) of a 30 fps file run one by one, as those of the 240 fps video."""
    numbers = [int(line.split()[5]) for line in read_lines(path)[:2]]
    return len(numbers) == 2 and numbers[1] - numbers[0] == 1


def _folders(path: Path, rate: int) -> list[Path]:
    return [folder for folder in subfolders(path) if (folder / str(rate) / f"{folder.name}.txt").is_file()]


def _is_repacked(path: Path) -> bool:
    annotations = path / "anno"
    return annotations.is_dir() and (path / "sequences").is_dir() and any(annotations.glob("*.txt"))


def _read_repacked(source: Source) -> Dataset:
    root = source.images or source.path / "sequences"
    sequences = []
    for annotation in sorted((source.path / "anno").glob("*.txt")):
        name = re.sub(r"^nfs_", "", annotation.stem)
        try:
            published = read_boxes(annotation)
        except InputError as error:
            source.problems.report("unreadable ground truth", name, str(error))
            continue
        sequences.append(
            boxes_with_images(
                source, name, published, annotation=annotation, images=root / name, origin=published_origin("nfs")
            )
        )
    found = tuple(sequence for sequence in sequences if sequence is not None)
    return Dataset(source.dataset or name_from_path(source.path, "nfs"), found, "nfs")


LAYOUT = Layout(
    name="nfs",
    summary="<sequence>/30/<sequence>.txt (or 240) and <sequence>/30/<sequence>/*.jpg; or anno/ and sequences/",
    convention="xmin,ymin,xmax,ymax, 0-based (VATIC)",
    recognises=recognises,
    read=read,
    family="nfs",
)
