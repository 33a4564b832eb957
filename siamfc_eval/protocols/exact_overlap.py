"""Overlap of two regions as areas of the plane, without pixels."""

from __future__ import annotations

import math

from siamfc_eval.geometry.regions import Region

Point = tuple[float, float]


def exact_overlap(region: Region, truth: Region) -> float:
    """Intersection over union of two areas.

    Args:
        region: a rectangle or a convex polygon, pixels.
        truth: a rectangle or any simple polygon.

    Returns:
        0 to 1; 0 where a region is not finite or has no area.
    """
    clip, shape = _corners(region), _corners(truth)
    area_a, area_b = abs(_signed_area(clip)), abs(_signed_area(shape))
    if not (math.isfinite(area_a) and math.isfinite(area_b)) or area_a <= 0 or area_b <= 0:
        return 0.0
    if _signed_area(clip) < 0:
        clip.reverse()
    for start, end in zip([clip[-1], *clip[:-1]], clip, strict=True):
        shape = _left_of(shape, start, end)
        if not shape:
            return 0.0
    shared = abs(_signed_area(shape))
    return shared / (area_a + area_b - shared)


def _corners(region: Region) -> list[Point]:
    values = [float(value) for value in region]
    if len(values) > 4:
        return list(zip(values[::2], values[1::2], strict=True))
    x, y, width, height = values
    if width <= 0 or height <= 0:
        return [(x, y)] * 4
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _signed_area(corners: list[Point]) -> float:
    total = 0.0
    x0, y0 = corners[-1]
    for x, y in corners:
        total += x0 * y - x * y0
        x0, y0 = x, y
    return total / 2


def _left_of(shape: list[Point], start: Point, end: Point) -> list[Point]:
    """The part of a polygon on the inner side of a line (one step of Sutherland and Hodgman's clipping)."""
    (x1, y1), (x2, y2) = start, end
    dx, dy = x2 - x1, y2 - y1
    kept = []
    x0, y0 = shape[-1]
    side0 = dx * (y0 - y1) - dy * (x0 - x1)
    for x, y in shape:
        side = dx * (y - y1) - dy * (x - x1)
        if (side > 0) != (side0 > 0):
            part = side0 / (side0 - side)
            kept.append((x0 + part * (x - x0), y0 + part * (y - y0)))
        if side > 0:
            kept.append((x, y))
        x0, y0, side0 = x, y, side
    return kept
