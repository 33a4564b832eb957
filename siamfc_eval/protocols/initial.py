"""Where a tracker may start."""

from __future__ import annotations

import numpy as np

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region, bounding_box


def is_annotated(region: Region) -> bool:
    """True if a ground-truth region is a target: every value finite and an area above zero."""
    if not np.isfinite(region).all():
        return False
    _, _, width, height = bounding_box(region)
    return bool(width > 0 and height > 0)


def initial_region(sequence: Sequence, frame: int, polygons: bool = False) -> Region:
    """The region with which a tracker is initialised on a frame.

    Args:
        sequence: the sequence, of which only annotations and the image size are looked at.
        frame: 0-based.
        polygons: the tracker takes polygons; else it is given the axis-aligned bounding box of the ground truth.

    Returns:
        Shape (4,), or (2k,) for a polygon; 0-based pixels.

    Raises:
        InputError: the ground truth of this frame is NaN, has no area, or lies wholly outside the image.
    """
    truth = sequence.ground_truth[frame]
    where = f"sequence '{sequence.name}', frame {frame + 1} of {len(sequence)}"
    if not is_annotated(truth):
        raise InputError(
            f"{where}: a tracker cannot be initialised with the ground truth {_shown(truth)}: expected finite values "
            "and an area above zero. Correct the annotation or leave the sequence out."
        )
    x, y, width, height = box = bounding_box(truth)
    if sequence.image_size is not None:
        columns, rows = sequence.image_size
        if x >= columns or y >= rows or x + width <= 0 or y + height <= 0:
            raise InputError(
                f"{where}: the ground truth {_shown(truth)} lies outside the image of {columns} x {rows} pixels. "
                "Correct the annotation or leave the sequence out."
            )
    return truth if polygons else box


def _shown(region: Region) -> str:
    return "[" + ", ".join(f"{value:g}" for value in region) + "]"
