"""vot-toolkit's binary trajectories, both ways."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.trajectory import Code
from siamfc_eval.results.formats.binary import format_binary, parse_binary
from siamfc_eval.results.rows import rows_of

HERE = Path("bag_001.bin")

singles = st.floats(width=32, allow_infinity=False, allow_nan=False, min_value=-(2.0**40), max_value=2.0**40)
rectangles = st.lists(singles, min_size=4, max_size=4).map(np.array)
polygons = st.integers(3, 6).flatmap(lambda k: st.lists(singles, min_size=2 * k, max_size=2 * k)).map(np.array)
entries = st.lists(rectangles | polygons | st.sampled_from(Code), max_size=6)


def test_the_layout_is_the_documented_one() -> None:
    data = struct.pack("<hIBIB4fBH6f", 1, 3, 0, 1, 1, 1.5, 2, 30.25, 40, 2, 3, 0, 0, 4, 0, 4, 3)
    rows = parse_binary(data, HERE)
    assert rows.entries()[0] is Code.INITIALIZED
    np.testing.assert_array_equal(rows.boxes[1:], [[1.5, 2, 30.25, 40], [0, 0, 4, 3]])
    assert format_binary(rows) == data


@given(entries)
def test_numbers_that_float32_can_hold_come_back_unchanged(values: list[Region | Code]) -> None:
    rows = rows_of(values)
    again = parse_binary(format_binary(rows), HERE)
    np.testing.assert_array_equal(again.boxes, rows.boxes)
    np.testing.assert_array_equal(again.codes, rows.codes)


def test_other_numbers_are_rounded_to_float32() -> None:
    rows = rows_of([np.array([0.1, 1 / 3, 1e-3, 123456.789])])
    again = parse_binary(format_binary(rows), HERE)
    np.testing.assert_array_equal(again.boxes, rows.boxes.astype(np.float32))


def test_a_number_beyond_float32_is_refused() -> None:
    with pytest.raises(InputError, match="frame 1"):
        format_binary(rows_of([np.array([1e39, 0, 1, 1])]))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\x01", "header"),
        (struct.pack("<hI", 2, 0), "version 2"),
        (struct.pack("<hI", 1, 4_000_000_000), "cannot hold"),
        (struct.pack("<hIB2f", 1, 1, 1, 0, 0), "frame 1 of 1: the file ends"),
        (struct.pack("<hIBI", 1, 1, 0, 7), "found 7"),
        (struct.pack("<hIBhhHHHH", 1, 1, 3, 0, 0, 2, 2, 1, 4), "a mask"),
        (struct.pack("<hIB2f", 1, 1, 4, 0, 0), "a point"),
        (struct.pack("<hIB2f", 1, 1, 9, 0, 0), "type 9"),
        (struct.pack("<hIB4f", 1, 1, 1, 0, 0, np.inf, 0), "finite"),
        (struct.pack("<hIBIB", 1, 1, 0, 1, 0), "1 bytes follow"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, found: str) -> None:
    with pytest.raises(InputError, match=found) as caught:
        parse_binary(data, HERE)
    assert str(HERE) in str(caught.value)


@given(st.binary(max_size=120) | st.binary(max_size=80).map(lambda tail: b"\x01\x00\x03\x00\x00\x00" + tail))
def test_no_content_gives_anything_but_rows_or_an_input_error(data: bytes) -> None:
    with contextlib.suppress(InputError):
        rows = parse_binary(data, HERE)
        assert len(format_binary(rows)) == len(data)
