"""Counting against thresholds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from siamfc_eval.metrics.curves import count_above, count_within
from siamfc_eval.metrics.ope.counts import NORM_THRESHOLDS, PRECISION_THRESHOLDS, success_thresholds
from siamfc_eval.metrics.ope.rules import OpeRules

GRIDS = (
    success_thresholds(OpeRules()),
    success_thresholds(OpeRules(grid="colon")),
    success_thresholds(OpeRules(bins=101)),
    PRECISION_THRESHOLDS,
    NORM_THRESHOLDS,
)
grids = st.sampled_from(GRIDS)


@st.composite
def values_and_grid(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Values of which many are exactly at a threshold or one bit beside it."""
    grid = draw(grids)
    on = st.sampled_from(grid.tolist())
    beside = st.builds(np.nextafter, on, st.sampled_from([-np.inf, np.inf])).map(float)
    anything = st.floats(allow_nan=True, allow_infinity=True)
    values = draw(hnp.arrays(np.float64, st.integers(0, 30), elements=st.one_of(on, beside, anything)))
    return values, grid


@given(values_and_grid(), st.integers(1, 4))
def test_counts_equal_comparing_every_value_with_every_threshold(
    sample: tuple[np.ndarray, np.ndarray], groups: int
) -> None:
    values, grid = sample
    group = np.arange(len(values)) % groups
    with np.errstate(invalid="ignore"):
        above = [(values[group == g][:, None] > grid).sum(axis=0) for g in range(groups)]
        within = [(values[group == g][:, None] <= grid).sum(axis=0) for g in range(groups)]
    assert count_above(values, grid, group, groups).tolist() == np.array(above, dtype=float).tolist()
    assert count_within(values, grid, group, groups).tolist() == np.array(within, dtype=float).tolist()


@given(values_and_grid())
def test_curves_are_monotone(sample: tuple[np.ndarray, np.ndarray]) -> None:
    values, grid = sample
    group = np.zeros(len(values), dtype=np.int64)
    assert (np.diff(count_above(values, grid, group, 1)) <= 0).all()
    assert (np.diff(count_within(values, grid, group, 1)) >= 0).all()


@given(values_and_grid(), st.integers(0, 30))
def test_counts_of_a_whole_are_the_sums_of_its_parts(sample: tuple[np.ndarray, np.ndarray], cut: int) -> None:
    values, grid = sample
    group = (np.arange(len(values)) >= cut).astype(np.int64)
    whole = count_above(values, grid, np.zeros_like(group), 1)
    assert count_above(values, grid, group, 2).sum(axis=0).tolist() == whole[0].tolist()
