"""The supervised protocol fails, leaves out and re-initialises where VOT's rules say so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.commands import Command, Initialize, Report
from siamfc_eval.protocols.exact_overlap import exact_overlap
from siamfc_eval.protocols.replay import drive
from siamfc_eval.protocols.supervised import failure_overlap, supervised
from siamfc_eval.protocols.trajectory import Code

HERE, ELSEWHERE = np.array([10.0, 10, 20, 20]), np.array([300.0, 300, 20, 20])


def _run(length: int, lost_on: set[int], boxes: np.ndarray | None = None, skip: int = 5) -> list[int]:
    """Codes of a run of a tracker that is lost on some frames; -1 stands for a region."""
    truth = np.tile(HERE, (length, 1)) if boxes is None else boxes
    sequence = Sequence("s", truth, image_size=(640, 480))

    def answer(command: Command) -> Report:
        return Report(ELSEWHERE if command.frame in lost_on else HERE)

    trajectory = drive(supervised(sequence, failure_overlap(sequence), skip), answer)
    return [int(entry) if isinstance(entry, Code) else -1 for entry in trajectory.entries]


def test_a_failure_is_followed_by_four_skipped_frames_and_an_initialisation() -> None:
    assert _run(10, {2}) == [1, -1, 2, 0, 0, 0, 0, 1, -1, -1]


def test_a_failure_near_the_end_leaves_the_rest_out() -> None:
    assert _run(6, {3}) == [1, -1, -1, 2, 0, 0]
    assert _run(6, {5}) == [1, -1, -1, -1, -1, 2]


def test_the_frame_after_an_initialisation_can_fail_again() -> None:
    assert _run(13, {1, 7}) == [1, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1]


def test_the_frames_to_skip_are_a_parameter() -> None:
    assert _run(6, {1}, skip=2) == [1, 2, 0, 1, -1, -1]


def test_a_reinitialisation_waits_for_ground_truth() -> None:
    boxes = np.tile(HERE, (10, 1))
    boxes[7] = np.nan
    assert _run(10, {2}, boxes) == [1, -1, 2, 0, 0, 0, 0, 0, 1, -1]


def test_a_frame_without_ground_truth_is_no_failure() -> None:
    boxes = np.tile(HERE, (4, 1))
    boxes[2] = np.nan
    assert _run(4, {2}, boxes) == [1, -1, -1, -1]


def test_a_first_frame_without_ground_truth_is_an_error() -> None:
    boxes = np.tile(HERE, (4, 1))
    boxes[0] = np.nan
    with pytest.raises(InputError, match="frame 1 of 4"):
        _run(4, set(), boxes)


@pytest.mark.parametrize("rule", ["vot-official", "vot-toolkit", "exact"])
@pytest.mark.parametrize("answer", [[np.nan] * 4, [10, 10, 0, 0], [10, 10, -5, 20], [-900, -900, 10, 10], [np.inf] * 4])
def test_an_answer_that_covers_nothing_is_a_failure_under_every_rule(rule: str, answer: list[float]) -> None:
    sequence = Sequence("s", np.tile(HERE, (2, 1)), image_size=(640, 480))
    protocol = supervised(sequence, failure_overlap(sequence, rule))  # type: ignore[arg-type]
    trajectory = drive(protocol, lambda command: Report(np.array(answer, dtype=float)))
    assert trajectory.entries == (Code.INITIALIZED, Code.FAILED)


def test_times_of_frames_that_the_tracker_did_not_see_are_missing() -> None:
    sequence = Sequence("s", np.tile(HERE, (8, 1)))
    protocol = supervised(sequence, failure_overlap(sequence))
    trajectory = drive(protocol, lambda command: Report(ELSEWHERE if command.frame == 1 else HERE, 0.5, 0.25))
    assert trajectory.times is not None
    assert np.isnan(trajectory.times).tolist() == [False, False, True, True, True, True, False, False]


def test_each_initialisation_gets_the_ground_truth_of_its_frame() -> None:
    boxes = np.tile(HERE, (8, 1)) + np.arange(8)[:, None] * [1, 0, 0, 0]
    sequence = Sequence("s", boxes)
    given_regions = {}

    def answer(command: Command) -> Report:
        if isinstance(command, Initialize):
            given_regions[command.frame] = command.region
        return Report(ELSEWHERE)

    drive(supervised(sequence, failure_overlap(sequence)), answer)
    assert {frame: region.tolist() for frame, region in given_regions.items()} == {
        0: [10, 10, 20, 20],
        6: [16, 10, 20, 20],
    }


# In 64ths of a pixel: shapely loses its way among numbers like 5e-324.
coordinate = st.integers(-50 * 64, 50 * 64).map(lambda number: number / 64)
size = st.integers(32, 60 * 64).map(lambda number: number / 64)


@given(st.tuples(coordinate, coordinate, size, size), st.tuples(coordinate, coordinate, size, size), st.floats(0, 3))
def test_exact_overlap_is_the_overlap_of_the_areas(a: tuple[float, ...], b: tuple[float, ...], turn: float) -> None:
    rectangle = np.array(a)
    x, y, w, h = b
    corners = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    polygon = (corners @ spin.T + [x, y]).ravel()
    ours = box(a[0], a[1], a[0] + a[2], a[1] + a[3])
    theirs = Polygon(polygon.reshape(-1, 2))
    expected = ours.intersection(theirs).area / ours.union(theirs).area
    assert exact_overlap(rectangle, polygon) == pytest.approx(expected, abs=1e-7)
    assert exact_overlap(polygon, rectangle) == pytest.approx(expected, abs=1e-7)


def test_a_reinitialisation_waits_until_the_target_is_back_in_the_image() -> None:
    boxes = np.tile(HERE, (10, 1))
    boxes[7:9] = [700, 10, 20, 20]
    assert _run(10, {2}, boxes) == [1, -1, 2, 0, 0, 0, 0, 0, 0, 1]
