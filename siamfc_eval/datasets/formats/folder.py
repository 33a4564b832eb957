"""Any folder with images and a `groundtruth.txt`, or a folder of such folders: a user's own sequences.

A line is a rectangle x,y,w,h or a polygon x1,y1,x2,y2,...; one line alone is the target in the first frame. Images lie
in the folder, or in `img/`, `color/`, `imgs/` or `images/`. Coordinates are taken as 0-based, unless the folder's
`meta.json` holds a "convention" that says "1-based", or the user says otherwise with an origin. Per-frame `.tag` files
are read as in VOT.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from siamfc_eval.datasets.known import match_known, name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading import otb_names
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.reading.region_text import first_region_only, read_regions, read_tags
from siamfc_eval.datasets.reading.sequences import regions_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

_GROUND_TRUTHS = ("groundtruth.txt", "groundtruth_rect.txt", "gt.txt")
_IMAGES = ("img", "color", "imgs", "images", ".")
_BENCHMARK_PREFIX = re.compile(r"^([A-Za-z]+\d*[A-Za-z]*)[_-](.+)$")


def recognises(path: Path) -> bool:
    """True for a folder with a ground truth, or one that has such folders."""
    return _ground_truth(path) is not None or any(_ground_truth(folder) for folder in subfolders(path))


def read(source: Source) -> Dataset:
    """Read one folder or every subfolder that has a ground truth.

    Raises:
        InputError: unreadable ground truth, or images that do not fit it.
    """
    own = _ground_truth(source.path)
    folders = [source.path] if own else [folder for folder in subfolders(source.path) if _ground_truth(folder)]
    sequences, notes, unstated = [], [], []
    for folder in folders:
        origin = source.origin if source.origin is not None else _stated_origin(folder)
        if origin is None:
            unstated.append(folder.name)
        sequence, remarks = _read_sequence(source, folder, origin or 0.0)
        notes += remarks
        if sequence is not None:
            sequences.append(sequence)
    if unstated:
        shown = ", ".join(unstated[:5]) + (" ..." if len(unstated) > 5 else "")
        notes.insert(0, f"coordinates taken as 0-based, for nothing says otherwise: {shown}")
    return Dataset(source.dataset or name_from_path(source.path), tuple(sequences), "folder", tuple(notes))


def _read_sequence(source: Source, folder: Path, origin: float) -> tuple[Sequence | None, list[str]]:
    annotation = _ground_truth(folder)
    if annotation is None:
        raise InputError(f"{folder}: no {' or '.join(_GROUND_TRUTHS)}.")
    try:
        regions = read_regions(annotation, origin)
        tags, notes = read_tags(folder, len(regions))
    except InputError as error:
        source.problems.report("unreadable ground truth", folder.name, str(error))
        return None, []
    images = _image_folder(folder if source.images is None else source.images / folder.name)
    if len(regions) < len(regions := first_region_only(regions, images)):
        notes.append(f"{folder.name}: ground truth of the first frame only")
    sequence = regions_with_images(
        source,
        folder.name,
        regions,
        annotation=annotation,
        images=images,
        origin=origin,
        tags=tags,
        aliases=_aliases(folder.name),
    )
    return sequence, notes


def _ground_truth(folder: Path) -> Path | None:
    return next((folder / name for name in _GROUND_TRUTHS if (folder / name).is_file()), None)


def _image_folder(folder: Path) -> Path:
    return next((folder / name for name in _IMAGES if list_images(folder / name)), folder)


def _stated_origin(folder: Path) -> float | None:
    """0 or 1 as the "convention" of a folder's `meta.json` says; None where nothing is said."""
    path = folder / "meta.json"
    if not path.is_file():
        return None
    try:
        meta = json.loads(read_bounded(path, MOST_TEXT, "the facts of a data set"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}).") from error
    convention = str(meta.get("convention", "")) if isinstance(meta, dict) else ""
    if "1-based" in convention:
        return 1.0
    return 0.0 if convention else None


def _aliases(name: str) -> frozenset[str]:
    """The name without a benchmark's prefix: `OTB_Couple` is `Couple` in published results."""
    found = _BENCHMARK_PREFIX.match(name)
    prefixes = {"OTB": True}
    if found is None or not (prefixes.get(found.group(1)) or match_known(found.group(1))):
        return frozenset()
    bare = found.group(2)
    return frozenset({bare}) | (otb_names.result_aliases(bare) if found.group(1).startswith("OTB") else frozenset())


LAYOUT = Layout(
    name="folder",
    summary="a folder (or a folder of folders) with images and a groundtruth.txt",
    convention="x,y,w,h or polygons; 0-based unless meta.json says 1-based",
    recognises=recognises,
    read=read,
    family="",
    marks=("groundtruth.txt|groundtruth_rect.txt|gt.txt", "*.jpg|*.png|img/|imgs/|images/|color/"),
)
