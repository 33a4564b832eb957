"""Changes of content between the two crops of a pair: another background, distractors, occluders, bending."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Image
from siamfc_eval.geometry.regions import Box
from siamfc_eval.training.data.views import Matrix

Mask = NDArray[np.float32]
"""Shape (h, w): 1 inside the target, 0 outside, soft at the border."""


def blob_mask(box: Box, matrix: Matrix, size: int, power: float, margin: float) -> Mask:
    """A super-ellipse around a target, drawn in crop pixels.

    Args:
        box: x, y, w, h of the target in the source image.
        matrix: source to crop pixels (a similarity with stretch: its inverse is taken here).
        size: side of the crop.
        power: 2 is an ellipse, large is a rectangle.
        margin: factor on the half axes; 1 touches the box.
    """
    x, y, width, height = box
    inverse = np.linalg.inv(matrix[:, :2]).astype(np.float32)
    offset = -inverse @ matrix[:, 2].astype(np.float32)
    grid = np.arange(size, dtype=np.float32)
    half_width, half_height = np.float32(width / 2.0 * margin), np.float32(height / 2.0 * margin)
    shift_x = offset[0] - np.float32(x + width / 2.0 - 0.5)
    shift_y = offset[1] - np.float32(y + height / 2.0 - 0.5)
    across = (inverse[0, 0] * grid[None, :] + (inverse[0, 1] * grid[:, None] + shift_x)) / half_width
    down = (inverse[1, 0] * grid[None, :] + (inverse[1, 1] * grid[:, None] + shift_y)) / half_height
    distance = np.abs(across) ** np.float32(power) + np.abs(down) ** np.float32(power)
    return np.asarray(np.clip((1.15 - distance) / 0.3, 0.0, 1.0), dtype=np.float32)


def blend(front: Image, back: Image, mask: Mask) -> Image:
    """`front` where the mask is 1, `back` where it is 0."""
    share = mask[..., None]
    return np.asarray(back + (front.astype(np.float32) - back) * share + 0.5, dtype=np.uint8)


def bend(image: Image, amplitude: float, rng: np.random.Generator) -> Image:
    """The crop under a smooth random displacement, as a body that moves its limbs.

    Args:
        image: shape (s, s, 3).
        amplitude: standard deviation of the displacement in pixels at the knots, about s / 8 apart.
        rng: the source of chance.
    """
    import cv2

    size = image.shape[0]
    knots = rng.normal(0.0, amplitude, size=(9, 9, 2)).astype(np.float32)
    field = cv2.resize(knots, (size, size), interpolation=cv2.INTER_CUBIC)
    grid = np.arange(size, dtype=np.float32)
    return np.asarray(
        cv2.remap(
            image,
            field[..., 0] + grid[None, :],
            field[..., 1] + grid[:, None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        dtype=np.uint8,
    )


def patch_over(image: Image, patch: Image, centre: tuple[float, float], power: float) -> Image:
    """A patch laid over a crop within a soft super-ellipse, clipped at the crop's border.

    Args:
        image: shape (s, s, 3); not changed.
        patch: shape (h, w, 3).
        centre: x, y in crop pixels where the patch's centre goes.
        power: form of the ellipse, as in `blob_mask`.
    """
    height, width = patch.shape[:2]
    left, top = round(centre[0] - width / 2.0), round(centre[1] - height / 2.0)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + width, image.shape[1]), min(top + height, image.shape[0])
    if x1 <= x0 or y1 <= y0:
        return image
    across = np.abs(np.linspace(-1.0, 1.0, width, dtype=np.float32)) ** power
    down = np.abs(np.linspace(-1.0, 1.0, height, dtype=np.float32)) ** power
    mask: Mask = np.clip((1.0 - across[None, :] - down[:, None]) / 0.25, 0.0, 1.0).astype(np.float32)
    inner = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
    result = image.copy()
    result[y0:y1, x0:x1] = blend(patch[inner], image[y0:y1, x0:x1], mask[inner])
    return result
