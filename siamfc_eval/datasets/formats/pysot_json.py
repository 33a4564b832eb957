"""Annotation files of pysot and its descendants: `OTB100.json`, `VOT2018.json`, `UAV123.json`, `NFS30.json`, ...

One JSON object, sequence name -> {"video_dir", "init_rect", "img_names", "gt_rect", ...}; boxes are x, y, w, h or
polygons exactly as the benchmark published them, so `origin` is that benchmark's own (1 for OTB). VOT files add
per-frame tags and the image size, others "attr" (attribute names in full) and "absent" flags.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.formats.annotation_entries import PysotEntry, read_entry
from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.known import match_known, name_from_path
from siamfc_eval.datasets.layout import Layout, Source
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading import otb_names
from siamfc_eval.datasets.reading.annotation_json import load_json
from siamfc_eval.datasets.reading.image_folders import image_size
from siamfc_eval.datasets.reading.region_text import TAGS, fit_tags
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes, Region, bounding_boxes

ATTRIBUTE_CODES = {
    "Illumination Variation": "IV",
    "Scale Variation": "SV",
    "Occlusion": "OCC",
    "Deformation": "DEF",
    "Motion Blur": "MB",
    "Fast Motion": "FM",
    "In-Plane Rotation": "IPR",
    "Out-of-Plane Rotation": "OPR",
    "Out-of-View": "OV",
    "Background Clutters": "BC",
    "Low Resolution": "LR",
}
"""OTB's attribute names in full, and their usual codes."""


def recognises(path: Path) -> bool:
    """True for a JSON object of sequences that have "gt_rect" and "img_names"."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    content = load_json(path)
    if not isinstance(content, dict) or not content:
        return False
    entry = next(iter(content.values()))
    return isinstance(entry, dict) and {"gt_rect", "img_names"} <= entry.keys()


def read(source: Source) -> Dataset:
    """Read an annotation file; images are looked for next to it or under `source.images`, and may be absent.

    Raises:
        InputError: with file and sequence: a key is absent, lists differ in length, or a frame is missing.
    """
    name = source.dataset or name_from_path(source.path)
    known = match_known(name)
    family = known.family if known else ""
    origin = published_origin(family) if source.origin is None else source.origin
    wanted = otb_names.SUBSETS.get(name)
    sequences, notes = [], [f"coordinates as published for {name}: {'1' if origin else '0'}-based"]
    for key, entry in load_json(source.path).items():
        if wanted is not None and key not in wanted:
            continue
        try:
            sequence, remarks = _read_entry(source, str(key), entry, family, origin)
        except InputError as error:
            source.problems.report("unreadable ground truth", str(key), str(error))
            continue
        sequences.append(sequence)
        notes += remarks
    return Dataset(name, tuple(sequences), "pysot-json", tuple(notes))


def _read_entry(source: Source, name: str, content: Any, family: str, origin: float) -> tuple[Sequence, list[str]]:
    where = f"{source.path}: {name}"
    entry = read_entry(PysotEntry, content, where)
    regions = parse_regions(entry.gt_rect, origin, where)
    names = entry.img_names
    if len(names) != len(regions):
        raise InputError(f"{where}: {len(regions)} rows of ground truth for {len(names)} image names.")
    given = {tag: getattr(entry, tag) for tag in TAGS}
    raw = {tag: np.array(flags, dtype=np.bool_) for tag, flags in given.items() if flags is not None}
    tags, notes = fit_tags(raw, len(regions), name)
    frames = find_frames(source, names)
    size = (entry.width, entry.height) if entry.width is not None and entry.height is not None else None
    codes = frozenset(ATTRIBUTE_CODES.get(attribute, attribute) for attribute in entry.attr)
    return Sequence(
        name=name,
        boxes=bounding_boxes(regions),
        frames=frames,
        regions=regions if any(region.size > 4 for region in regions) else None,
        origin=origin,
        attributes={"pysot": codes} if codes else {},
        tags=tags,
        absent=_absent(entry.absent, len(regions), where),
        image_size=image_size(frames.paths[0]) if frames and size is None else size,
        aliases=otb_names.result_aliases(name) if family == "otb" else frozenset(),
    ), notes


def _absent(flags: list[bool], frames: int, where: str) -> NDArray[np.bool_] | None:
    """Shape (n,): frames without the target, from flags that are 1 where it is present; None where there are none.

    Raises:
        InputError: not one for each frame.
    """
    present = np.array(flags, dtype=np.bool_)
    if present.size not in {0, frames}:
        raise InputError(
            f"{where}: {present.size} 'absent' flags for {frames} rows of ground truth. Expected one for each frame."
        )
    return ~present if present.size else None


def parse_regions(rows: Any, origin: float, where: str) -> tuple[Region, ...]:
    """Regions from rows of numbers, 0-based; a row with NaN or null, or an empty one, becomes four NaN.

    Raises:
        InputError: with the row's number, counted from 1.
    """
    table = _table(rows)
    if table.ndim == 2 and table.shape[1] in {4, 8} and np.isfinite(table).all():
        shift = [origin, origin, 0.0, 0.0] if table.shape[1] == 4 else origin
        return tuple(table - shift)
    if not isinstance(rows, list | np.ndarray):
        raise InputError(f"{where}: expected rows of ground truth, found {str(rows)[:60]}.")
    regions: list[Region] = []
    for number, row in enumerate(rows, start=1):
        try:
            values = np.array(row, dtype=np.float64).ravel()
        except (TypeError, ValueError, OverflowError):
            raise InputError(f"{where}, row {number}: expected numbers, found {str(row)[:60]}.") from None
        if np.isinf(values).any():
            raise InputError(f"{where}, row {number}: a number is infinite, or larger than any.")
        if values.size == 0 or np.isnan(values).any():
            regions.append(np.full(4, np.nan))
        elif values.size == 4:
            regions.append(values - np.array([origin, origin, 0.0, 0.0]))
        elif values.size >= 6 and values.size % 2 == 0:
            regions.append(values - origin)
        else:
            raise InputError(f"{where}, row {number}: expected 4 numbers or a polygon, found {values.size}.")
    if not regions:
        raise InputError(f"{where}: no rows of ground truth.")
    return tuple(regions)


def parse_table(rows: Any, origin: float, where: str) -> Boxes | None:
    """`parse_regions` of boxes only, shape (n, 4); None where there are other regions among them.

    Raises:
        InputError: as `parse_regions`.
    """
    table = _table(rows)
    if table.ndim == 2 and table.shape[1] == 4 and np.isfinite(table).all():
        return np.asarray(table - np.array([origin, origin, 0.0, 0.0]))
    regions = parse_regions(rows, origin, where)
    return np.array(regions) if {region.size for region in regions} == {4} else None


def _table(rows: Any) -> NDArray[np.float64]:
    """Rows as an array; without elements where they are none."""
    try:
        return np.array(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.zeros(0)


def find_frames(source: Source, names: list[str]) -> ImageFrames | None:
    """The named images next to the annotation file or under `source.images`; None where there are none at all.

    Raises:
        InputError: images were asked for or are there in part, and one is absent.
    """
    root = source.images or source.path.parent
    text = "\n".join(["", *map(str, names)])
    if not names or any(part in text for part in ("\n/", "\n\\", ":", "..", "\0")):
        raise InputError(f"{source.path}: image names must be relative paths inside the image folder.")
    if source.images is None and not (root / names[0]).parent.is_dir():
        return None
    paths = [root / name for name in names]
    listings = {
        parent: {entry.name for entry in parent.iterdir()} if parent.is_dir() else set()
        for parent in {path.parent for path in paths}
    }
    absent = [path for path in paths if path.name not in listings[path.parent]]
    if absent:
        raise InputError(f"{absent[0]}: missing frame ({len(absent)} of {len(paths)} are absent). Complete the images.")
    return ImageFrames(paths)


LAYOUT = Layout(
    name="pysot-json",
    summary='a JSON file {"<sequence>": {"img_names": [...], "gt_rect": [...], ...}} (OTB100.json, VOT2018.json, ...)',
    convention="as the benchmark published them: 1-based for OTB, 0-based for VOT",
    recognises=recognises,
    read=read,
    family="",
)
