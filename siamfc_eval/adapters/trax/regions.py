"""Regions as TraX writes them, and ours. The origin is the same, the centre of the first pixel at 0.

x,y,w,h                 rectangle
x0,y0,x1,y1,x2,y2,...   polygon
mask:x,y,w,h,n0,n1,...  mask of w x h pixels at (x, y); runs of pixels outside and inside in turn, row by row
code                    no region, for a reason
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection

import numpy as np

from siamfc_eval.adapters.trax.messages import ProtocolError, quoted
from siamfc_eval.errors import TrackerError
from siamfc_eval.geometry.regions import Region, bounding_box, is_polygon

REGIONS = ("rectangle", "polygon", "mask")
"""Region formats of the protocol."""

_MOST_NUMBERS = 20_000
_MOST_RUNS = 1 << 20
_LARGEST_SIDE = 1 << 20
_LARGEST = float(np.finfo(np.float32).max)
_LARGEST_AREA = 1 << 28
_NUMBERS = re.compile(r"[-+.0-9eEnaNAifIFty, \t]*")
_INTEGER = re.compile(r"[ \t]*[-+]?[0-9]{1,12}[ \t]*")


def parse_region(text: str) -> Region:
    """A region of the wire as ours.

    Numbers have single precision, as in every other implementation.

    Returns:
        Shape (4,) or (2k,), pixels. A mask becomes its bounding box. NaN, shape (4,), where the other side says that
        there is no region: a code, numbers that are all NaN, a mask without a pixel.

    Raises:
        ProtocolError: no region.
    """
    if text.startswith("m"):
        return _mask_box(text)
    words = text.split(",", _MOST_NUMBERS)
    if len(words) > _MOST_NUMBERS:
        raise ProtocolError(f"a region of more than {_MOST_NUMBERS} numbers: {quoted(text)}")
    count = len(words)
    if count not in {1, 4} and (count < 6 or count % 2):
        raise ProtocolError(f"{count} numbers in the region {quoted(text)}; 4, or an even count from 6 on, expected")
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if not numbers or _NUMBERS.fullmatch(text) is None:
        raise ProtocolError(f"the region {quoted(text)} does not consist of numbers")
    if all(map(_is_finite, numbers)):
        return np.full(4, np.nan) if count == 1 else np.array(numbers, dtype=np.float32).astype(np.float64)
    coded = count == 4 and math.isnan(numbers[0]) and _is_finite(numbers[3])  # as it was in the first version
    if coded or all(map(math.isnan, numbers)):
        return np.full(4, np.nan)
    raise ProtocolError(f"the region {quoted(text)} is not finite")


def format_region(region: Region, kinds: Collection[str]) -> str:
    """A region of ours for the wire, in a format that the other side understands.

    Args:
        region: x, y, w, h or polygon, 0-based pixels.
        kinds: region formats that the other side declared, e.g. ("rectangle", "polygon").

    Returns:
        A polygon where the region is one and polygons are understood, else the bounding rectangle, else a polygon of
        the rectangle's corners, else a filled mask.

    Raises:
        TrackerError: none of the formats can carry a region.
    """
    if is_polygon(region) and "polygon" in kinds:
        return _numbers(region)
    if "rectangle" in kinds:
        return _numbers(bounding_box(region))
    if "polygon" in kinds:
        x, y, w, h = bounding_box(region)
        return _numbers(np.array([x, y, x + w, y, x + w, y + h, x, y + h]))
    if "mask" in kinds:
        return _filled_mask(region)
    raise TrackerError(
        f"the tracker understands the region formats {', '.join(kinds) or 'none'}; a rectangle, a polygon or a mask is "
        "needed"
    )


def _numbers(region: Region) -> str:
    return ",".join([f"{value:.4f}" for value in region.tolist()])


def _is_finite(number: float) -> bool:
    return -_LARGEST <= number <= _LARGEST


def _mask_box(text: str) -> Region:
    """The bounding box of a mask, found from its runs: a mask of any size takes no memory."""
    words = text.removeprefix("mask:" if text.startswith("mask:") else "m").split(",", _MOST_RUNS + 4)
    if len(words) > _MOST_RUNS + 4:
        raise ProtocolError(f"a mask of more than {_MOST_RUNS} runs: {quoted(text)}")
    if len(words) < 4 or any(_INTEGER.fullmatch(word) is None for word in words):
        raise ProtocolError(f"the mask {quoted(text)} does not consist of four or more whole numbers")
    x, y, width, height = (int(word) for word in words[:4])
    if not (0 <= width <= _LARGEST_SIDE and 0 <= height <= _LARGEST_SIDE) or max(abs(x), abs(y)) >= 1 << 31:
        raise ProtocolError(f"the mask {quoted(text)} has an impossible place or size")
    runs = np.array([int(word) for word in words[4:]], dtype=np.int64)
    if runs.size and (runs.min() < 0 or runs.max() > width * height or runs.sum() > width * height):
        raise ProtocolError(f"the runs of the mask {quoted(text)} do not fit into its {width} x {height} pixels")
    ends = np.cumsum(runs)
    inside = np.flatnonzero(runs[1::2]) * 2 + 1
    if inside.size == 0:
        return np.full(4, np.nan)
    first, last = ends[inside] - runs[inside], ends[inside] - 1
    top, bottom = int(first[0]) // width, int(last[-1]) // width
    if (first // width != last // width).any():  # a run that goes on in the next row touches both sides
        left, right = 0, width - 1
    else:
        left, right = int((first % width).min()), int((last % width).max())
    return np.array([x + left, y + top, right - left + 1, bottom - top + 1], dtype=np.float64)


def _filled_mask(region: Region) -> str:
    import cv2

    x, y, w, h = bounding_box(region)
    left, top = int(np.floor(x)), int(np.floor(y))
    width, height = max(1, int(np.ceil(x + w)) - left), max(1, int(np.ceil(y + h)) - top)
    if width * height > _LARGEST_AREA:
        raise TrackerError(f"a region of {width} x {height} pixels is too large to be sent as a mask")
    mask = np.zeros((height, width), dtype=np.uint8)
    corners = region if is_polygon(region) else np.array([x, y, x + w - 1, y, x + w - 1, y + h - 1, x, y + h - 1])
    points = np.round(corners.reshape(-1, 2) - (left, top)).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], mask.ravel(), [0]])))
    runs = np.diff(np.concatenate([[0], changes]))
    return ",".join(["mask:" + str(left), *map(str, (top, width, height, *runs.tolist()))])
