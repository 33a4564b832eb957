"""Overlaps and centre errors of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from shapely import box as rectangle

from siamfc_eval.geometry.boxes import centres, clip_boxes, compare_boxes, overlaps

coordinate = st.floats(-500, 500, allow_nan=False).map(lambda value: round(value, 3))
size = st.floats(0.01, 400, allow_nan=False).map(lambda value: round(value, 3))
boxes = st.tuples(coordinate, coordinate, size, size).map(lambda values: np.array([values], dtype=np.float64))


@given(boxes, boxes)
def test_overlap_is_symmetric_and_between_0_and_1(first: np.ndarray, second: np.ndarray) -> None:
    there, back = overlaps(first, second)[0], overlaps(second, first)[0]
    assert there == back
    assert 0 <= there <= 1


@given(boxes)
def test_a_box_overlaps_itself_entirely(box: np.ndarray) -> None:
    assert overlaps(box, box)[0] == pytest.approx(1.0, abs=1e-9)


@given(boxes, boxes, st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_overlap_and_errors_do_not_depend_on_where_the_origin_is(
    first: np.ndarray, second: np.ndarray, dx: int, dy: int
) -> None:
    shift = np.array([dx, dy, 0.0, 0.0])
    assert overlaps(first + shift, second + shift)[0] == pytest.approx(overlaps(first, second)[0], abs=1e-8)
    assert compare_boxes(first + shift, second + shift).centre_errors[0] == pytest.approx(
        compare_boxes(first, second).centre_errors[0], abs=1e-8
    )


@given(boxes, boxes)
def test_overlap_equals_the_ratio_of_exact_areas(first: np.ndarray, second: np.ndarray) -> None:
    one, two = (rectangle(x, y, x + w, y + h) for x, y, w, h in (first[0], second[0]))
    expected = one.intersection(two).area / (one.area + two.area - one.intersection(two).area)
    assert overlaps(first, second)[0] == pytest.approx(expected, abs=1e-9)


@given(boxes, boxes, st.floats(0.1, 10))
def test_overlap_and_normalised_error_do_not_depend_on_the_scale(
    first: np.ndarray, second: np.ndarray, scale: float
) -> None:
    assert overlaps(first * scale, second * scale)[0] == pytest.approx(overlaps(first, second)[0], abs=1e-8)
    # The half pixel of the centres cancels, so only rounding is left.
    before = compare_boxes(first, second).normalised_centre_errors[0]
    assert compare_boxes(first * scale, second * scale).normalised_centre_errors[0] == pytest.approx(
        before, rel=1e-6, abs=1e-6
    )


def test_boxes_without_area_overlap_nothing() -> None:
    empty = np.array([[5.0, 5.0, 0.0, 0.0]])
    negative = np.array([[5.0, 5.0, -4.0, -4.0]])
    full = np.array([[0.0, 0.0, 10.0, 10.0]])
    assert overlaps(empty, empty)[0] == 0
    assert overlaps(empty, full)[0] == 0
    assert overlaps(negative, full)[0] == 0
    assert overlaps(negative, negative)[0] == 0


def test_boxes_that_touch_overlap_nothing() -> None:
    assert overlaps(np.array([[0.0, 0.0, 1.0, 9.0]]), np.array([[1.0, 0.0, 1.0, 9.0]]))[0] == 0


@given(hnp.arrays(np.float64, 4, elements=st.sampled_from([0.0, 3.0, np.nan])))
def test_nan_stays_nan(values: np.ndarray) -> None:
    result = overlaps(values[None], np.array([[1.0, 1.0, 5.0, 5.0]]))[0]
    assert np.isnan(result) == np.isnan(values).any()


def test_a_centre_is_half_a_pixel_inside() -> None:
    x, y = centres(np.array([[1.0, 1.0, 5.0, 3.0]]))
    assert (x.tolist(), y.tolist()) == ([3.0], [2.0])


def test_normalised_error_counts_in_widths_and_heights() -> None:
    truth = np.array([[0.0, 0.0, 20.0, 10.0]])
    assert compare_boxes(truth + np.array([2.0, 0, 0, 0]), truth).normalised_centre_errors[0] == pytest.approx(0.1)
    assert compare_boxes(truth + np.array([0, 2.0, 0, 0]), truth).normalised_centre_errors[0] == pytest.approx(0.2)


def test_no_difference_is_none_even_in_units_of_nothing() -> None:
    """pysot adds 1e-16 to widths and heights, so that only a centre that is exactly right is near enough."""
    truth = np.array([[10.0, 10.0, 0.0, 20.0], [10.0, 10.0, 0.0, 20.0], [10.0, 10.0, 0.0, 0.0]])
    boxes = truth + np.array([[0.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    near = compare_boxes(boxes, truth).normalised_centre_errors <= [0.1, 1e300, 0.0]
    assert near.tolist() == [True, False, True]


def test_by_way_of_the_last_pixel_an_overlap_is_the_same_but_for_its_rounding() -> None:
    boxes = np.random.default_rng(0).uniform(1, 50, (200, 4)).round(2)
    shifted = boxes + np.array([0.05, 0.0, 0.0, 0.0])
    ends, pixels = (compare_boxes(shifted, boxes, last_pixels=by).overlaps for by in (False, True))
    assert (ends != pixels).any()
    np.testing.assert_allclose(ends, pixels, rtol=1e-14)
    # As MATLAB's toolkits have it, equal boxes may overlap by more than 1, and then count at the threshold 1.
    itself = compare_boxes(boxes, boxes, last_pixels=True).overlaps
    assert itself.max() > 1.0
    assert compare_boxes(boxes, boxes).overlaps.max() == 1.0


def test_clipping_cuts_at_all_four_sides() -> None:
    cut = clip_boxes(np.array([[-5.0, -5.0, 10.0, 10.0], [95.0, 45.0, 10.0, 10.0]]), np.array(100.0), np.array(50.0))
    assert cut.tolist() == [[0.0, 0.0, 10.0, 10.0], [95.0, 45.0, 5.0, 5.0]]


wild = st.floats(width=32) | st.sampled_from([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300])
tables = hnp.arrays(np.float64, st.tuples(st.integers(0, 6), st.just(4)), elements=wild | coordinate)


@given(tables, st.data())
def test_boxes_are_compared_bit_for_bit_as_plain_array_arithmetic_does(first: np.ndarray, data: st.DataObject) -> None:
    second = data.draw(hnp.arrays(np.float64, first.shape, elements=wild | coordinate))
    found = compare_boxes(first, second)
    with np.errstate(all="ignore"):
        (x1, y1, w1, h1), (x2, y2, w2, h2) = first.T, second.T
        shared = np.maximum(np.minimum(x1 + w1, x2 + w2) - np.maximum(x1, x2), 0)
        shared = shared * np.maximum(np.minimum(y1 + h1, y2 + h2) - np.maximum(y1, y2), 0)
        union = np.where(shared == 0, 1, w1 * h1 + w2 * h2 - shared)
        (cx, cy), (tx, ty) = centres(first), centres(second)
        expected = (
            np.clip(shared / union, 0, 1),
            np.sqrt((cx - tx) ** 2 + (cy - ty) ** 2),
            np.sqrt(
                np.where((w2 == 0) & (cx == tx), 0, cx / w2 - tx / w2) ** 2
                + np.where((h2 == 0) & (cy == ty), 0, cy / h2 - ty / h2) ** 2
            ),
        )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(3, 4), (4,), (2, 5), (2, 2, 4)])
def test_boxes_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
        compare_boxes(np.zeros(shape), np.zeros((2, 4)))
