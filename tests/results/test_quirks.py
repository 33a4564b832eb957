"""Habits of toolkits are detected by the first line and said; results change only when that is asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.results.formats.quirks import (
    CORNERS,
    HALF_PIXEL,
    KINDS,
    ORIGIN,
    detect_quirks,
    length_notes,
    repair_quirks,
)
from siamfc_eval.results.formats.write_text import format_rows
from siamfc_eval.results.raw import TrackerResults
from siamfc_eval.results.read import read_results
from siamfc_eval.results.rows import plain_boxes

Change = Callable[[np.ndarray], np.ndarray]


def results_with(tmp_path: Path, dataset: Dataset, change: Change) -> TrackerResults:
    """A tracker that answers the ground truth, after `change(published boxes)`."""
    folder = tmp_path / "Tracker"
    folder.mkdir(parents=True)
    for sequence in dataset:
        boxes = np.array(change(sequence.published_boxes.copy()))
        (folder / f"{sequence.name}.txt").write_text(format_rows(plain_boxes(boxes)))
    return read_results(tmp_path, dataset)["Tracker"]


def corners_first(boxes: np.ndarray) -> np.ndarray:
    boxes[0, 2:] += boxes[0, :2]
    return boxes


def zero_based(boxes: np.ndarray) -> np.ndarray:
    return boxes - [1, 1, 0, 0]


def one_more(boxes: np.ndarray) -> np.ndarray:
    return boxes + np.array([1, 1, 0, 0])


def half_pixel_first(boxes: np.ndarray) -> np.ndarray:
    boxes[0, :2] += 0.5
    return boxes


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        (corners_first, (CORNERS, 0.0, 3), "x1,y1,x2,y2"),
        (lambda boxes: corners_first(zero_based(boxes)), (CORNERS, -1.0, 3), "0-based"),
        (zero_based, (ORIGIN, -1.0, 3), "0-based"),
        (one_more, (ORIGIN, 1.0, 3), "the ground truth +1 px in 3 of 3 files"),
        (half_pixel_first, (HALF_PIXEL, 0.0, 3), "0.5 px in 3 of 3 files"),
    ],
)
def test_a_habit_is_detected_said_and_repaired_only_on_request(
    tmp_path: Path, otb_like: Dataset, change: Change, expected: tuple[str, float, int], said: str
) -> None:
    results = results_with(tmp_path, otb_like, change)
    (quirk,) = detect_quirks(results, otb_like)
    assert (quirk.kind, quirk.shift, quirk.of) == expected
    assert said in str(quirk)
    raw = results.runs["Basketball"][0]
    np.testing.assert_array_equal(raw.raw_boxes(), change(otb_like.sequences[0].published_boxes.copy()))
    repaired = repair_quirks(results, otb_like, KINDS)
    for sequence in otb_like:
        np.testing.assert_allclose(repaired.runs[sequence.name][0].raw_boxes(), sequence.published_boxes, atol=1e-9)
    assert "Repaired on request" in repaired.notes[0]
    assert repaired.runs["Basketball"][0].digest != raw.digest


def test_what_is_said_of_a_shift_never_contradicts_the_data_set_or_another_habit(
    tmp_path: Path, otb_like: Dataset
) -> None:
    """A 1-based data set: a file that is 1 px beyond it cannot be 1-based where the data set is not."""
    (beyond,) = detect_quirks(results_with(tmp_path, otb_like, one_more), otb_like)
    assert "based" not in str(beyond)
    (zero,) = detect_quirks(results_with(tmp_path / "zero", otb_like, zero_based), otb_like)
    assert "the file seems 0-based and the data set's boxes are 1-based" in str(zero)
    two = dataclasses.replace(otb_like, sequences=otb_like.sequences[:2])
    moves = iter([zero_based, one_more])
    assert detect_quirks(results_with(tmp_path / "both", two, lambda boxes: next(moves)(boxes)), two) == ()


def test_a_habit_that_was_not_named_is_left_alone(tmp_path: Path, otb_like: Dataset) -> None:
    results = results_with(tmp_path, otb_like, zero_based)
    assert repair_quirks(results, otb_like, [CORNERS]).runs == results.runs


def test_plain_results_and_single_coincidences_have_no_habit(tmp_path: Path, otb_like: Dataset) -> None:
    results = results_with(tmp_path, otb_like, lambda boxes: zero_based(boxes) if len(boxes) == 9 else boxes)
    assert detect_quirks(results, otb_like) == ()


def test_frames_that_a_toolkit_skips_do_not_count_as_a_shift(tmp_path: Path, otb_like: Dataset) -> None:
    led = dataclasses.replace(
        otb_like, sequences=tuple(dataclasses.replace(sequence, lead_in=2) for sequence in otb_like)
    )
    results = results_with(tmp_path, led, lambda boxes: corners_first(boxes[2:]))
    (quirk,) = detect_quirks(results, led)
    assert (quirk.kind, quirk.shift) == (CORNERS, 0.0)
    assert "Basketball.txt has 10 rows for 12 frames (the lead-in is left out)." in length_notes(results, led)


def test_an_unknown_repair_is_refused(tmp_path: Path, otb_like: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="origin"):
        repair_quirks(results_with(tmp_path, otb_like, zero_based), otb_like, ["orign"])


@pytest.mark.shared
def test_the_habits_of_published_results_are_found(shared: Path) -> None:
    folder = shared / "data" / "otb2015"
    dataset = load_dataset(folder / "annotations.json")
    found = {
        name: [(quirk.kind, quirk.shift, len(quirk.sequences)) for quirk in detect_quirks(results, dataset)]
        for name, results in read_results(folder / "results", dataset).items()
    }
    assert {name: quirks for name, quirks in found.items() if quirks} == {
        "SiamRPN": [(CORNERS, -1.0, 100)],
        "SiamRPN++": [(HALF_PIXEL, 0.0, 100)],
    }
    assert len(found) == 12


@pytest.mark.shared
def test_what_is_odd_about_published_files_is_named(shared: Path) -> None:
    folder = shared / "data" / "otb2015"
    dataset = load_dataset(folder / "annotations.json")
    notes = {
        name: " ".join(length_notes(results, dataset))
        for name, results in read_results(folder / "results", dataset, ["MDNet", "TLD", "OAB"]).items()
    }
    assert "Board.txt has 697 rows for 698 frames. " in notes["MDNet"]
    assert "Twinnings.txt has 471 rows for 472 frames." in notes["MDNet"]
    assert "15,624 rows in 76 files are NaN" in notes["TLD"]
    assert "309 rows have a width or height <= 0" in notes["OAB"]
