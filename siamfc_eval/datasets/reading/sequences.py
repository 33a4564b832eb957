"""From annotations and the place of their images to sequences, as the readers of most layouts do it."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.known import name_from_path
from siamfc_eval.datasets.layout import Source
from siamfc_eval.datasets.reading.image_folders import frames_for_rows, image_size
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes, Region, bounding_box

Named = TypeVar("Named")


def boxes_with_images(
    source: Source,
    name: str,
    published: Boxes,
    *,
    annotation: Path,
    images: Path,
    origin: float,
    first: int | None = None,
    sized: bool = True,
    fps: float | None = None,
    attributes: frozenset[str] = frozenset(),
    lead_in: int = 0,
    aliases: frozenset[str] = frozenset(),
) -> Sequence | None:
    """A sequence of boxes whose rows are the images of a folder, in order.

    Args:
        source: receives problems; its origin overrides `origin`.
        name: of the sequence.
        published: shape (n, 4), x, y, w, h as in the file.
        annotation: the file, for messages.
        images: folder of the images; absent or empty: the sequence has no frames.
        origin: what the file adds to 0-based coordinates.
        first: number of the image of row 0, where the folder holds more than this sequence.
        sized: read the image size from the first image's header.
        fps: frames per second.
        attributes: attributes that the benchmark itself publishes.
        lead_in: as in `Sequence`.
        aliases: as in `Sequence`.

    Returns:
        None where a problem was reported.
    """
    origin = origin if source.origin is None else source.origin
    fits, frames = _frames(source, images, len(published), annotation, first)
    if not fits:
        return None
    return Sequence(
        name=name,
        boxes=published - np.array([origin, origin, 0.0, 0.0]),
        frames=frames,
        origin=origin,
        attributes={"official": attributes} if attributes else {},
        image_size=image_size(frames.paths[0]) if frames and sized else None,
        fps=fps,
        lead_in=lead_in,
        aliases=aliases,
    )


def regions_with_images(
    source: Source,
    name: str,
    regions: tuple[Region, ...],
    *,
    annotation: Path,
    images: Path,
    origin: float,
    tags: Mapping[str, NDArray[np.bool_]],
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    aliases: frozenset[str] = frozenset(),
) -> Sequence | None:
    """A sequence of regions whose rows are the images of a folder, in order.

    Args:
        source: receives problems.
        name: of the sequence.
        regions: one per frame, 0-based.
        annotation: the file, for messages.
        images: folder of the images; absent or empty: the sequence has no frames.
        origin: what the file adds to 0-based coordinates.
        tags: per frame.
        size: (width, height) of the images; None: as the first image's header says.
        fps: frames per second.
        aliases: as in `Sequence`.

    Returns:
        None where a problem was reported.
    """
    fits, frames = _frames(source, images, len(regions), annotation)
    if not fits:
        return None
    return Sequence(
        name=name,
        boxes=np.stack([bounding_box(region) for region in regions]),
        frames=frames,
        regions=regions if any(len(region) > 4 for region in regions) else None,
        origin=origin,
        tags=tags,
        image_size=image_size(frames.paths[0]) if frames and size is None else size,
        fps=fps,
        aliases=aliases,
    )


def _frames(
    source: Source, images: Path, rows: int, annotation: Path, first: int | None = None
) -> tuple[bool, ImageFrames | None]:
    """Whether the images fit the rows, and the frames; where they do not, a problem was reported."""
    before = len(source.problems.found)
    frames = frames_for_rows(images, rows, source.problems, annotation=annotation, first=first)
    return len(source.problems.found) == before, frames


def dataset_of_files(
    source: Source,
    layout: str,
    files: collections.abc.Sequence[Named],
    read: Callable[[Named], tuple[list[Sequence], list[str]]],
    *,
    named: Callable[[Named], str],
    problem: str,
    unstated: str,
) -> Dataset:
    """A data set of which each file holds sequences, whatever it is called; what is wrong with one stops no other.

    Args:
        source: receives problems.
        layout: name of the layout.
        files: what `read` takes, in order.
        read: the sequences of one, and what should be known of them.
        named: the name of one, for problems.
        problem: what it is called if one cannot be read.
        unstated: why nothing says that coordinates are other than 0-based, for the note that says so.
    """
    sequences: list[Sequence] = []
    notes: list[str] = []
    for file in files:
        try:
            found, remarks = read(file)
        except InputError as error:
            source.problems.report(problem, named(file), str(error))
            continue
        sequences += found
        notes += remarks
    if source.origin is None and sequences:
        notes.insert(0, f"coordinates taken as 0-based, for {unstated}")
    return Dataset(source.dataset or name_from_path(source.path), tuple(sequences), layout, tuple(notes))
