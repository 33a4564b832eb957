"""Anchors of a region-proposal network: where they are, and boxes from offsets to them.

Boxes here are (cx, cy, w, h) in crop pixels relative to the search crop's centre. With r cells of stride t, cell j has
its centre at (j - (r - 1)/2) t: -64 ... 64 for 17 cells, -96 ... 96 for 25. (Upstream code run under Python 3 starts at
-68 and -100, half a stride too far to the upper left.)
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.boxes import overlaps

VOTE_POWER = 4
"""Of scores, as weights of boxes that are averaged: those of half the best score hardly count."""


def anchor_shapes(stride: int, scales: tuple[float, ...], ratios: tuple[float, ...]) -> NDArray[np.float64]:
    """Width and height of each anchor, shape (ratios * scales, 2), ratio-major.

    Sides are cut to whole pixels before they are scaled, as in DaSiamRPN and pysot, whose networks are trained on them:
    stride 8, scale 8 and ratios .33, .5, 1, 2, 3 give 104x32, 88x40, 64x64, 40x80, 32x96.
    """
    shapes = []
    for ratio in ratios:
        width = int(np.sqrt(stride * stride / ratio))
        height = int(width * ratio)
        shapes += [(width * scale, height * scale) for scale in scales]
    return np.array(shapes, dtype=np.float64)


@cache
def anchor_grid(cells: int, stride: int, scales: tuple[float, ...], ratios: tuple[float, ...]) -> NDArray[np.float64]:
    """All anchors of a response, shape (4, anchors * cells * cells): cx, cy, w, h; anchor-major, then rows, columns."""
    shapes = anchor_shapes(stride, scales, ratios)
    line = (np.arange(cells) - (cells - 1) / 2) * stride
    grid = np.empty((4, len(shapes), cells, cells))
    grid[0] = line[None, None, :]
    grid[1] = line[None, :, None]
    grid[2] = shapes[:, 0, None, None]
    grid[3] = shapes[:, 1, None, None]
    flat = grid.reshape(4, -1)
    flat.flags.writeable = False
    return flat


def decode(anchors: NDArray[np.float64], offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (cx, cy, w, h), shape (4, n), from offsets (4, n): dx and dy in anchor sides, log ratios of w and h.

    Log ratios are limited to 10 either way, so that an untrained network gives large boxes and not infinite ones.
    """
    centre = anchors[:2] + offsets[:2] * anchors[2:]
    size = anchors[2:] * np.exp(np.clip(offsets[2:], -10.0, 10.0))
    return np.concatenate([centre, size])


def hold_shape(sizes: NDArray[np.float64], shape: float, share: float) -> NDArray[np.float64]:
    """Sizes of the same area whose shapes have changed by a share of their change.

    Args:
        sizes: shape (2, n): width and height.
        shape: log of width / height that changes are counted from.
        share: see `SiamRPNParameters.shape_share`.
    """
    if share == 1.0:
        return sizes
    excess = (1.0 - share) * (np.log(sizes[0] / sizes[1]) - shape) / 2.0
    result: NDArray[np.float64] = sizes * np.exp(np.stack([-excess, excess]))
    return result


def vote(
    boxes: NDArray[np.float64], scores: NDArray[np.float64], best: int, overlap: float | None
) -> NDArray[np.float64]:
    """The winner's box, or the average of those that overlap it (Gidaris & Komodakis, ICCV 2015, section 4).

    Args:
        boxes: shape (4, n).
        scores: shape (n,), penalised; boxes are weighted by their fourth power.
        best: number of the winner.
        overlap: from which on a box counts; None: the winner's alone.

    Returns:
        Shape (4,): cx, cy, w, h.
    """
    winner = boxes[:, best]
    if overlap is None:
        return winner
    weights = scores**VOTE_POWER
    if weights[best] <= 0.0:
        return winner
    corners = np.vstack([boxes[:2] - boxes[2:] / 2, boxes[2:]]).T
    counted = np.where(overlaps(corners, np.broadcast_to(corners[best], corners.shape)) >= overlap, weights, 0.0)
    counted[best] = weights[best]  # whatever rounding makes of its overlap with itself
    result: NDArray[np.float64] = (boxes * counted).sum(axis=1) / counted.sum()
    return result


def size_change(sizes: NDArray[np.float64], reference: NDArray[np.float64], context: float) -> NDArray[np.float64]:
    """How much boxes differ in size and shape from the target: change of size times change of ratio, at least 1.

    Args:
        sizes: shape (2, n): width and height.
        reference: shape (2,): the target's, in the same pixels.
        context: of the crop; size is the side of the box with its context.
    """
    size = _side_with_context(sizes, context) / _side_with_context(reference, context)
    ratio = (reference[0] / reference[1]) / (sizes[0] / sizes[1])
    change: NDArray[np.float64] = np.maximum(size, 1 / size) * np.maximum(ratio, 1 / ratio)
    return change


def _side_with_context(sizes: NDArray[np.float64], context: float) -> NDArray[np.float64]:
    margin = (sizes[0] + sizes[1]) * context
    side: NDArray[np.float64] = np.sqrt((sizes[0] + margin) * (sizes[1] + margin))
    return side
