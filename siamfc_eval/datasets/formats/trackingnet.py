"""TrackingNet: `<TRAIN_k or TEST>/anno/<sequence>.txt` and `<TRAIN_k or TEST>/frames/<sequence>/0.jpg`, `1.jpg`, ...

Boxes are x, y, w, h, used as they are (0-based). TEST publishes the first box only: the other rows are NaN.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.origins import published_origin
from siamfc_eval.datasets.reading.annotation_text import read_boxes
from siamfc_eval.datasets.reading.image_folders import list_images
from siamfc_eval.datasets.reading.sequences import boxes_with_images
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError


def recognises(path: Path) -> bool:
    """True for a folder of chunks, or one chunk."""
    return bool(_chunks(path))


def read(source: Source) -> Dataset:
    """Read all chunks of a folder; "trackingnet-test" reads TEST alone. Image sizes are not looked up (30,000 videos).

    Raises:
        InputError: a sequence that cannot be used.
    """
    chunks = _chunks(source.path)
    if source.dataset == "trackingnet-test":
        chunks = [chunk for chunk in chunks if chunk.resolve().name.upper() == "TEST"]
    sequences = []
    for chunk in chunks:
        root = chunk if source.images is None else source.images / chunk.resolve().name
        for annotation in sorted((chunk / "anno").glob("*.txt")):
            try:
                sequences.append(_read_sequence(source, annotation, root / "frames" / annotation.stem))
            except InputError as error:
                source.problems.report("unreadable ground truth", annotation.stem, str(error))
    only_test = [chunk.resolve().name.upper() for chunk in chunks] == ["TEST"]
    name = source.dataset or ("trackingnet-test" if only_test else name_from_path(source.path, "trackingnet"))
    return Dataset(name, tuple(sequence for sequence in sequences if sequence is not None), "trackingnet")


def _read_sequence(source: Source, annotation: Path, images: Path) -> Sequence | None:
    published = read_boxes(annotation)
    if len(published) == 1:
        full = np.full((max(1, len(list_images(images))), 4), np.nan)
        full[0] = published[0]
        published = full
    return boxes_with_images(
        source,
        annotation.stem,
        published,
        annotation=annotation,
        images=images,
        origin=published_origin("trackingnet"),
        sized=False,
    )


def _chunks(path: Path) -> list[Path]:
    if _is_chunk(path):
        return [path]
    return [folder for folder in subfolders(path) if _is_chunk(folder)]


def _is_chunk(path: Path) -> bool:
    return (path / "anno").is_dir() and (path / "frames").is_dir()


LAYOUT = Layout(
    name="trackingnet",
    summary="<TRAIN_k or TEST>/anno/<sequence>.txt and <TRAIN_k or TEST>/frames/<sequence>/",
    convention="x,y,w,h, taken as 0-based",
    recognises=recognises,
    read=read,
    family="trackingnet",
)
