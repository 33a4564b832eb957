"""Where a tracker may start."""

from __future__ import annotations

import math

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region, bounding_box


def is_annotated(region: Region) -> bool:
    """True if a ground-truth region is a target: every value finite and an area above zero."""
    values = [float(value) for value in region]  # called for every frame; for four numbers an array only costs time
    if not all(map(math.isfinite, values)):
        return False
    if len(values) == 4:
        return values[2] > 0 and values[3] > 0
    columns, rows = values[::2], values[1::2]
    return max(columns) > min(columns) and max(rows) > min(rows)


def is_visible(region: Region, image_size: tuple[int, int] | None) -> bool:
    """True if a ground-truth region is a target of which some part may be inside the image.

    Args:
        region: 0-based pixels.
        image_size: (width, height); None: not known, so nothing is outside.
    """
    if not is_annotated(region):
        return False
    if image_size is None:
        return True
    x, y, width, height = (float(value) for value in bounding_box(region))
    return x < image_size[0] and y < image_size[1] and x + width > 0 and y + height > 0


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
    if not is_visible(truth, sequence.image_size):
        size = " x ".join(str(side) for side in sequence.image_size or ())
        raise InputError(
            f"{where}: the ground truth {_shown(truth)} lies outside the image of {size} pixels. "
            "Correct the annotation or leave the sequence out."
        )
    return truth if polygons else bounding_box(truth)


def _shown(region: Region) -> str:
    return "[" + ", ".join(f"{value:g}" for value in region) + "]"
