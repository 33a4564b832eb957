"""OTB as distributed: `<Sequence>/groundtruth_rect[.k].txt` next to `<Sequence>/img/`.

Boxes are x, y, w, h with 1-based MATLAB pixel coordinates, so `origin` is 1. Separators are commas, tabs or spaces. A
folder with two targets (Jogging, Skating2) has `groundtruth_rect.1.txt` and `.2.txt` and gives two sequences; of Human4
the benchmark uses the second target.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.formats.dtb70 import names_are_dtb70
from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading import otb_names
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_lines
from siamfc_eval.datasets.reading.image_folders import first_frame_only, frame_number, list_images
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

_GROUND_TRUTH = re.compile(r"groundtruth_rect(?:\.(\d+))?\.txt$")


def recognises(path: Path) -> bool:
    """True for a folder of OTB sequences, or one such sequence (and not for DTB70, which has the same file names)."""
    if path.is_dir() and _ground_truths(path):
        return True
    folders = [folder for folder in subfolders(path) if _ground_truths(folder)]
    return bool(folders) and not names_are_dtb70({folder.name for folder in folders})


def read(source: Source) -> Dataset:
    """Read OTB folders; `source.dataset` "otb2013", "otb50" or "otb2015" selects that benchmark's sequences.

    Raises:
        InputError: no sequence, unreadable ground truth, or images that do not fit it.
    """
    single = bool(_ground_truths(source.path))
    folders = [source.path] if single else [folder for folder in subfolders(source.path) if _ground_truths(folder)]
    wanted = otb_names.SUBSETS.get(source.dataset or "")
    attributes = _attribute_lists(source.path)
    omit = read_init_omit(source.path / "init_omit.json")
    sequences, notes = [], [] if attributes else ["no attribute list found next to the sequences (attr_list.txt)"]
    for folder in folders:
        for name, annotation in _targets(folder):
            if name == "Human4-1" or (wanted is not None and name not in wanted):
                continue
            sequence = _read_sequence(source, folder, name, annotation)
            if sequence is not None:
                found = {list_name: table[name] for list_name, table in attributes.items() if name in table}
                sequences.append(dataclasses.replace(sequence, attributes=found, init_omit=omit.get(name, ())))
    if not sequences and source.problems.strict:
        raise InputError(f"{source.path}: no sequence of {source.dataset or 'OTB'} here.")
    return Dataset(_name(source, sequences, single), tuple(sequences), "otb", tuple(notes))


def _read_sequence(source: Source, folder: Path, name: str, annotation: Path) -> Sequence | None:
    try:
        published = read_boxes(annotation)
    except InputError as error:
        source.problems.report("unreadable ground truth", name, str(error))
        return None
    images = _image_folder(source, folder)
    first, published, lead_in = _first_frame(name, first_frame_only(published, images), images)
    return boxes_with_images(
        source,
        name,
        published,
        annotation=annotation,
        images=images,
        origin=1.0,
        first=first,
        lead_in=lead_in,
        aliases=otb_names.result_aliases(name),
    )


def _first_frame(name: str, published: np.ndarray, images: Path) -> tuple[int | None, np.ndarray, int]:
    """Number of the first row's image, the rows, and the lead-in among them."""
    lead_in = otb_names.LEAD_IN.get(name, 0)
    first = otb_names.FIRST_FRAME.get(name)
    if first is None and name in otb_names.LONGER_THAN_ANNOTATED:
        first = 1
    if first is not None:
        files = list_images(images)
        # Re-packed copies number the evaluated frames from 1 again.
        if len(files) == len(published) and frame_number(files[0]) != first:
            first = None
    return first, published, lead_in


def _targets(folder: Path) -> list[tuple[str, Path]]:
    """(sequence name, ground-truth file) of each target of a folder."""
    files = _ground_truths(folder)
    targets = []
    for path in files:
        found = _GROUND_TRUTH.match(path.name)
        number = found.group(1) if found else None
        name = f"{folder.name}-{number}" if number else folder.name
        if number and len(files) == 1 and otb_names.canonical_name(folder.name):
            name = folder.name
        if number and len(files) > 1 and (folder / "groundtruth_rect.txt") in files:
            continue
        targets.append((name if name == "Human4-1" else otb_names.canonical_name(name) or name, path))
    return targets


def _ground_truths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("groundtruth_rect*.txt") if _GROUND_TRUTH.match(path.name))


def _image_folder(source: Source, folder: Path) -> Path:
    if source.images is None:
        return folder / "img" if (folder / "img").is_dir() else folder
    return source.images / folder.name / "img"


def _name(source: Source, sequences: list[Sequence], single: bool) -> str:
    if source.dataset:
        return source.dataset
    names = {sequence.name for sequence in sequences}
    for subset, members in otb_names.SUBSETS.items():
        if names == members:
            return subset
    own = name_from_path(source.path)
    # A part of a benchmark must not carry the name of the whole.
    return f"{own}-part" if own in otb_names.SUBSETS and not single else own


def _attribute_lists(path: Path) -> dict[str, dict[str, frozenset[str]]]:
    """Attributes by list and sequence, from `attr_list.txt` (or tb_100.txt ...) lines `Name<TAB>IV, OCC, ...`."""
    lists: dict[str, dict[str, frozenset[str]]] = {}
    for folder in (path, path / "lists"):
        for stem in ("attr_list", "tb_100", "tb_50", "cvpr13"):
            file = folder / f"{stem}.txt"
            if not lists and file.is_file():
                rows = (line.split("\t", 1) for line in read_lines(file))
                lists[stem] = {row[0].strip(): frozenset(re.findall(r"[A-Z]{2,3}", row[1])) for row in rows if row[1:]}
    return lists


def read_init_omit(path: Path) -> dict[str, tuple[tuple[int, int], ...]]:
    """Ranges of frames (1-based, inclusive) per sequence in which TRE starts no tracker; {} where there is no file.

    Raises:
        InputError: the file is not `{"Name": [[first, last], ...]}`.
    """
    if not path.is_file():
        return {}
    try:
        table = json.loads(read_bounded(path, MOST_TEXT, "a list of ranges"))
        return {str(name): tuple((int(a), int(b)) for a, b in ranges) for name, ranges in table.items()}
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(f'{path}: expected {{"Sequence": [[first, last], ...]}} ({error}).') from error


LAYOUT = Layout(
    name="otb",
    summary="<Sequence>/groundtruth_rect.txt (or .1.txt, .2.txt) and <Sequence>/img/",
    convention="x,y,w,h with 1-based top-left corner (MATLAB)",
    recognises=recognises,
    read=read,
    family="otb",
    marks=("groundtruth_rect*.txt", "img/"),
)
