"""Regions and per-frame tags in text files, as VOT publishes them and as other folders have them too."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.reading.annotation_text import read_flags, read_rows
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region

TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")
"""The per-frame tags of VOT."""

FORMER_TAGS = {"motion": "motion_change", "size": "size_change"}
"""Names of tags in VOT2013 -> today's."""


def read_regions(path: Path, origin: float = 0.0) -> tuple[Region, ...]:
    """One region per line: a rectangle of four numbers or a polygon of six or more; 0-based.

    A line that marks an unannotated frame (a special code such as `0`, or NaN values) becomes four NaN.

    Raises:
        InputError: with file and line.
    """
    regions: list[Region] = []
    for number, row in enumerate(read_rows(path), start=1):
        if len(row) == 1 or np.isnan(row).any():
            regions.append(np.full(4, np.nan))
        elif len(row) == 4:
            regions.append(row - np.array([origin, origin, 0.0, 0.0]))
        elif len(row) >= 6 and len(row) % 2 == 0:
            regions.append(row - origin)
        else:
            raise InputError(
                f"{path}:{number}: expected a rectangle (4 numbers) or a polygon (6, 8, ...), found {len(row)} numbers."
            )
    if not regions:
        raise InputError(f"{path}: no regions. Expected one line per frame.")
    return tuple(regions)


def first_region_only(regions: tuple[Region, ...], images: Path) -> tuple[Region, ...]:
    """One region and several images: ground truth of the first frame only, so the others are not annotated."""
    count = len(list_images(images)) if len(regions) == 1 else 0
    return regions if count < 2 else (regions[0], *(np.full(4, np.nan) for _ in range(count - 1)))


def read_tags(folder: Path, rows: int) -> tuple[dict[str, NDArray[np.bool_]], list[str]]:
    """The per-frame tags of a folder, and a remark for each that does not have `rows` values."""
    raw = {}
    for suffix in (".label", ".tag"):
        for path in sorted(folder.glob(f"*{suffix}")):
            raw[path.stem] = read_flags(path)
    return fit_tags(raw, rows, folder.name)


def fit_tags(
    raw: Mapping[str, NDArray[np.bool_]], rows: int, name: str
) -> tuple[dict[str, NDArray[np.bool_]], list[str]]:
    """Tags as long as the sequence: short lists end in False, empty ones stay empty, VOT2013 names become today's."""
    tags, notes = {}, []
    for written, values in raw.items():
        tag = FORMER_TAGS.get(written, written)
        if len(values) == 0:
            notes.append(f"{name}: the tag {tag} is empty, so it says nothing of this sequence")
        elif len(values) != rows:
            notes.append(f"{name}: the tag {tag} has {len(values)} values for {rows} frames; the rest counts as 0")
        rest = np.zeros(max(0, rows - len(values)) if len(values) else 0, dtype=np.bool_)
        tags[tag] = np.concatenate([values[:rows], rest])
    return tags, notes
