"""Square crops around a target, as every Siamese tracker of the family takes them.

Coordinates. Everything outside this module is in *edge* coordinates: pixel (row i, column j) covers the square from
(j, i) to (j + 1, i + 1), so a box x, y, w, h has its centre at (x + w / 2, y + h / 2). A crop of side s around (cx, cy)
at n pixels maps the square [cx - s/2, cx + s/2] onto [0, n], with no rounding of centre or side. The centre of output
pixel j is therefore taken at cx + (j + 1/2 - n/2) s/n, which is the half-pixel rule of `cv2.resize`, and a displacement
of d pixels in the crop is one of d s/n pixels in the frame.

`crop_rounded` and `crop_pysot` are the exceptions, kept to reproduce published numbers: they cut whole pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Image
from siamfc_eval.errors import InputError

Cropping = Literal["exact", "rounded", "pysot"]
"""How a square is cut: at a fraction of a pixel (`crop_square`), or at whole pixels, as siamfc-pytorch does
(`crop_rounded`) or as pysot does (`crop_pysot`)."""

LARGEST_PATCH = 4096
"""Side in pixels above which a whole-pixel square is not cut out first: it would take 50 MB and more."""


def context_side(size: NDArray[np.float64], context: float = 0.5) -> float:
    """Side of the square that holds a target and its context, in pixels of the frame.

    `size` is the target's, shape (2,): w, h. The side is sqrt((w + p)(h + p)) with p = context * (w + h), Bertinetto et
    al. 2016, section 2.3 ("A" there is 127 squared).
    """
    width, height = float(size[0]), float(size[1])
    margin = context * (width + height)
    return math.sqrt((width + margin) * (height + margin))


def mean_colour(image: Image) -> NDArray[np.float64]:
    """Mean of each channel, shape (3,), 0-255; what a crop is filled with beyond the frame."""
    return np.array(cv2.mean(image)[:3], dtype=np.float64)


def crop_square(
    image: Image, centre: NDArray[np.float64], side: float, size: int, fill: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Cut a square out of a frame and resize it bilinearly, without copying or padding the frame.

    Args:
        image: shape (height, width, 3), uint8.
        centre: shape (2,): x, y in edge coordinates; may lie outside of the frame.
        side: side of the square in pixels of the frame, positive.
        size: side of the result in pixels.
        fill: shape (3,): colour beyond the frame's border.

    Returns:
        Shape (size, size, 3), uint8.

    Raises:
        InputError: the image is not RGB uint8.
    """
    check_image(image)
    step = side / size
    # OpenCV counts from pixel centres: index = edge coordinate - 1/2.
    first = centre - 0.5 - 0.5 * step * (size - 1)
    inverse = np.array([[step, 0.0, first[0]], [0.0, step, first[1]]])
    cropped = cv2.warpAffine(
        image,
        inverse,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(float(fill[0]), float(fill[1]), float(fill[2])),
    )
    return np.asarray(cropped, dtype=np.uint8)


def crop_rounded(
    image: Image, centre: NDArray[np.float64], side: float, size: int, fill: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Cut a square of whole pixels and resize it bilinearly: `crop_and_resize` of siamfc-pytorch, to the byte.

    The side is rounded to whole pixels, then the corner is, and the patch is enlarged without a look at its neighbours;
    so the middle of the crop is up to half a pixel of the frame away from `centre`.

    Args:
        image, centre, side, size, fill: as `crop_square` takes them.

    Returns:
        Shape (size, size, 3), uint8.

    Raises:
        InputError: the image is not RGB uint8.
    """
    check_image(image)
    whole = max(1, round(side))
    # siamfc-pytorch counts from pixel centres: round(index - (whole - 1) / 2), and index = edge coordinate - 1/2.
    left, top = (int(corner) for corner in np.round(centre - whole / 2))
    if whole > LARGEST_PATCH:
        return crop_square(image, np.array([left + whole / 2, top + whole / 2]), float(whole), size, fill)
    return _resized(_whole_pixels(image, left, top, whole, np.rint(fill)), size)


def crop_pysot(
    image: Image, centre: NDArray[np.float64], side: float, size: int, fill: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Cut a square of whole pixels and resize it bilinearly: `get_subwindow` of pysot, to the byte.

    Differs from `crop_rounded` in three things: the centre x + w/2 is taken for the index of a pixel (as pysot's
    tools/test.py starts and reports targets), so the crop lies half a pixel further to the lower right; corners are
    rounded down; the mean colour is cut to whole values instead of rounded.

    Args:
        image, centre, side, size, fill: as `crop_square` takes them.

    Returns:
        Shape (size, size, 3), uint8.

    Raises:
        InputError: the image is not RGB uint8.
    """
    check_image(image)
    whole = max(1, round(side))
    left, top = (int(corner) for corner in np.floor(centre - (whole + 1) / 2 + 0.5))
    if whole > LARGEST_PATCH:
        return crop_square(image, np.array([left + whole / 2, top + whole / 2]), float(whole), size, fill)
    # A mean that is a whole number may come out a last bit below it.
    return _resized(_whole_pixels(image, left, top, whole, np.floor(fill + 1e-9)), size)


def _whole_pixels(image: Image, left: int, top: int, whole: int, fill: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The square of this side whose first pixel is (left, top), filled beyond the frame."""
    height, width = image.shape[:2]
    patch = np.empty((whole, whole, 3), dtype=np.uint8)
    patch[:] = fill
    x0, x1 = max(left, 0), min(left + whole, width)
    y0, y1 = max(top, 0), min(top + whole, height)
    if x0 < x1 and y0 < y1:
        patch[y0 - top : y1 - top, x0 - left : x1 - left] = image[y0:y1, x0:x1]
    return patch


def _resized(patch: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


CROPPERS: Mapping[Cropping, Callable[..., NDArray[np.uint8]]] = {
    "exact": crop_square,
    "rounded": crop_rounded,
    "pysot": crop_pysot,
}
"""What cuts a square out of a frame, by how."""


def check_image(image: Image) -> None:
    """Refuse pixels that no tracker of the family takes.

    Raises:
        InputError: the image is not RGB uint8 of shape (height, width, 3).
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(
            f"a frame has shape {image.shape} and type {image.dtype}; trackers take RGB uint8 of shape "
            "(height, width, 3). siamfc_eval.datasets.frames.read_image converts grey, alpha and 16 bits."
        )
