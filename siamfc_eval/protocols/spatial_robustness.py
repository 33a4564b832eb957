"""OTB's spatial robustness evaluation (SRE): the same run from shifted and scaled initial boxes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.regions import Box
from siamfc_eval.protocols.commands import Steps
from siamfc_eval.protocols.initial import initial_region
from siamfc_eval.protocols.span import span_of_boxes

SHIFTS: dict[str, tuple[int, int]] = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
CORNERS: dict[str, tuple[int, int]] = {
    "topLeft": (-1, -1),
    "topRight": (1, -1),
    "bottomLeft": (-1, 1),
    "bottomRight": (1, 1),
}
SCALES: dict[str, float] = {"scale_8": 0.8, "scale_9": 0.9, "scale_11": 1.1, "scale_12": 1.2}
VARIANTS: tuple[str, ...] = (*SHIFTS, *CORNERS, *SCALES)
"""The toolkit's own names, in its order."""


def sre_boxes(box: ArrayLike, image_size: tuple[int, int] | None = None) -> dict[str, Box]:
    """The initial boxes of SRE.

    Four shifts by ceil(0.1 w) or ceil(0.1 h); four extensions of a corner by 0.1 (w, h), the opposite corner fixed;
    four scales about the centre. Edges and sizes are then rounded to whole pixels, half away from zero; a box that
    begins before the image is moved to its first pixel, and one that ends beyond the image is cut there.

    Args:
        box: shape (4,): x, y, w, h, 0-based pixels.
        image_size: (width, height); None: boxes are not cut at the right and bottom edge.

    Returns:
        Variant -> shape (4,): x, y, w, h, 0-based pixels; in the order of `VARIANTS`.

    Source: `main_running.m` and `shiftInitBB` of the OTB toolkit; equal to the 12 boxes of each sequence in IVT's
    published SRE results.
    """
    x, y, width, height = (float(value) for value in np.asarray(box, dtype=np.float64))
    left, top = x + 1, y + 1  # The toolkit counts pixels from 1, and halves are rounded away from its zero.
    boxes = {}
    for name, (right_ward, down_ward) in SHIFTS.items():
        moved = (left + right_ward * math.ceil(0.1 * width), top + down_ward * math.ceil(0.1 * height))
        boxes[name] = _whole_pixels(*moved, width, height, image_size)
    for name, (right_ward, down_ward) in CORNERS.items():
        first_x, first_y = left - 0.1 * width * (right_ward < 0), top - 0.1 * height * (down_ward < 0)
        last_x = left + width - 1 + 0.1 * width * (right_ward > 0)
        last_y = top + height - 1 + 0.1 * height * (down_ward > 0)
        size = (_rounded(last_x) - _rounded(first_x) + 1, _rounded(last_y) - _rounded(first_y) + 1)
        boxes[name] = _whole_pixels(first_x, first_y, *size, image_size)
    for name, scale in SCALES.items():
        new_width, new_height = scale * width, scale * height
        corner = (left + width / 2 - new_width / 2, top + height / 2 - new_height / 2)
        boxes[name] = _whole_pixels(*corner, new_width, new_height, image_size)
    return boxes


def _rounded(value: float) -> float:
    return math.copysign(math.floor(abs(value) + 0.5), value)


def _whole_pixels(left: float, top: float, width: float, height: float, image_size: tuple[int, int] | None) -> Box:
    """A box in 1-based pixels, rounded, brought into the image and made 0-based."""
    left, top = max(_rounded(left), 1.0), max(_rounded(top), 1.0)
    width, height = _rounded(width), _rounded(height)
    if image_size is not None:
        width, height = min(width, image_size[0] - left + 1), min(height, image_size[1] - top + 1)
    return np.array([left - 1, top - 1, width, height])


def sre(sequence: Sequence, variant: str) -> Steps:
    """One of the 12 runs: one pass from a shifted or scaled box, which is also the trajectory's first entry."""
    region = sre_boxes(initial_region(sequence, 0), sequence.image_size)[variant]
    return (yield from span_of_boxes(range(len(sequence)), region))
