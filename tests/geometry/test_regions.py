"""Bounding boxes of many regions at once are those of each."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siamfc_eval.geometry.regions import bounding_box, bounding_boxes

regions = st.sampled_from([4, 6, 8, 12]).flatmap(
    lambda size: st.lists(st.floats(-1e3, 1e3), min_size=size, max_size=size).map(np.array)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(regions, max_size=8))
def test_bounding_boxes_are_those_of_each_region(many: list[np.ndarray]) -> None:
    boxes = bounding_boxes(many)
    assert boxes.shape == (len(many), 4)
    for box, region in zip(boxes, many, strict=True):
        assert box.tolist() == bounding_box(region).tolist()


def test_a_missing_region_stays_missing() -> None:
    assert np.isnan(bounding_boxes([np.full(4, np.nan)])).all()
