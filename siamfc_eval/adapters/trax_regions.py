"""Regions and images of the `trax` package and ours, converted at the wire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image, image_frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import Region, bounding_box, is_polygon


def to_trax(region: Region, kinds: list[str]) -> Any:
    """A region as a `trax.Region` of a kind that the other side understands.

    Args:
        region: ours, x, y, w, h or polygon, 0-based pixels; TraX uses the same origin.
        kinds: region formats that the other side declared, e.g. ["rectangle", "polygon"].

    Returns:
        A polygon where the region is one and polygons are understood, else the bounding rectangle, else a polygon of
        the rectangle's corners, else a filled mask.

    Raises:
        TrackerError: none of the kinds can carry a region.
    """
    import trax

    if is_polygon(region) and "polygon" in kinds:
        return trax.Polygon.create([(float(x), float(y)) for x, y in region.reshape(-1, 2)])
    x, y, w, h = (float(value) for value in bounding_box(region))
    if "rectangle" in kinds:
        return trax.Rectangle.create(x, y, w, h)
    if "polygon" in kinds:
        return trax.Polygon.create([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
    if "mask" in kinds:
        return _filled_mask(region)
    raise TrackerError(
        f"the tracker understands the region formats {kinds or 'none'}; a rectangle, a polygon or a mask is needed"
    )


def from_trax(region: Any) -> Region:
    """A `trax.Region` as ours; a mask becomes its bounding box, a special region NaN (no answer)."""
    import trax

    if isinstance(region, trax.Rectangle):
        return np.array(region.bounds(), dtype=np.float64)
    if isinstance(region, trax.Polygon):
        return np.array([value for point in region for value in point], dtype=np.float64)
    if isinstance(region, trax.Mask):
        rows, columns = np.nonzero(region.array())
        if rows.size == 0:
            return np.full(4, np.nan)
        x, y = region.offset()
        low_x, low_y = columns.min(), rows.min()
        box = [x + low_x, y + low_y, columns.max() - low_x + 1, rows.max() - low_y + 1]
        return np.array(box, dtype=np.float64)
    return np.full(4, np.nan)


def to_trax_image(frame: Frame, formats: list[str], scratch: Path) -> Any:
    """A frame as a `trax.Image` in a format that the tracker reads.

    Args:
        frame: with a path, or with pixels only.
        formats: image formats that the tracker declared.
        scratch: folder for a file, used where the tracker reads paths only and the frame has none.
    """
    import trax

    if frame.path is not None and "path" in formats:
        path = frame.path
        return trax.FileImage.create(str(path if path.is_absolute() else path.absolute()))
    import cv2

    pixels = frame.pixels
    # Memory comes last: a server on libtrax 4.0.2 writes one byte past the end of a raw image that it is sent.
    if "path" in formats or "buffer" in formats:
        encoded = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
        if "path" not in formats:
            return trax.BufferImage.create(encoded)
        file = scratch / "frame.png"
        file.write_bytes(encoded)
        return trax.FileImage.create(str(file))
    if "memory" in formats:
        return trax.MemoryImage.create(np.ascontiguousarray(pixels))
    raise TrackerError(f"the tracker reads the image formats {formats or 'none'}; path, buffer or memory is needed")


def from_trax_image(image: Any) -> Frame:
    """A `trax.Image` as a frame.

    Raises:
        InputError: a kind of image that cannot be read, such as an address.
    """
    kind = image.type()
    if kind == "path":
        return image_frame(Path(image.path()))
    if kind == "memory":
        return raw_frame(image.array())
    if kind == "buffer":
        data = image.buffer()
        return Frame(None, lambda: _decode(data))
    raise InputError(f"the client sent an image as '{kind}'; path, memory and buffer are understood")


def raw_frame(array: Any) -> Frame:
    """Raw pixels as a frame.

    Args:
        array: shape (height, width[, channels]), uint8 or uint16; gray or RGB.
    """
    pixels = _rgb(array)
    return Frame(None, lambda: pixels)


def _rgb(array: Any) -> Image:
    pixels = np.asarray(array)
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels[..., :3])


def _decode(data: bytes) -> Image:
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise InputError(f"the client sent an image of {len(data)} bytes that cannot be decoded")
    return np.asarray(pixels, dtype=np.uint8)


def _filled_mask(region: Region) -> Any:
    import cv2
    import trax

    x, y, w, h = bounding_box(region)
    left, top = int(np.floor(x)), int(np.floor(y))
    mask = np.zeros((max(1, int(np.ceil(y + h)) - top), max(1, int(np.ceil(x + w)) - left)), dtype=np.uint8)
    corners = region if is_polygon(region) else np.array([x, y, x + w - 1, y, x + w - 1, y + h - 1, x, y + h - 1])
    points = np.round(corners.reshape(-1, 2) - (left, top)).astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return trax.Mask.create(mask, left, top)
