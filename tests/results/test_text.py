"""Result files as text are read strictly, and what is wrong with one is named by file and line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siamfc_eval.errors import InputError
from siamfc_eval.protocols.trajectory import Code
from siamfc_eval.results.content import read_content
from siamfc_eval.results.formats.text import parse_numbers, parse_rows
from siamfc_eval.results.formats.write_text import format_columns, format_rows
from siamfc_eval.results.rows import Rows, rows_of

HERE = Path("tracker/bag.txt")

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
rectangles = st.lists(numbers, min_size=4, max_size=4).map(np.array)
polygons = st.integers(3, 6).flatmap(lambda k: st.lists(numbers, min_size=2 * k, max_size=2 * k)).map(np.array)
nothing = st.just(np.full(4, np.nan))
entries = st.lists(rectangles | polygons | nothing | st.sampled_from(Code), min_size=1, max_size=6)


def parse(text: str) -> Rows:
    return parse_rows(text.encode(), HERE)


@pytest.mark.parametrize("separator", [",", ", ", "\t", " ", "   "])
def test_separators_in_use_give_the_same_boxes(separator: str) -> None:
    text = "\n".join(separator.join(row) for row in [["1", "2", "3.5", "4"], ["-5", "6e0", "7", "8.25"]])
    np.testing.assert_array_equal(parse(text).boxes, [[1, 2, 3.5, 4], [-5, 6, 7, 8.25]])


def test_separators_may_change_from_line_to_line() -> None:
    np.testing.assert_array_equal(parse("1,2,3,4\n5\t6\t7\t8\n9 10 11 12").boxes, np.arange(1.0, 13).reshape(3, 4))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system_are_read(newline: str) -> None:
    assert len(parse(newline.join(["1,2,3,4"] * 3) + newline)) == 3


@pytest.mark.parametrize("one", ["1", "1.0", "1.0000", " 1 "])
def test_codes_are_read_in_every_spelling(one: str) -> None:
    rows = parse(f"{one}\n1,2,3,4\n2.0\n0.0\n0\n5,6,7,8")
    assert rows.codes.tolist() == [1, -1, 2, 0, 0, -1]
    assert rows.entries()[0] is Code.INITIALIZED
    np.testing.assert_array_equal(rows.boxes[1], [1, 2, 3, 4])
    assert np.isnan(rows.boxes[2]).all()


def test_a_file_of_codes_only_is_read() -> None:
    assert parse("1\n2\n0\n0").codes.tolist() == [1, 2, 0, 0]


def test_polygons_are_kept_beside_their_bounding_boxes() -> None:
    rows = parse("1\n0,0,4,0,4,3,0,3\n1,1,2,2\n0,0,1,0,1,1")
    np.testing.assert_array_equal(rows.boxes[1:], [[0, 0, 4, 3], [1, 1, 2, 2], [0, 0, 1, 1]])
    assert sorted(rows.polygons) == [1, 3]
    np.testing.assert_array_equal(rows.entries(origin=1.0)[3], [-1, -1, 0, -1, 0, 0])


@pytest.mark.parametrize("word", ["NaN", "nan", "NAN", "-nan"])
def test_nan_rows_are_rectangles_that_were_not_given(word: str) -> None:
    rows = parse(f"1,2,3,4\n{','.join([word] * 4)}\n5,6,7,8")
    assert np.isnan(rows.boxes[1]).all()
    assert not rows.has_codes


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("1,2,3,4\n1,2,3\n", 2, "3 values"),
        ("1,2,3,4\n1,2,3,4,5\n", 2, "5 values"),
        ("1,2,3,4\n1,2,3,inf\n", 2, "inf"),
        ("1,2,3,4\n1,2,3,1e999\n", 2, "1e999"),
        ("1,2,3,4\n1,2,x,4\n", 2, "'x'"),
        ("1,2,3,4\n1,2,,4\n", 2, "''"),
        ("1,2,3,4\n1,2,3_0,4\n", 2, "3_0"),
        ("1,2,3,4\n\n5,6,7,8\n", 2, "empty line"),
        ("1,2,3,4\n3\n5,6,7,8\n", 2, "'3'"),
        ("1,2,3,4\nnan\n5,6,7,8\n", 2, "'nan'"),
        ("1\n2\n0.5\n", 3, "'0.5'"),
        ("m0,0,3,3,1,2,3\n", 1, "mask"),
        ("# x,y,w,h\n1,2,3,4\n", 1, "'#'"),
        ("[1, 2, 3, 4]\n", 1, "'[1'"),
        ("1,2,3,4\n" + "7" * 100_000 + "\n", 2, "100,000 characters"),
        ("-1e308,0,1e308,0,0,1\n", 1, "wider than any number"),
    ],
)
def test_a_wrong_line_is_named(text: str, line: int, found: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"{HERE}:{line}: expected")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("data", "found"), [(b"1,2,3,4\n\x00\xff\x80", "binary data at byte 9"), ("1,2,3,4".encode("utf-16"), "UTF-16")]
)
def test_what_is_not_text_is_refused(data: bytes, found: str) -> None:
    with pytest.raises(InputError, match=found):
        parse_rows(data, HERE)


def test_a_byte_order_mark_is_no_number() -> None:
    assert len(parse_rows(b"\xef\xbb\xbf1,2,3,4\n", HERE)) == 1


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bag.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bag\.txt: the file is empty"):
        read_content(path)


def test_a_file_of_gigabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "bag.txt"
    with path.open("wb") as file:
        file.truncate(8 * 2**30)  # a hole; reading it would take 8 GiB of memory
    with pytest.raises(InputError, match="8,589,934,592 bytes"):
        read_content(path)


def test_a_pipe_and_a_folder_are_refused_without_waiting(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.txt")
    for name in ("pipe.txt", "."):
        with pytest.raises(InputError):
            read_content(tmp_path / name)


@given(entries, st.sampled_from([0.0, 1.0]))
def test_writing_and_reading_gives_the_same_numbers(values: list[Any], origin: float) -> None:
    rows = rows_of(values, origin)
    again = parse_rows(format_rows(rows).encode(), HERE)
    np.testing.assert_array_equal(again.boxes, rows.boxes)
    np.testing.assert_array_equal(again.codes, rows.codes)
    assert again.polygons.keys() == rows.polygons.keys()
    for row, polygon in rows.polygons.items():
        np.testing.assert_array_equal(again.polygons[row], polygon)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=9))
def test_times_come_back_as_they_were(values: list[float]) -> None:
    column = np.array(values)
    np.testing.assert_array_equal(parse_numbers(format_columns(column).encode(), HERE)[:, 0], column)


@given(st.binary(max_size=200) | st.text(alphabet="0123456789.,-+ \t\n\rnaife_mx[]", max_size=80).map(str.encode))
@example(b"\xff\xfe")
@example(b"1,2,3,4\x0b\n5,6,7,8")
@example(b"\x1c")
def test_no_content_gives_anything_but_rows_or_an_input_error(data: bytes) -> None:
    for parser in (parse_rows, parse_numbers):
        with contextlib.suppress(InputError):
            assert len(parser(data, HERE)) >= 1
