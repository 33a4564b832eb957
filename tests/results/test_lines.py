"""Lines of numbers are parsed to exactly what `float` gives; everything else is left to the parser that names lines."""

from __future__ import annotations

import contextlib
import math
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siamfc_eval.geometry.regions import bounding_box
from siamfc_eval.results.formats.lines import parse_lines

digits = st.text("0123456789", min_size=1, max_size=12)
signs = st.sampled_from(["", "-", "+"])
plain = st.builds(lambda sign, whole: sign + whole, signs, digits)
pointed = st.builds(lambda sign, whole, behind: f"{sign}{whole}.{behind}", signs, digits, digits | st.just(""))
bare = digits.map(lambda behind: f".{behind}")
powers = st.builds(lambda word, e, power: f"{word}{e}{power}", pointed, st.sampled_from("eE"), st.integers(-330, 300))
doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
not_a_number = st.sampled_from(["nan", "NaN", "NAN"])
odd = st.text("0123456789.-+eENanif_ ,\t\n\r\x00\xff/:;", max_size=10)
words = st.one_of(plain, pointed, bare, powers, doubles, not_a_number)
separators = st.sampled_from([",", "\t", " ", ", ", " ,\t", "   "])


def table_of(words: list[str], separator: str = ",", end: str = "\n") -> bytes:
    rows = [words[at : at + 4] for at in range(0, len(words) - 3, 4)]
    return end.join(separator.join(row) for row in rows).encode("latin-1")


def same(found: np.ndarray, expected: list[float]) -> bool:
    """Bit for bit, the sign of NaN excepted."""
    one, other = found.ravel(), np.array(expected)
    return bool(np.where(np.isnan(one), 0, one).tobytes() == np.where(np.isnan(other), 0, other).tobytes())


@given(
    st.lists(words, min_size=4, max_size=40),
    separators,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.text(" \t\n", max_size=3),
)
@example(["-0", "-0.0", "0.000", "00012.50"], ",", "\n", "\n")
@example(["9007199254740993", "9007199254740992", "0.1", "5."], ",", "\n", "")
@example(["1e23", "1e22", "123456789012345678e-22", "0.00000000000000000000001"], ",", "\n", "")
@example(["8.41", "2.675", "0.30000000000000004", "179769313486231570000000000000"], ",", "\n", "")
def test_every_number_is_what_float_gives(words: list[str], separator: str, newline: str, end: str) -> None:
    words = words[: len(words) // 4 * 4]
    values = [float(word) for word in words]
    found = parse_lines(table_of(words, separator, newline) + end.encode())
    if any(math.isinf(value) for value in values):
        assert found is None
        return
    assert found is not None
    assert same(found.boxes, values)
    assert (found.codes == -1).all()


@given(st.integers(0, 8), st.lists(st.floats(-1e5, 1e5), min_size=4, max_size=40))
@example(3, [-0.0001, 9999.9996, 0.0, 12345.0])
def test_numbers_written_with_the_same_decimals_are_exact(decimals: int, values: list[float]) -> None:
    words = [f"{value:.{decimals}f}" for value in values[: len(values) // 4 * 4]]
    found = parse_lines(table_of(words))
    assert found is not None
    assert same(found.boxes, [float(word) for word in words])


def expected_rows(text: bytes) -> list[list[float]] | None:
    """The rows by plain Python; None for what is not lines of a rectangle, a polygon (finite or NaN), or one code."""
    lines = re.split(r"\r\n|\n|\r", text.rstrip(b" \t\r\n").decode("latin-1"))
    rows = []
    for line in lines:
        row = []
        for word in re.split(r"[ \t]*,[ \t]*|[ \t]+", line.strip(" \t")):
            with contextlib.suppress(ValueError):
                value = float(word) if word.isascii() and "_" not in word and word == word.strip() else math.inf
                if not math.isinf(value):
                    row.append(value)
                    continue
            return None
        polygon = len(row) >= 6 and len(row) % 2 == 0
        if len(row) != 4 and not polygon and not (len(row) == 1 and row[0] in {0, 1, 2}):
            return None
        rows.append(row)
    return rows


@given(st.lists(words | st.sampled_from("012"), min_size=0, max_size=11), st.integers(0, 11), odd, separators)
def test_a_text_with_anything_in_it_is_never_read_otherwise_than_by_float(
    words: list[str], at: int, word: str, separator: str
) -> None:
    check(separator.join([*words[:at], word, *words[at:]]).encode("latin-1"))


@given(st.binary(max_size=60))
def test_no_bytes_are_read_otherwise_than_by_float(data: bytes) -> None:
    check(data)
    check(b"1,2,3,4\n" + data)


def check(text: bytes) -> None:
    """What is read at all is what `float` reads."""
    found, expected = parse_lines(text), expected_rows(text)
    if found is None:
        return
    assert expected is not None
    assert [len(row) == 1 for row in expected] == [code >= 0 for code in found.codes]
    assert [row[0] for row in expected if len(row) == 1] == [code for code in found.codes if code >= 0]
    assert list(found.polygons) == [place for place, row in enumerate(expected) if len(row) > 4]
    assert all(same(polygon, expected[place]) for place, polygon in found.polygons.items())
    nothing = [math.nan] * 4
    boxes = [bounding_box(row).tolist() if len(row) >= 4 else nothing for row in expected]
    assert same(found.boxes, [value for box in boxes for value in box])


@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=5).map(lambda half: half + half)
        | st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4)
        | st.sampled_from([[0.0], [1.0], [2.0]]),
        min_size=1,
        max_size=8,
    )
)
def test_polygons_rectangles_and_codes_may_follow_one_another(rows: list[list[float]]) -> None:
    text = "\n".join(",".join(map(repr, row)) for row in rows).encode()
    assert parse_lines(text) is not None
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,4\n1,2,3",
        "1,2,3,4\n\n1,2,3,4",
        "1,2\n3,4",
        "1,2,,4",
        "1,2,3,4,",
        ",1,2,3,4",
        "1,2,-,4",
        "1,2,.,4",
        "1,2,-.,4",
        "1,2,--3,4",
        "1,2,3e,4",
        "1,2,3e+,4",
        "1,2,inf,4",
        "1,2,1e400,4",
        "1,2,nano,4",
        "1.5,2.5,3.5.5,4.5",
        "1.5,2.5,3/5,4.5",
        "1.5,2.5,3:5,4.5",
        "1.5;2.5;3.5;4.5",
        "1,2,1_000,4",
        "3",
        "1.5",
        "nan",
        "1,2,3,4\x00",
        "1,2,3,4,5,6,7",
        "1,2,3,4,5,6\n1,2,3,4,5",
        "1,2,3,4,5,inf",
        "-1e308,2,1e308,4,5,6",
        "1,2,3,4,5,six",
        "1,2,3," + "0" * 70000 + "4",
    ],
)
def test_what_is_not_of_the_plain_kind_is_left_alone(text: str) -> None:
    assert parse_lines(text.encode()) is None


def test_codes_are_read_between_boxes() -> None:
    found = parse_lines(b"1\n1,2,3,4\r\n2.0\n 0e5 \n-0\n5\t6 7,8\n\n")
    assert found is not None
    assert found.codes.tolist() == [1, -1, 2, 0, 0, -1]
    np.testing.assert_array_equal(found.boxes[[1, 5]], [[1, 2, 3, 4], [5, 6, 7, 8]])
    assert np.isnan(found.boxes[[0, 2, 3, 4]]).all()
