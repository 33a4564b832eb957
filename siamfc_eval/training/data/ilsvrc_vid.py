"""ILSVRC2015-VID as distributed: one XML file of objects per frame."""

from __future__ import annotations

import fnmatch
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.training.data.tracks import Track


def read_ilsvrc_vid(root: Path, exclude: tuple[str, ...] = ()) -> list[Track]:
    """The tracks of `root/Annotations/VID/<split>/...` with their images in `root/Data/VID/<split>/...`.

    Args:
        root: the folder ILSVRC2015.
        exclude: shell patterns on the name of a video (its folder relative to the split).

    Returns:
        One track per object of a video; boxes x, y, w, h, 0-based.

    Raises:
        InputError: no such folders, or an annotation that is no XML.
    """
    annotations, images = root / "Annotations" / "VID", root / "Data" / "VID"
    if not annotations.is_dir() or not images.is_dir():
        raise InputError(
            f"{root}: expected Annotations/VID and Data/VID of ILSVRC2015 there. Give the folder that has them."
        )
    videos: dict[Path, list[Path]] = defaultdict(list)
    for path in sorted(annotations.rglob("*.xml")):
        videos[path.parent].append(path)
    tracks = []
    for video, files in videos.items():
        relative = video.relative_to(annotations)
        if any(fnmatch.fnmatchcase(relative.as_posix(), pattern) for pattern in exclude):
            continue
        targets: dict[str, list[tuple[Path, list[float], int]]] = defaultdict(list)
        for number, file in enumerate(files):
            for target, box in _objects(file):
                targets[target].append(((images / relative / file.stem).with_suffix(".JPEG"), box, number))
        for target, rows in targets.items():
            boxes = np.array([box for _, box, _ in rows], dtype=np.float64)
            name = f"{relative.as_posix()}/{target}"
            tracks.append(
                Track(name, tuple(path for path, _, _ in rows), boxes, tuple(number for _, _, number in rows))
            )
    return tracks


def _objects(file: Path) -> list[tuple[str, list[float]]]:
    """Track number and box of each object of a frame."""
    try:
        root = ElementTree.parse(file).getroot()
        found = []
        for item in root.iter("object"):
            left, top, right, bottom = (
                float(item.findtext(f"bndbox/{side}", "nan")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            found.append((item.findtext("trackid", "0"), [left, top, right - left, bottom - top]))
    except (ElementTree.ParseError, OSError, ValueError) as error:
        raise InputError(f"{file}: not an annotation of ILSVRC-VID ({error}). Unpack the data set anew.") from error
    return found
