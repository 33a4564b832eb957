"""Counting against thresholds, for many sequences in one pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.compiled import Kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_F, _I = np.float64, np.int64
_rank_histogram = Kernel("siamfc_eval.geometry.box_kernel", "rank_histogram", _F, int, _F, int, _I, int, _F)


def count_above(values: Floats, thresholds: Floats, group: Ints, groups: int) -> Floats:
    """How many values of each group are strictly greater than each threshold. NaN is greater than nothing.

    Args:
        values: shape (n,).
        thresholds: shape (k,), k >= 2, ascending and evenly spaced.
        group: shape (n,): the group of each value, in [0, groups).
        groups: how many groups there are.

    Returns:
        Shape (groups, k).
    """
    histogram = _histogram(values, thresholds, group, groups, 0)
    # A value that passed j thresholds counts in columns 0 .. j - 1.
    return np.asarray(histogram[:, :0:-1].cumsum(axis=1)[:, ::-1])


def count_within(values: Floats, thresholds: Floats, group: Ints, groups: int) -> Floats:
    """How many values of each group are at most each threshold. NaN is within nothing.

    Args and returns as `count_above`.
    """
    histogram = _histogram(values, thresholds, group, groups, len(thresholds))
    return np.asarray(histogram[:, :-1].cumsum(axis=1))


def _histogram(values: Floats, thresholds: Floats, group: Ints, groups: int, rank_of_nan: int) -> Floats:
    """Shape (groups, k + 1): how many values of each group have 0, 1, ..., k thresholds below them."""
    histogram = np.zeros((groups, len(thresholds) + 1))
    if group.size != values.size or (group.size and not 0 <= group.min() <= group.max() < groups):
        raise ValueError(f"expected a group in [0, {groups}) for each of {values.size} values")
    numbers, limits = (np.ascontiguousarray(array, dtype=np.float64) for array in (values, thresholds))
    owners = np.ascontiguousarray(group, dtype=np.int64)
    _rank_histogram(numbers, numbers.size, limits, limits.size, owners, rank_of_nan, histogram)
    return histogram
