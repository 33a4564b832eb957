"""Compiled kernel behind `siamfc_eval.geometry.boxes`: each pair of boxes is read once and compared in every way.

Importing this module imports numba, which only compiling needs.
"""

# ruff: noqa: PLR0917 -- compiled functions call each other by position only.
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

Pointer = Any
"""The first element of an array whose shape the kernel is told."""
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles a function into those that call it."""
    return cast(Function, njit(error_model="numpy", forceinline=True)(function))


@compiled
def lesser(a: float, b: float) -> float:
    """The lesser of two numbers; NaN if one is."""
    return a if a < b or a != a else b  # noqa: PLR0124


@compiled
def greater(a: float, b: float) -> float:
    """The greater of two numbers; NaN if one is."""
    return a if a > b or a != a else b  # noqa: PLR0124


@compiled
def shared_extent(start: float, extent: float, other: float, other_extent: float) -> float:
    """What two intervals share; 0 if nothing."""
    return greater(lesser(start + extent, other + other_extent) - greater(start, other), 0.0)


def compare(first: Pointer, second: Pointer, count: int, overlap: Pointer, error: Pointer, norm_error: Pointer) -> int:
    """Overlap, centre error and normalised centre error of pairs of boxes, as `boxes` says.

    Args:
        first, second: shape (n, 4): x, y, w, h.
        count: n.
        overlap, error, norm_error: shape (n,), receive the results.

    Returns:
        0.
    """
    for i in range(count):
        x1, y1, w1, h1 = first[4 * i], first[4 * i + 1], first[4 * i + 2], first[4 * i + 3]
        x2, y2, w2, h2 = second[4 * i], second[4 * i + 1], second[4 * i + 2], second[4 * i + 3]
        shared = shared_extent(x1, w1, x2, w2) * shared_extent(y1, h1, y2, h2)
        # Nothing shared is no overlap, even where areas are 0 or negative and the union is no area.
        union = 1.0 if shared == 0.0 else w1 * h1 + w2 * h2 - shared
        overlap[i] = lesser(greater(shared / union, 0.0), 1.0)
        centre_x, centre_y = x1 + (w1 - 1.0) / 2.0, y1 + (h1 - 1.0) / 2.0
        truth_x, truth_y = x2 + (w2 - 1.0) / 2.0, y2 + (h2 - 1.0) / 2.0
        dx, dy = centre_x - truth_x, centre_y - truth_y
        error[i] = np.sqrt(dx * dx + dy * dy)
        # Divided before the difference, as every toolkit does it: errors exactly at a threshold fall the same way.
        dx, dy = centre_x / w2 - truth_x / w2, centre_y / h2 - truth_y / h2
        norm_error[i] = np.sqrt(dx * dx + dy * dy)
    return 0


@compiled
def rank_of(value: float, thresholds: Pointer, k: int, scale: float) -> int:
    """How many of k evenly spaced thresholds are below a value that is not NaN.

    Three times faster than a binary search: the arithmetic guess is off by at most one, which two comparisons mend.
    """
    guess = (value - thresholds[0]) * scale
    rank = 0 if guess <= 0.0 else (k if guess >= k else int(np.ceil(guess)))
    if rank > 0 and thresholds[rank - 1] >= value:
        rank -= 1
    if rank < k and thresholds[rank] < value:
        rank += 1
    return rank


def rank_histogram(
    values: Pointer, count: int, thresholds: Pointer, k: int, group: Pointer, rank_of_nan: int, histogram: Pointer
) -> int:
    """Count the values of each group by how many thresholds are below them.

    Args:
        values: shape (n,).
        count: n.
        thresholds: shape (k,), k >= 2, ascending and evenly spaced.
        k: number of thresholds.
        group: shape (n,): the group of each value.
        rank_of_nan: where NaN counts, 0 to k.
        histogram: shape (groups, k + 1), zeros; receives the counts.

    Returns:
        0.
    """
    scale = (k - 1) / (thresholds[k - 1] - thresholds[0])
    for i in range(count):
        value = values[i]
        rank = rank_of_nan if value != value else rank_of(value, thresholds, k, scale)  # noqa: PLR0124
        histogram[group[i] * (k + 1) + rank] += 1.0
    return 0
