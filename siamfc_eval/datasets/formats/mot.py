"""MOTChallenge: `<Sequence>/gt/gt.txt` (or `gt.txt`) with rows `frame,id,x,y,w,h,flag,class,visibility`, and `img1/`.

Each target becomes a sequence of its own, `<Sequence>-<id>`, from its first box to its last; rows with flag 0 are left
out, as MOTChallenge's evaluation does. Frames, ids and boxes count from 1 (its development kit is MATLAB).
"""

from __future__ import annotations

import configparser
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading.annotation_text import read_rows
from siamfc_eval.datasets.reading.box_tables import BoxRow
from siamfc_eval.datasets.reading.footage import Footage, footage_of, sequences_of_table
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError

_WIDTHS = range(6, 11)


def recognises(path: Path) -> bool:
    """True for a sequence, or a folder of some."""
    return any(_ground_truth(folder) for folder in (path, *subfolders(path)))


def read(source: Source) -> Dataset:
    """Read every target of every sequence.

    Raises:
        InputError: unreadable ground truth, or images that do not fit it.
    """
    folders = [source.path] if _ground_truth(source.path) else [f for f in subfolders(source.path) if _ground_truth(f)]
    if not folders:
        raise InputError(f"{source.path}: no gt/gt.txt here or one folder below, with rows frame,id,x,y,w,h,...")
    sequences: list[Sequence] = []
    notes: list[str] = []
    for folder in folders:
        found, remarks = _read_sequences(source, folder)
        sequences += found
        notes += remarks
    return Dataset(source.dataset or name_from_path(source.path), tuple(sequences), "mot", tuple(notes))


def _read_sequences(source: Source, folder: Path) -> tuple[list[Sequence], list[str]]:
    annotation = _ground_truth(folder)
    assert annotation is not None
    origin = 1.0 if source.origin is None else source.origin
    try:
        rows = _rows(annotation)
        fps = _frame_rate(folder / "seqinfo.ini")
        return sequences_of_table(
            source,
            rows,
            annotation,
            _footage(source, folder),
            name=folder.resolve().name,
            origin=origin,
            base=1,
            fps=fps,
        )
    except InputError as error:
        source.problems.report("unreadable ground truth", folder.name, str(error))
        return [], []


def _rows(annotation: Path) -> list[BoxRow]:
    rows = []
    for line, row in enumerate(read_rows(annotation, widths=_WIDTHS), start=1):
        frame, target = row[:2]
        if not (frame >= 1 and frame == frame // 1 and target == target // 1):
            raise InputError(
                f"{annotation}:{line}: frame {frame:g}, id {target:g}; expected whole numbers, frames from 1 on."
            )
        if len(row) < 7 or row[6] != 0:
            rows.append(BoxRow(line, int(frame), str(int(target)), (row[2], row[3], row[4], row[5])))
    if not rows:
        raise InputError(f"{annotation}: no rows that count (flag 1). Expected frame,id,x,y,w,h,...")
    return rows


def _footage(source: Source, folder: Path) -> Footage:
    root = folder if source.images is None else source.images / folder.name
    images = list_images(root / "img1")
    return Footage(images=tuple(images)) if images else footage_of(root / "gt.txt") if root.is_dir() else Footage()


def _ground_truth(folder: Path) -> Path | None:
    """The file of a sequence's boxes; a flat `gt.txt` only where its first row is MOT's and no polygon."""
    if (folder / "gt" / "gt.txt").is_file():
        return folder / "gt" / "gt.txt"
    flat = folder / "gt.txt"
    if not flat.is_file():
        return None
    try:
        with flat.open(encoding="utf-8-sig") as stream:
            words = stream.readline(1000).replace(",", " ").split()
        values = np.array([float(word) for word in words])
    except (OSError, ValueError):
        return None
    if len(values) not in _WIDTHS or (values[:2] != values[:2] // 1).any():
        return None
    return flat if len(values) in {7, 9} or values[0] == 1 else None


def _frame_rate(path: Path) -> float | None:
    """Frames per second of `seqinfo.ini`."""
    if not path.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return parser.getfloat("Sequence", "frameRate", fallback=None)
    except (configparser.Error, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path}: not a readable seqinfo.ini ({error}).") from error


LAYOUT = Layout(
    name="mot",
    summary="<Sequence>/gt/gt.txt with rows frame,id,x,y,w,h,... and <Sequence>/img1/; one sequence for each target",
    convention="x,y,w,h with 1-based top-left corner (MOTChallenge's kit is MATLAB); frames count from 1",
    recognises=recognises,
    read=read,
    family="",
    marks=("gt/gt.txt|gt.txt", "img1/"),
)
