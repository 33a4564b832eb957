"""EAO intervals: declared by year, estimated where no year says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics.vot.years import eao_interval, estimate_interval, image_sizes


def dataset(name: str, *lengths: int) -> Dataset:
    boxes = [np.tile([0.0, 0, 5, 5], (length, 1)) for length in lengths]
    return Dataset(name, tuple(Sequence(name=f"s{i}", boxes=rows) for i, rows in enumerate(boxes)))


@pytest.mark.parametrize(
    ("year", "low", "high"),
    [(2015, 108, 371), (2016, 108, 371), (2017, 100, 356), (2018, 100, 356), (2019, 46, 291), (2020, 115, 755)],
)
def test_published_intervals(year: int, low: int, high: int) -> None:
    assert eao_interval(dataset(f"vot{year}", 10))[:2] == (low, high)


@pytest.mark.parametrize("year", range(2013, 2020))
def test_every_year_has_an_interval_and_says_whose(year: int) -> None:
    interval = eao_interval(dataset(f"vot{year}", 10))
    assert 1 <= interval.low < interval.high
    assert interval.source


@pytest.mark.shared
@pytest.mark.parametrize(("year", "expected"), [(2018, (100, 356, 160)), (2019, (46, 291, 128))])
def test_the_estimate_finds_the_published_intervals(shared: Path, year: int, expected: tuple[int, ...]) -> None:
    annotations = json.loads((shared / "data" / f"vot{year}" / "annotations.json").read_text())
    assert estimate_interval([len(entry["gt_rect"]) for entry in annotations.values()]) == expected


@given(st.lists(st.integers(2, 2000), min_size=1, max_size=30))
def test_an_estimate_is_within_the_lengths_of_the_data_set(lengths: list[int]) -> None:
    low, high, peak = estimate_interval(lengths)
    assert 1 <= low <= peak <= high <= max(lengths)


def test_another_data_set_gets_an_estimate() -> None:
    interval = eao_interval(dataset("mine", 90, 100, 110, 400))
    assert interval.low < 100 < interval.high < 400
    assert "estimated" in interval.source


def test_known_image_sizes_fill_in_what_annotations_leave_out() -> None:
    boxes = np.tile([0.0, 0, 5, 5], (3, 1))
    given_size = Sequence(name="nature", boxes=boxes, image_size=(10, 10))
    videos = (given_size, Sequence(name="girl", boxes=boxes), Sequence(name="elsewhere", boxes=boxes))
    assert image_sizes(Dataset("vot2019", videos)) == {"nature": (10, 10), "girl": (640, 480)}
    assert image_sizes(Dataset("mine", videos)) == {"nature": (10, 10)}
