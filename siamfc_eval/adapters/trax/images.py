"""Images as TraX writes them, and frames.

file:///folder/00000001.jpg      path; without a scheme, as in version 1, too
image:WIDTH;HEIGHT;rgb;BASE64    memory: raw pixels, row by row; also gray8 and gray16
data:image/png;BASE64            buffer: an encoded image
http://...                       url
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.adapters.trax.messages import quoted
from siamfc_eval.datasets.frames import Frame, Image, image_frame
from siamfc_eval.errors import InputError, TrackerError

IMAGES = ("path", "memory", "buffer")
"""Image formats that are read here."""

CHANNELS = ("color", "depth", "ir")
"""Image channels of the protocol, in the order in which their images travel."""

_SCHEME = re.compile(r"([a-z+.-]{1,15}):(.*)", re.DOTALL)
_RAW = re.compile(r"([0-9]{1,6});([0-9]{1,6});([^;]{1,16});(.*)", re.DOTALL)
_ENCODED = re.compile(r"[^;,]{0,64};(?:base64[;,])?(.*)", re.DOTALL)
_RAW_FORMATS: dict[str, tuple[str, int]] = {"rgb": ("u1", 3), "gray8": ("u1", 1), "gray16": ("<u2", 1)}
"""TraX's name -> type of a value, values of a pixel."""


def format_image(frame: Frame, formats: Collection[str], scratch: Path) -> str:
    """A frame for the wire, in a format that the tracker reads.

    Args:
        frame: with a path, or with pixels only.
        formats: image formats that the tracker declared.
        scratch: folder for a file, used where the tracker reads paths only and the frame has none.

    Raises:
        TrackerError: none of the formats can be sent.
    """
    path = frame.path
    if path is not None and "path" in formats:
        return "file://" + str(path if path.is_absolute() else path.absolute())
    import cv2

    # Memory comes last: a server on libtrax 4.0.2 writes one byte past the end of a raw image that it is sent.
    if "path" in formats or "buffer" in formats:
        encoded = cv2.imencode(".png", cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
        if "path" not in formats:
            return "data:image/png;" + base64.b64encode(encoded).decode()
        file = scratch / "frame.png"
        file.write_bytes(encoded)
        return f"file://{file}"
    if "memory" in formats:
        height, width = frame.pixels.shape[:2]
        return f"image:{width};{height};rgb;" + base64.b64encode(frame.pixels.tobytes()).decode()
    raise TrackerError(
        f"the tracker reads the image formats {', '.join(formats) or 'none'}; path, buffer or memory is needed"
    )


def parse_image(text: str) -> Frame:
    """An image of the wire as a frame.

    Raises:
        InputError: a kind of image that cannot be read, such as an address, or no image.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        return image_frame(Path(text))
    scheme, rest = found[1], found[2]
    if scheme == "file":
        return image_frame(Path(rest.removeprefix("//")))
    if scheme == "image":
        pixels = _rgb(_raw(rest))
        return Frame(None, lambda: pixels)
    if scheme == "data":
        encoded = _ENCODED.fullmatch(rest)
        data = _binary(encoded[1] if encoded else rest, "an encoded image")
        return Frame(None, lambda: _decoded(data))
    raise InputError(f"the client sent an image as an address, {quoted(text)}; path, memory and buffer are understood")


def image_path(text: str) -> str | None:
    """The path of an image of the wire; None for any other kind of image."""
    found = _SCHEME.fullmatch(text)
    if found is None:
        return text
    return found[2].removeprefix("//") if found[1] == "file" else None


def _raw(text: str) -> Any:
    """Pixels of a raw image, shape (height, width, channels), uint8 or uint16."""
    found = _RAW.fullmatch(text)
    if found is None:
        raise InputError(f"the client sent a raw image without width, height and format: {quoted('image:' + text)}")
    width, height, name = int(found[1]), int(found[2]), found[3]
    if name not in _RAW_FORMATS:
        raise InputError(f"the client sent a raw image as {quoted(name)}; {', '.join(_RAW_FORMATS)} are understood")
    kind, channels = _RAW_FORMATS[name]
    data = _binary(found[4], "a raw image")
    expected = width * height * channels * np.dtype(kind).itemsize
    if len(data) != expected or not expected:
        raise InputError(
            f"the client sent a raw image of {width} x {height} '{name}' with {len(data)} bytes; {expected} expected"
        )
    return np.frombuffer(data, dtype=kind).reshape(height, width, channels)


def _binary(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InputError(f"the client sent {what} that is not base64 ({error})") from error


def _rgb(pixels: Any) -> Image:
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels)


def _decoded(data: bytes) -> Image:
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    except cv2.error:  # more pixels than OpenCV allows
        pixels = None
    if pixels is None:
        raise InputError(f"the client sent an image of {len(data)} bytes that cannot be decoded")
    return np.asarray(pixels, dtype=np.uint8)
