"""Answers, ground truth and response maps, drawn onto frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Image
from siamfc_eval.geometry.regions import Region, is_polygon

Colour = tuple[int, int, int]
"""Blue, green, red, as OpenCV draws and writes."""

_OPACITY = 0.55
"""Of a response map over a frame."""
GREEN, RED, WHITE, BLACK = (80, 220, 60), (60, 60, 230), (255, 255, 255), (0, 0, 0)


def annotate(
    image: Image, region: Region, label: str, response: NDArray[np.float32] | None = None, *, initial: bool = False
) -> NDArray[np.uint8]:
    """Draw an answer onto a frame.

    Args:
        image: shape (height, width, 3), RGB.
        region: box or polygon, 0-based pixels; NaN draws nothing.
        label: text for the upper left corner.
        response: a map for the lower right corner; None: none.
        initial: the region was given and not found; drawn in another colour.

    Returns:
        Shape (height, width, 3), BGR as OpenCV shows and writes it.
    """
    canvas = np.ascontiguousarray(image[..., ::-1])
    if response is not None:
        _inset(canvas, response)
    outline(canvas, region, RED if initial else GREEN)
    write(canvas, label)
    return canvas


def outline(canvas: NDArray[np.uint8], region: Region, colour: Colour, scale: float = 1.0) -> None:
    """Draw the outline of a region onto an image.

    Args:
        canvas: shape (height, width, 3), BGR, contiguous; drawn on.
        region: box or polygon, 0-based pixels of the frame; NaN draws nothing.
        colour: of the line.
        scale: pixels of the canvas for each pixel of the frame.
    """
    import cv2

    if not np.isfinite(region).all():
        return
    x, y, w, h = (float(value) for value in region[:4])
    corners = region if is_polygon(region) else np.array([x, y, x + w, y, x + w, y + h, x, y + h])
    # Far outside the image a box need not be exact, and OpenCV's integers have an end.
    points = np.clip(np.round(scale * corners.reshape(-1, 2)), -30000, 30000).astype(np.int32)
    cv2.polylines(canvas, [points], True, colour, _thickness(canvas), cv2.LINE_AA)


def write(canvas: NDArray[np.uint8], text: str, line: int = 0, colour: Colour = WHITE) -> None:
    """Write a line of text into the upper left corner, with a dark rim so that it is legible on anything.

    Args:
        canvas: as for `outline`.
        text: ASCII; OpenCV's font has question marks for the rest.
        line: which line, 0 for the uppermost.
        colour: of the letters.
    """
    import cv2

    thickness = _thickness(canvas)
    place, scale = (6, (8 + 12 * thickness) * (line + 1)), 0.45 * thickness
    for ink, extra in ((BLACK, 2), (colour, 0)):
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thickness + extra, cv2.LINE_AA)


def blue_green_red(colour: str) -> Colour:
    """A colour of the form #RRGGBB as OpenCV takes it."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return blue, green, red


def _thickness(canvas: NDArray[np.uint8]) -> int:
    height, width = canvas.shape[:2]
    return max(1, round(int(max(height, width)) / 320))


def _inset(canvas: NDArray[np.uint8], response: NDArray[np.float32]) -> None:
    import cv2

    side = max(16, min(canvas.shape[:2]) // 4)
    low, high = float(np.nanmin(response)), float(np.nanmax(response))
    scaled = np.nan_to_num((response - low) / max(high - low, 1e-12)) * 255.0
    picture = coloured(scaled.astype(np.uint8))
    canvas[-side:, -side:] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)[: canvas.shape[0]]


def coloured(steps: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Steps from 0 to 255 in viridis, which colour-blind people and grey prints show in the same order.

    Args:
        steps: shape (rows, columns).

    Returns:
        Shape (rows, columns, 3), BGR.
    """
    import cv2

    return np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS), dtype=np.uint8)


def lay_over(canvas: NDArray[np.uint8], steps: NDArray[np.uint8], covered: NDArray[np.float32], scale: float) -> None:
    """Draw a response map over what it covers, half transparent; into the corner where that is not known.

    Args:
        canvas: as for `outline`.
        steps: shape (rows, columns), 0 the lowest value.
        covered: shape (4,): x, y, w, h in pixels of the frame.
        scale: pixels of the canvas for each pixel of the frame.
    """
    import cv2

    if not np.isfinite(covered).all():
        _inset(canvas, steps.astype(np.float32))
        return
    left, top, right, bottom = np.clip(
        np.round(scale * np.concatenate([covered[:2], covered[:2] + covered[2:]])), -30000, 30000
    ).astype(int)
    height, width = canvas.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if x0 >= x1 or y0 >= y1:
        return
    # Only what is in the picture is made: a map may cover far more.
    step = steps.shape[1] / (right - left), steps.shape[0] / (bottom - top)
    place = np.array(
        [[step[0], 0.0, (x0 - left + 0.5) * step[0] - 0.5], [0.0, step[1], (y0 - top + 0.5) * step[1] - 0.5]]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    enlarged = cv2.warpAffine(steps, place, (x1 - x0, y1 - y0), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    part = canvas[y0:y1, x0:x1]
    part[:] = cv2.addWeighted(part, 1.0 - _OPACITY, coloured(np.asarray(enlarged, dtype=np.uint8)), _OPACITY, 0.0)
