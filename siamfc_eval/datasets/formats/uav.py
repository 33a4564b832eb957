"""UAV123, UAV20L and UAV123@10fps: `anno/<version>/<sequence>.txt` and `data_seq/<version>/<folder>/%06d.jpg`.

Boxes are x, y, w, h with a 1-based corner (the benchmark is a fork of OTB's MATLAB code); a row of NaN is a frame
without a visible target. Many sequences are cut from one folder of images: the first frame of each is in
`configSeqs.m`, which is read where it lies next to `anno/`, and else comes from the table below, taken from it. At 10
frames per second every third frame is kept, so a sequence that starts at frame f starts there at (f - 1) / 3 + 1.
"""

from __future__ import annotations

import re
from pathlib import Path

from siamfc_eval.datasets.layout import Layout, Source
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes, read_rows
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

VERSIONS = {"uav123": "UAV123", "uav20l": "UAV20L", "uav123-10fps": "UAV123_10fps"}
"""Canonical names and the folders that hold them."""

FIRST_FRAME: dict[str, tuple[str, int]] = {
    f"{folder}_{number}": (folder, first)
    for folder, firsts in {
        "bird1": (1, 775, 1573),
        "car1": (1, 751, 1627),
        "car16": (1, 415),
        "car6": (1, 487, 1807, 2953, 3925),
        "car8": (1, 1357),
        "group1": (1, 1333, 2515, 3925),
        "group2": (1, 907, 1771),
        "group3": (1, 1567, 2827, 4369),
        "person12": (1, 601),
        "person14": (1, 847, 1813),
        "person17": (1, 1501),
        "person19": (1, 1243, 2791),
        "person2": (1, 1189),
        "person4": (1, 1501),
        "person5": (1, 877),
        "person7": (1, 1249),
        "person8": (1, 1075),
        "truck4": (1, 577),
        "uav1": (1, 1555, 2473),
    }.items()
    for number, first in enumerate(firsts, start=1)
}
"""Sequence of UAV123 -> (image folder, number of its first frame) where the folder holds several; others start at 1."""

ATTRIBUTES = ("SV", "ARC", "LR", "FM", "FO", "PO", "OV", "BC", "IV", "VC", "CM", "SO")
"""The twelve attributes, in the order of the files in `anno/<version>/att/`."""

_CONFIG = re.compile(
    r"'name'\s*,\s*'(?P<name>[^']+)'.*?'path'\s*,\s*'(?P<path>[^']+)'.*?'startFrame'\s*,\s*(?P<first>\d+)"
)


def recognises(path: Path) -> bool:
    """True for the root that holds `anno/UAV123` (or UAV20L, UAV123_10fps)."""
    return bool(_present(path))


def read(source: Source) -> Dataset:
    """Read one version; `source.dataset` names it where a folder has several.

    Raises:
        InputError: several versions and none named, or a sequence that cannot be used.
    """
    present = _present(source.path)
    name = source.dataset or (present[0] if len(present) == 1 else None)
    if name not in present:
        raise InputError(f"{source.path}: has {', '.join(present)}. Name one with --dataset.")
    version = VERSIONS[name]
    annotations = source.path / "anno" / version
    ranges, note = _ranges(source.path, version)
    roots = (source.images or source.path) / "data_seq"
    sequences = []
    for annotation in sorted(annotations.glob("*.txt")):
        folder, first = ranges.get(annotation.stem, (annotation.stem, 1))
        # UAV20L is cut from UAV123's images.
        images = next((r for v in (version, "UAV123") if (r := roots / v / folder).is_dir()), roots / version / folder)
        try:
            sequences.append(_read_sequence(source, annotation, images, first))
        except InputError as error:
            source.problems.report("unreadable ground truth", annotation.stem, str(error))
    return Dataset(name, tuple(sequence for sequence in sequences if sequence is not None), "uav", (note,))


def _read_sequence(source: Source, annotation: Path, images: Path, first: int) -> Sequence | None:
    attributes = annotation.parent / "att" / annotation.name
    codes: frozenset[str] = frozenset()
    if attributes.is_file():
        flags = read_rows(attributes, widths=(len(ATTRIBUTES),))[0]
        codes = frozenset(code for code, flag in zip(ATTRIBUTES, flags, strict=True) if flag)
    return boxes_with_images(
        source,
        annotation.stem,
        read_boxes(annotation),
        annotation=annotation,
        images=images,
        origin=published_origin("uav"),
        first=first if list_images(images) else None,
        fps=10.0 if "10fps" in annotation.parent.name else 30.0,
        attributes=codes,
    )


def _ranges(root: Path, version: str) -> tuple[dict[str, tuple[str, int]], str]:
    """Image folder and first frame by sequence, and a note that says where they come from."""
    for path in (root / "configSeqs.m", root / "anno" / "configSeqs.m", root / "util" / "configSeqs.m"):
        if path.is_file():
            text = read_bounded(path, MOST_TEXT, "a list of sequences").decode("utf-8", "replace")
            found = {
                entry["name"]: (re.split(r"[\\/]", entry["path"].rstrip("\\/"))[-1], int(entry["first"]))
                for entry in _CONFIG.finditer(text)
                if re.search(rf"[\\/]{re.escape(version)}[\\/][^\\/.]", entry["path"])
            }
            if found:
                return found, f"frame ranges from {path.name}"
    if version == "UAV20L":
        return {}, "every sequence starts at frame 1 of its own folder"
    stride = 3 if version.endswith("10fps") else 1
    table = {name: (folder, (first - 1) // stride + 1) for name, (folder, first) in FIRST_FRAME.items()}
    return table, "frame ranges from the built-in table (no configSeqs.m here)"


def _present(path: Path) -> list[str]:
    return [name for name, version in VERSIONS.items() if any((path / "anno" / version).glob("*.txt"))]


LAYOUT = Layout(
    name="uav",
    summary="anno/UAV123/<sequence>.txt (or UAV20L, UAV123_10fps) and data_seq/UAV123/<folder>/",
    convention="x,y,w,h with 1-based top-left corner (MATLAB); NaN where the target is not visible",
    recognises=recognises,
    read=read,
    family="uav",
)
