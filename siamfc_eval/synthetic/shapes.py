"""Silhouettes of synthetic targets and how they deform.

Unit coordinates: x to the right and y down, the silhouette spans -1 .. 1 in both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Shape (k, 2): x, y."""

_VERTICES = 24


def silhouette(kind: str) -> Points:
    """The outline of a kind of target, clockwise on the screen, shape (24, 2).

    Args:
        kind: "vehicle" (rounded box), "disc", "figure" (a person, seen from afar), "leaf" (a notched blob).
    """
    turn = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)
    if kind == "vehicle":
        return _fill_unit(_superellipse(turn, 5.0))
    if kind == "disc":
        return _fill_unit(_superellipse(turn, 2.2))
    if kind == "leaf":
        radius = 1.0 + 0.16 * np.cos(3 * turn + 0.4) + 0.08 * np.cos(5 * turn)
        return _fill_unit(radius[:, None] * _superellipse(turn, 2.0))
    if kind == "figure":
        return _fill_unit(_resample(_FIGURE))
    raise ValueError(f"no silhouette {kind!r}")


def _superellipse(turn: NDArray[np.float64], power: float) -> Points:
    cosine, sine = np.cos(turn), np.sin(turn)
    return np.stack(
        [np.sign(cosine) * np.abs(cosine) ** (2 / power), np.sign(sine) * np.abs(sine) ** (2 / power)], axis=1
    )


# Right half of a standing person from head to foot; mirrored below.
_HALF = [
    (0.0, -1.0),
    (0.28, -0.97),
    (0.32, -0.78),
    (0.22, -0.64),
    (0.72, -0.52),
    (0.95, -0.05),
    (0.82, 0.1),
    (0.62, -0.1),
    (0.6, 0.3),
    (0.72, 1.0),
    (0.25, 1.0),
    (0.1, 0.4),
]
_FIGURE: Points = np.array([*_HALF, *((-x, y) for x, y in reversed(_HALF[1:]))], dtype=np.float64)


def _resample(points: Points) -> Points:
    """The same closed outline with `_VERTICES` corners at equal distances along it."""
    closed = np.vstack([points, points[:1]])
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    wanted = np.linspace(0, lengths[-1], _VERTICES, endpoint=False)
    return np.stack([np.interp(wanted, lengths, closed[:, axis]) for axis in range(2)], axis=1)


def _fill_unit(points: Points) -> Points:
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((points - low) / (high - low) * 2 - 1)


def deformation(points: Points, amount: float, phase: float, kind: str) -> Points:
    """Displacement of points in unit coordinates, shape (k, 2).

    Args:
        points: shape (k, 2).
        amount: amplitude as a part of the half size.
        phase: where in its cycle the motion is, radians.
        kind: of target; figures swing their legs, others wobble.
    """
    x, y = points[:, 0], points[:, 1]
    if kind == "figure":
        stride = amount * np.sin(phase) * np.maximum(y - 0.1, 0.0) * np.tanh(4 * x)
        sway = 0.4 * amount * np.sin(phase / 2) * np.maximum(-y, 0.0)
        return np.stack([1.6 * stride + sway, 0.12 * amount * np.cos(phase) * y], axis=1)
    dx = np.sin(2.1 * y + phase) + 0.5 * np.sin(3.3 * x - 1.7 * phase)
    dy = np.sin(1.9 * x - 0.8 * phase) + 0.5 * np.cos(2.7 * y + 1.3 * phase)
    return amount * np.stack([dx, dy], axis=1)
