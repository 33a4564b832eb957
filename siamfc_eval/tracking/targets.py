"""What a tracker knows of its target's place: a centre and a size, and how it starts from a region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Box, Region, bounding_box, is_polygon
from siamfc_eval.tracking.families.siamese.crops import check_image


def around(centre: NDArray[np.float64], width: float, height: float | None = None) -> Box:
    """The rectangle x, y, w, h with this centre; a square where no height is given."""
    size = np.array([width, width if height is None else height], dtype=np.float64)
    return np.concatenate([centre - size / 2, size])


PolygonFit = Literal["bounds", "area", "pysot"]
"""How a polygon becomes the box that a tracker starts with: its bounding box; or an axis-aligned box of the polygon's
area, the bounding box's shape and the mean of its corners as the centre; or what pysot, SiamDW, DaSiamRPN and got10k
(so siamfc-pytorch too) compute: that box with the product of two sides for the area, and a pixel more in width and
height."""


@dataclass(frozen=True, eq=False)
class Target:
    """Where a target is. Pixels of the frame, edge coordinates (see `siamfc_eval.tracking.families.siamese.crops`)."""

    centre: NDArray[np.float64]
    """Shape (2,): x, y."""
    size: NDArray[np.float64]
    """Shape (2,): width, height."""

    @property
    def box(self) -> Box:
        """Shape (4,): x, y, w, h."""
        return np.concatenate([self.centre - self.size / 2, self.size])


def start_target(frame: Frame, region: Region, polygon_fit: PolygonFit = "bounds") -> Target:
    """The target that a region marks on a tracker's first frame.

    Args:
        frame: the frame that the region is on.
        region: shape (4,) or (2k,), pixels of the frame.
        polygon_fit: how a polygon becomes a box; rectangles are taken as they are.

    Raises:
        InputError: the region is not finite, has no area or lies outside the frame, or the frame is not RGB uint8.
    """
    check_image(frame.pixels)
    values = np.asarray(region, dtype=np.float64)
    where = f"{frame.path}: " if frame.path else ""
    shown = ", ".join(f"{value:g}" for value in values.ravel())
    if values.ndim != 1 or not (values.size == 4 or (values.size >= 6 and values.size % 2 == 0)):
        raise InputError(
            f"{where}the start region has shape {values.shape}; expected x, y, w, h or a polygon's points."
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"{where}the start region ({shown}) has values that are not numbers. Start on a frame that is annotated."
        )
    box = bounding_box(values)
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(
            f"{where}the start region ({shown}) has no area: {box[2]:g} x {box[3]:g} pixels. "
            "A tracker needs a positive width and height; start on another frame or correct the annotation."
        )
    height, width = frame.pixels.shape[:2]
    if box[0] >= width or box[1] >= height or box[0] + box[2] <= 0 or box[1] + box[3] <= 0:
        raise InputError(
            f"{where}the start region ({shown}) lies outside the frame of {width} x {height} pixels, so there is "
            "nothing to learn. Start on a frame that shows the target."
        )
    if is_polygon(values) and polygon_fit != "bounds":
        return _of_area(values, box, _area(values)) if polygon_fit == "area" else _as_pysot(values, box)
    return Target(centre=box[:2] + box[2:] / 2, size=box[2:].copy())


def _area(polygon: Region) -> float:
    """Of any simple polygon."""
    points = polygon.reshape(-1, 2)
    following = np.roll(points, -1, axis=0)
    return abs(float((points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]).sum())) / 2


def _of_area(polygon: Region, box: Box, area: float) -> Target:
    """An axis-aligned box of this area around a polygon's mean corner, shaped as its bounding box."""
    if area == 0:
        return Target(centre=box[:2] + box[2:] / 2, size=box[2:].copy())
    return Target(centre=polygon.reshape(-1, 2).mean(axis=0), size=box[2:] * np.sqrt(area / (box[2] * box[3])))


def _as_pysot(polygon: Region, box: Box) -> Target:
    """`get_axis_aligned_bbox` of pysot, `_corner2rect` of got10k 0.1.3; both take four corners for a rectangle's."""
    points = polygon.reshape(-1, 2)
    area = _area(polygon)
    if len(points) == 4:
        area = float(np.linalg.norm(points[0] - points[1]) * np.linalg.norm(points[1] - points[2]))
    fitted = _of_area(polygon, box, area)
    return Target(fitted.centre, fitted.size + 1.0)
