"""LaSOT: `[<class>/]<class>-<k>/groundtruth.txt` with `img/`, `full_occlusion.txt` and `out_of_view.txt`.

Boxes are x, y, w, h with a 1-based corner: the official evaluation is MATLAB, in the OTB line, and draws them as they
are. A frame that is fully occluded or out of view is marked absent.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_flags, read_lines
from siamfc_eval.datasets.reading.image_folders import frames_for_rows, image_size
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError

_FLAGS = ("full_occlusion.txt", "out_of_view.txt")


def recognises(path: Path) -> bool:
    """True for a folder of classes, of sequences, or one sequence."""
    return _is_sequence(path) or any(
        _is_sequence(folder) or any(map(_is_sequence, subfolders(folder)[:3])) for folder in subfolders(path)
    )


def read(source: Source) -> Dataset:
    """Read all sequences, or those of `testing_set.txt` where the folder has that list and the test set is asked for.

    Raises:
        InputError: a sequence that cannot be used.
    """
    folders = [source.path] if _is_sequence(source.path) else _sequence_folders(source.path)
    listed = source.path / "testing_set.txt"
    notes: tuple[str, ...] = ()
    if listed.is_file():
        names = {line.strip() for line in read_lines(listed)}
        folders = [folder for folder in folders if folder.name in names]
        notes = (f"the {len(names)} sequences of testing_set.txt",)
    sequences = [_read_sequence(source, folder) for folder in folders]
    name = source.dataset or name_from_path(source.path, "lasot")
    return Dataset(name, tuple(sequence for sequence in sequences if sequence is not None), "lasot", notes)


def _read_sequence(source: Source, folder: Path) -> Sequence | None:
    annotation = folder / "groundtruth.txt"
    origin = published_origin("lasot") if source.origin is None else source.origin
    try:
        published = read_boxes(annotation)
        flags = {name: read_flags(folder / name) for name in _FLAGS if (folder / name).is_file()}
    except InputError as error:
        source.problems.report("unreadable ground truth", folder.name, str(error))
        return None
    images = _image_folder(source, folder)
    before = len(source.problems.found)
    frames = frames_for_rows(images, len(published), source.problems, annotation=annotation)
    absent = np.zeros(len(published), dtype=np.bool_)
    for name, values in flags.items():
        if len(values) == len(published):
            absent |= values
        else:
            source.problems.report(
                "count mismatch", folder / name, f"{len(values)} values for {len(published)} rows of ground truth."
            )
    if len(source.problems.found) > before:
        return None
    return Sequence(
        name=folder.name,
        boxes=published - np.array([origin, origin, 0.0, 0.0]),
        frames=frames,
        origin=origin,
        absent=absent if flags else None,
        image_size=image_size(frames.paths[0]) if frames else None,
    )


def _image_folder(source: Source, folder: Path) -> Path:
    if source.images is None:
        return folder / "img"
    nested = source.images / folder.parent.name / folder.name / "img"
    return nested if nested.is_dir() else source.images / folder.name / "img"


def _sequence_folders(path: Path) -> list[Path]:
    found = []
    for folder in subfolders(path):
        found += [folder] if _is_sequence(folder) else [inner for inner in subfolders(folder) if _is_sequence(inner)]
    return found


def _is_sequence(folder: Path) -> bool:
    return (folder / "groundtruth.txt").is_file() and any((folder / name).is_file() for name in _FLAGS)


LAYOUT = Layout(
    name="lasot",
    summary="[<class>/]<sequence>/groundtruth.txt with img/, full_occlusion.txt, out_of_view.txt",
    convention="x,y,w,h with 1-based top-left corner (MATLAB)",
    recognises=recognises,
    read=read,
    family="lasot",
    marks=("groundtruth.txt", "img/", "full_occlusion.txt|out_of_view.txt"),
)
