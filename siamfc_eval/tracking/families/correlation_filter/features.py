"""What a correlation filter sees of an image patch: grey values, or histograms of oriented gradients.

The histograms are those of Felzenszwalb et al., "Object Detection with Discriminatively Trained Part Based Models"
(PAMI 2010), section 6.2: for each cell 18 signed and 9 unsigned orientations, each normalised by the energy of the four
blocks that the cell belongs to and cut off at 0.2, and the four sums over orientations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIGNED = 18
"""Orientations of a gradient with its sign."""
CHANNELS = SIGNED + SIGNED // 2 + 4
"""Features of a cell."""

_CUT = 0.2
_NOTHING = 1e-4
_LUMA = np.array([0.299, 0.587, 0.114])


def grey_values(patch: NDArray[np.uint8]) -> Floats:
    """Grey values around their mean, in units of the full range.

    Args:
        patch: shape (height, width, 3), RGB.

    Returns:
        Shape (1, height, width).
    """
    grey: Floats = patch.astype(np.float64) @ _LUMA / 255.0
    return np.asarray((grey - grey.mean())[None])


def oriented_gradients(patch: NDArray[np.uint8], cell: int) -> Floats:
    """Histograms of oriented gradients; pixels beyond the last whole cell are left out.

    Args:
        patch: shape (height, width, 3), RGB, at least one cell high and wide.
        cell: side of a cell in pixels.

    Returns:
        Shape (CHANNELS, height // cell, width // cell).
    """
    rows, columns = patch.shape[0] // cell, patch.shape[1] // cell
    image = patch[: rows * cell, : columns * cell].astype(np.float64) / 255.0
    histogram = _histogram(image, cell, rows, columns)
    unsigned = histogram[: SIGNED // 2] + histogram[SIGNED // 2 :]
    # Energy of each block of 2 x 2 cells; a cell at the border shares its blocks with copies of itself.
    energy = np.pad((unsigned**2).sum(axis=0), 1, mode="edge")
    blocks = energy[:-1, :-1] + energy[1:, :-1] + energy[:-1, 1:] + energy[1:, 1:]
    norms = 1.0 / np.sqrt(np.stack([blocks[:-1, :-1], blocks[:-1, 1:], blocks[1:, :-1], blocks[1:, 1:]]) + _NOTHING)
    signed_cut = np.minimum(histogram[None] * norms[:, None], _CUT)
    unsigned_cut = np.minimum(unsigned[None] * norms[:, None], _CUT)
    texture = 0.2357 * signed_cut.sum(axis=1)
    return np.concatenate([0.5 * signed_cut.sum(axis=0), 0.5 * unsigned_cut.sum(axis=0), texture])


def _histogram(image: Floats, cell: int, rows: int, columns: int) -> Floats:
    """Gradient magnitudes by signed orientation, shared between the nearest cells; shape (SIGNED, rows, columns)."""
    down, across = np.gradient(image, axis=(0, 1))
    magnitudes = np.hypot(down, across)
    # Of the three colours the one that changes most.
    strongest = magnitudes.argmax(axis=2)[..., None]
    down, across, magnitude = (
        np.take_along_axis(values, strongest, axis=2)[..., 0] for values in (down, across, magnitudes)
    )
    angle = np.mod(np.arctan2(down, across), 2 * np.pi) * SIGNED / (2 * np.pi)
    lower = np.floor(angle).astype(np.int64)
    towards_upper = angle - lower
    histogram = np.zeros(SIGNED * rows * columns)
    for row, row_share in _cells(image.shape[0], cell, rows):
        for column, column_share in _cells(image.shape[1], cell, columns):
            share = magnitude * row_share[:, None] * column_share[None, :]
            place = row[:, None] * columns + column[None, :]
            for orientation, weight in ((lower, 1.0 - towards_upper), (lower + 1, towards_upper)):
                index = (orientation % SIGNED) * (rows * columns) + place
                histogram += np.bincount(index.ravel(), (share * weight).ravel(), minlength=histogram.size)
    return histogram.reshape(SIGNED, rows, columns)


def _cells(pixels: int, cell: int, count: int) -> list[tuple[NDArray[np.int64], Floats]]:
    """For each pixel along one axis the two nearest cells and their shares; beyond the border a share is lost."""
    position = (np.arange(pixels) + 0.5) / cell - 0.5
    first = np.floor(position).astype(np.int64)
    towards_second = position - first
    found = []
    for index, share in ((first, 1.0 - towards_second), (first + 1, towards_second)):
        inside = (index >= 0) & (index < count)
        found.append((np.clip(index, 0, count - 1), np.where(inside, share, 0.0)))
    return found
