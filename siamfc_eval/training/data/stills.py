"""Targets in photographs that carry no boxes: windows that stand out from what surrounds them."""

from __future__ import annotations

import numpy as np

from siamfc_eval.datasets.frames import Image
from siamfc_eval.geometry.regions import Box


def salient_window(
    image: Image,
    rng: np.random.Generator,
    smallest: float = 20.0,
    largest: float = 0.5,
    aspect: float = 0.45,
    *,
    candidates: int = 8,
) -> Box:
    """A window that could be a target: textured, and of other colours than its surroundings.

    Several random windows compete; the chance of each grows with how much its mean colour differs from the ring around
    it and with its own contrast, so that plain sky is rarely a target.

    Args:
        image: shape (h, w, 3).
        rng: the source of chance.
        smallest: smallest side of a square of the window's area, pixels.
        largest: the same at most, as a share of the image's shorter side.
        aspect: standard deviation of the logarithm of width over height.
        candidates: how many windows compete.

    Returns:
        Shape (4,): x, y, w, h, inside the image.
    """
    import cv2

    height, width = image.shape[:2]
    reduce = 4
    small = cv2.resize(image, (max(width // reduce, 8), max(height // reduce, 8)), interpolation=cv2.INTER_AREA)
    rows, columns = small.shape[:2]
    sums, squares = cv2.integral2(small, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)

    upper = max(largest * min(height, width), smallest * 1.01)
    sides = np.exp(rng.uniform(np.log(smallest), np.log(upper), candidates))
    aspects = np.exp(rng.normal(0.0, aspect, candidates))
    widths = np.minimum(sides * np.sqrt(aspects), width * 0.9)
    heights = np.minimum(sides / np.sqrt(aspects), height * 0.9)
    lefts = rng.uniform(0.0, width - widths)
    tops = rng.uniform(0.0, height - heights)

    def total(table: np.ndarray, grow: float) -> tuple[np.ndarray, np.ndarray]:
        scale_x, scale_y = columns / width, rows / height
        x0 = np.clip(np.floor((lefts - grow * widths) * scale_x), 0, columns - 1).astype(int)
        y0 = np.clip(np.floor((tops - grow * heights) * scale_y), 0, rows - 1).astype(int)
        x1 = np.clip(np.ceil((lefts + (1.0 + grow) * widths) * scale_x), x0 + 1, columns).astype(int)
        y1 = np.clip(np.ceil((tops + (1.0 + grow) * heights) * scale_y), y0 + 1, rows).astype(int)
        return table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0], ((x1 - x0) * (y1 - y0))[:, None]

    inner, inner_area = total(sums, 0.0)
    outer, outer_area = total(sums, 0.4)
    mean = inner / inner_area
    around = (outer - inner) / np.maximum(outer_area - inner_area, 1)
    variance = np.maximum(total(squares, 0.0)[0] / inner_area - mean**2, 0.0).mean(axis=1)
    score = np.abs(mean - around).mean(axis=1) + 0.7 * np.sqrt(variance) + 2.0
    chosen = int(rng.choice(candidates, p=score**2 / (score**2).sum()))
    return np.array([lefts[chosen], tops[chosen], widths[chosen], heights[chosen]], dtype=np.float64)
