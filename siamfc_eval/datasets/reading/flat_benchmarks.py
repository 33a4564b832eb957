"""What TColor128, DTB70, NfS, TrackingNet and UAV123 share: one box file and one image folder per sequence."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamfc_eval.datasets.layout import Source
from siamfc_eval.datasets.reading.image_folders import frames_for_rows, image_size
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.regions import Boxes


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
) -> Sequence | None:
    """A sequence of boxes whose rows are the images of a folder, in order.

    Args:
        source: told of problems; its origin overrides `origin`.
        name: of the sequence.
        published: shape (n, 4), x, y, w, h as in the file.
        annotation: the file, for messages.
        images: folder of the images; absent or empty: the sequence has no frames.
        origin: what the file adds to 0-based coordinates.
        first: number of the image of row 0, where the folder holds more than this sequence.
        sized: read the image size from the first image's header.
        fps: frames per second.
        attributes: attributes that the benchmark itself publishes.

    Returns:
        None where a problem was reported.
    """
    origin = origin if source.origin is None else source.origin
    before = len(source.problems.found)
    frames = frames_for_rows(images, len(published), source.problems, annotation=annotation, first=first)
    if len(source.problems.found) > before:
        return None
    return Sequence(
        name=name,
        boxes=published - np.array([origin, origin, 0.0, 0.0]),
        frames=frames,
        origin=origin,
        attributes={"official": attributes} if attributes else {},
        image_size=image_size(frames.paths[0]) if frames and sized else None,
        fps=fps,
    )
