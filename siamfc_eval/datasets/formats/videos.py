"""Folders of videos, each with a file of boxes next to it: `clip.mp4` and `clip.txt` or `clip.csv`.

A text file has one line for each frame, a rectangle x,y,w,h or a polygon, as in a `groundtruth.txt`; one line alone is
the target in the first frame. A csv file is read as by the layout `csv`. Coordinates are taken as 0-based.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading.box_tables import read_table
from siamfc_eval.datasets.reading.footage import GENERIC, Footage, first_only, sequence_name, sequences_of_table
from siamfc_eval.datasets.reading.region_text import read_regions
from siamfc_eval.datasets.reading.sequences import dataset_of_files
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.datasets.videos import VideoFrames, is_video
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import bounding_box

_BOX_FILES = ("{}.txt", "{}.csv", "{}_gt.txt", "{}_gt.csv", "{}_groundtruth.txt", "{}_groundtruth.csv")


def recognises(path: Path) -> bool:
    """True for a video with boxes, or a folder that has some, directly or one folder below."""
    return bool(annotated_videos(path))


def annotated_videos(path: Path) -> list[tuple[Path, Path]]:
    """(video, file of its boxes) of a path, sorted by name."""
    if path.is_file():
        boxes = _boxes_of(path, alone=False) if is_video(path) else None
        return [(path, boxes)] if boxes else []
    found = []
    for folder in (path, *subfolders(path)):
        videos = sorted(entry for entry in folder.iterdir() if is_video(entry))
        pairs = [(video, _boxes_of(video, alone=len(videos) == 1)) for video in videos]
        found += [(video, boxes) for video, boxes in pairs if boxes is not None]
    return found


def read(source: Source) -> Dataset:
    """Read every video that has boxes.

    Raises:
        InputError: none, unreadable boxes, or a video that cannot be decoded.
    """
    pairs = annotated_videos(source.path)
    if not pairs:
        raise InputError(f"{source.path}: no video with boxes next to it, such as clip.mp4 and clip.txt or clip.csv.")
    return dataset_of_files(
        source,
        "videos",
        pairs,
        lambda pair: _read_video(source, *pair),
        named=lambda pair: pair[0].name,
        problem="unusable video",
        unstated="nothing says otherwise",
    )


def _read_video(source: Source, video: Path, annotation: Path) -> tuple[list[Sequence], list[str]]:
    origin, footage = source.origin or 0.0, Footage(video=video)
    name = sequence_name(annotation)
    if annotation.suffix.lower() == ".csv":
        return sequences_of_table(source, read_table(annotation), annotation, footage, name=name, origin=origin)
    regions = read_regions(annotation, origin)
    size, fps = footage.facts()
    boxes = np.stack([bounding_box(region) for region in regions])
    notes = []
    if len(boxes) == 1:
        boxes = first_only(boxes, footage.length())
        notes.append(f"{name}: ground truth of the first frame only")
    polygons = len(boxes) == len(regions) and any(len(region) > 4 for region in regions)
    sequence = Sequence(
        name=name,
        boxes=boxes,
        frames=VideoFrames(video, range(len(boxes))),
        regions=regions if polygons else None,
        origin=origin,
        image_size=size,
        fps=fps,
    )
    return [sequence], notes


def _boxes_of(video: Path, alone: bool) -> Path | None:
    names = [pattern.format(video.stem) for pattern in _BOX_FILES]
    if alone:  # the only video of its folder
        names += [f"{name}{ending}" for name in GENERIC for ending in (".txt", ".csv")]
    return next((video.parent / name for name in names if (video.parent / name).is_file()), None)


LAYOUT = Layout(
    name="videos",
    summary="<sequence>.mp4 (avi, mov, mkv, ...) with <sequence>.txt or <sequence>.csv next to it",
    convention="x,y,w,h or polygons, one line for each frame; taken as 0-based",
    recognises=recognises,
    read=read,
    family="",
    marks=("*.mp4|*.avi|*.mov|*.mkv", "<video>.txt|<video>.csv"),
)
