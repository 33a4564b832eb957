"""Plain decimals are parsed to exactly what `float` gives; everything else is left to the parser that names lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siamfc_eval.results.decimals import parse_decimals

digits = st.text("0123456789", min_size=1, max_size=9)
plain = st.builds(lambda sign, whole, rest: sign + whole + rest, st.sampled_from(["", "-"]), digits, st.just(""))
pointed = st.builds(
    lambda sign, whole, behind: f"{sign}{whole}.{behind}", st.sampled_from(["", "-"]), digits, digits | st.just("")
)
bare = digits.map(lambda behind: f".{behind}")
odd = st.text("0123456789.-+eENanif_ ,\t\n\r\x00\xff/:;", max_size=10)
words = st.one_of(plain, pointed, bare)


def table_of(words: list[str], separator: str = ",") -> bytes:
    rows = [words[at : at + 4] for at in range(0, len(words) - 3, 4)]
    return "\n".join(separator.join(row) for row in rows).encode("latin-1")


def is_plain(word: str) -> bool:
    whole, _, behind = word.removeprefix("-").partition(".")
    return len(whole) <= 8 and len(behind) <= 8 and len(whole + behind) <= 15


@given(st.lists(words, min_size=4, max_size=40), st.sampled_from([",", "\t", " "]), st.sampled_from(["", "\n", "\n\n"]))
@example(["-0", "-0.0", "0.000", "00012.50"], ",", "\n")
@example(["99999999.9999999", "0.1", ".5", "5."], ",", "")
def test_every_decimal_is_what_float_gives_or_left_alone(words: list[str], separator: str, end: str) -> None:
    words = words[: len(words) // 4 * 4]
    found = parse_decimals(table_of(words, separator) + end.encode(), 4)
    if not all(is_plain(word) for word in words):
        assert found is None
        return
    assert found is not None
    assert found.tobytes() == np.array([float(word) for word in words]).tobytes()


@given(st.integers(0, 8), st.lists(st.floats(-1e5, 1e5), min_size=4, max_size=40))
@example(3, [-0.0001, 9999.9996, 0.0, 12345.0])
def test_numbers_written_with_the_same_decimals_are_exact(decimals: int, values: list[float]) -> None:
    words = [f"{value:.{decimals}f}" for value in values[: len(values) // 4 * 4]]
    found = parse_decimals(table_of(words), 4)
    assert found is not None
    assert found.tobytes() == np.array([float(word) for word in words]).tobytes()


@given(st.lists(words, min_size=7, max_size=11), st.integers(0, 11), odd)
def test_a_table_with_anything_else_in_it_is_never_read_otherwise_than_by_float(
    words: list[str], at: int, word: str
) -> None:
    words = [*words[:at], word, *words[at:]]
    text = table_of(words)
    found = parse_decimals(text, 4)
    if found is None:
        return
    lines = text.rstrip().replace(b"\r\n", b"\n").split(b"\n")
    separator = next(letter for letter in ",\t " if letter.encode() in lines[0])
    expected = [[float(word) for word in line.decode("latin-1").split(separator)] for line in lines]
    assert all(len(row) == 4 for row in expected)
    assert found.tobytes() == np.array(expected).tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,4\n1,2,3",
        "1,2,3,4\n\n1,2,3,4",
        "1,2\n3,4",
        "1,2,3\t4",
        "1, 2, 3, 4",
        "1,2,,4",
        "1,2,-,4",
        "1,2,.,4",
        "1,2,-.,4",
        "1,2,--3,4",
        "1,2,+3,4",
        "1,2,3e1,4",
        "1,2,nan,4",
        "1.5,2.5,3.5.5,4.5",
        "1.5,2.5,3..5,45",
        "1.5,2.5,3/5,4.5",
        "1.5,2.5,3:5,4.5",
        "1.5,2.5,3.:,4.5",
        "1.5,2.5,3.5,4.5\r1.5,2.5,3.5,4.5",
        "1,2,3,123456789",
        "1,2,3,0.123456789",
    ],
)
def test_what_is_no_plain_table_is_left_alone(text: str) -> None:
    assert parse_decimals(text.encode(), 4) is None


def test_windows_line_ends_are_plain() -> None:
    found = parse_decimals(b"1,2,3,4\r\n5.5,6,-7,8\r\n", 4)
    np.testing.assert_array_equal(found, [[1, 2, 3, 4], [5.5, 6, -7, 8]])
