"""From a response map to a displacement: up-sampling, cosine window, peak.

A response of r x r values with stride t covers displacements of the search crop's centre. Value j stands for a
displacement of (j - (r - 1)/2) t crop pixels; up-sampled to n values by the half-pixel rule, value i stands for
(i - (n - 1)/2) (r/n) t.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.compiled import Kernel

Map = NDArray[np.float32]
"""Shape (rows, columns)."""

Bicubic = Literal["spline", "opencv", "matlab"]
"""Bicubic interpolation by: a spline through all samples, which puts a smooth peak where it is (within .05 px at stride
8); cubic convolution with a = -.75, as in OpenCV and torch (peaks up to .9 px off, towards the samples); cubic
convolution with a = -.5, as in MATLAB and the authors' own code (up to .2 px off)."""


_F = np.float32
_enlarge = Kernel(
    "siamfc_eval.tracking.families.siamfc.upsampling_kernel", "enlarge", _F, int, int, _F, _F, int, _F, _F
)


@cache
def cosine_window(size: int) -> Map:
    """Hann window, shape (size, size), sum 1. The same read-only array for the same size."""
    line = np.hanning(size)
    window = np.outer(line, line)
    window /= window.sum()
    result = window.astype(np.float32)
    result.flags.writeable = False
    return result


def upsample(responses: NDArray[np.float32], size: int, kernel: Bicubic = "spline") -> NDArray[np.float32]:
    """Enlarge response maps bicubically by the half-pixel rule.

    Args:
        responses: shape (k, r, r).
        size: side n of the result.
        kernel: which bicubic.

    Returns:
        Shape (k, n, n): two products with an (n, r) matrix, several times faster than torch's bicubic on a CPU. A
        kernel of our own makes them, since numpy's BLAS rounds by the number of its threads.
    """
    count, source = responses.shape[0], responses.shape[-1]
    matrix, turned = upsampling_matrices(source, size, kernel)
    enlarged = np.zeros((count, size, size), dtype=np.float32)
    line = np.empty(source, dtype=np.float32)
    values = np.ascontiguousarray(responses, dtype=np.float32)
    _enlarge(values, count, source, matrix, turned, size, line, enlarged)
    return enlarged


@cache
def upsampling_matrices(source: int, size: int, kernel: Bicubic) -> tuple[Map, Map]:
    """Shape (size, source): row i gives sample i of the enlarged line from those of the line; and its transpose."""
    positions = (np.arange(size) + 0.5) * source / size - 0.5
    matrix: NDArray[np.float64]
    if kernel == "spline":
        from scipy.interpolate import make_interp_spline

        inside = np.clip(positions, 0, source - 1)
        matrix = make_interp_spline(np.arange(source), np.eye(source), k=min(3, source - 1))(inside)
    else:
        a = {"opencv": -0.75, "matlab": -0.5}[kernel]
        matrix = np.zeros((size, source))
        first = np.floor(positions).astype(int)
        for step in (-1, 0, 1, 2):
            distance = np.abs(positions - (first + step))
            near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
            far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
            np.add.at(
                matrix,
                (np.arange(size), np.clip(first + step, 0, source - 1)),
                np.where(distance <= 1, near, np.where(distance < 2, far, 0.0)),
            )
    result = matrix.astype(np.float32)
    return result, np.ascontiguousarray(result.T)


def blend_window(response: Map, window: Map, influence: float) -> Map:
    """(1 - influence) response + influence window, the response shifted to minimum 0 and scaled to sum 1.

    A response that is the same everywhere says nothing, so the window alone decides: the target stays where it was.
    """
    shifted: Map = response - response.min()
    total = float(shifted.sum(dtype=np.float64))
    if total > 0:
        shifted *= (1.0 - influence) / total
    shifted += influence * window
    return shifted


def find_peak(response: Map, refine: bool = True) -> NDArray[np.float64]:
    """Where a map is highest, relative to its centre.

    Args:
        response: shape (rows, columns).
        refine: put a parabola through the highest value and its two neighbours, along each axis, to find the peak
            between the samples. Without it the answer of a map with an even side is never exactly 0.

    Returns:
        Shape (2,): x, y in samples from the map's centre, positive to the right and down.
    """
    row, column = np.unravel_index(int(response.argmax()), response.shape)
    rows, columns = response.shape
    peak = np.array([column - (columns - 1) / 2, row - (rows - 1) / 2], dtype=np.float64)
    if refine:
        if 0 < column < columns - 1:
            peak[0] += _vertex(response[row, column - 1 : column + 2])
        if 0 < row < rows - 1:
            peak[1] += _vertex(response[row - 1 : row + 2, column])
    return peak


def _vertex(values: NDArray[np.float32]) -> float:
    """Offset in [-1/2, 1/2] of the vertex of the parabola through three samples, the middle one highest."""
    low, top, high = (float(value) for value in values)
    curvature = low - 2 * top + high
    return 0.5 * (low - high) / curvature if curvature < 0 else 0.0
