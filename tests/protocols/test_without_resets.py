"""One pass, unsupervised, long-term and multi-start: a tracker is started and left alone."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.commands import Command, Initialize, Report, Steps
from siamfc_eval.protocols.multi_start import Anchor, anchors, multi_start
from siamfc_eval.protocols.one_pass import long_term, one_pass, unsupervised
from siamfc_eval.protocols.replay import drive
from siamfc_eval.protocols.temporal_robustness import tre
from siamfc_eval.protocols.trajectory import Code, Trajectory

POLYGON = np.array([10.0, 20.0, 30.0, 25.0, 28.0, 45.0, 8.0, 40.0])


def _sequence(length: int = 5, **fields: object) -> Sequence:
    boxes = np.column_stack([np.arange(length), np.arange(length) * 2.0, np.full(length, 10.0), np.full(length, 20.0)])
    return Sequence("s", boxes, **fields)  # type: ignore[arg-type]


def _run(protocol: Steps) -> tuple[Trajectory, list[Command]]:
    """A tracker that answers (frame, frame, 1, 1) after frame + 1 seconds with confidence frame / 10."""
    asked: list[Command] = []

    def answer(command: Command) -> Report:
        asked.append(command)
        frame = float(command.frame)
        region = command.region if isinstance(command, Initialize) else np.array([frame, frame, 1.0, 1.0])
        return Report(region, frame + 1, frame / 10)

    return drive(protocol, answer), asked


def test_one_pass_starts_with_the_ground_truth_and_records_times_and_confidences() -> None:
    sequence = _sequence()
    trajectory, asked = _run(one_pass(sequence))
    assert [type(command).__name__ for command in asked] == ["Initialize"] + ["Update"] * 4
    assert [command.frame for command in asked] == [0, 1, 2, 3, 4]
    assert np.array_equal(trajectory.boxes()[0], sequence.boxes[0])
    assert np.array_equal(trajectory.boxes()[3], [3, 3, 1, 1])
    assert trajectory.times is not None
    assert trajectory.times.tolist() == [1, 2, 3, 4, 5]
    assert trajectory.confidences is not None
    assert np.allclose(trajectory.confidences, [0, 0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("protocol", [unsupervised, long_term])
def test_vot_runs_without_resets_begin_with_the_code_for_an_initialisation(protocol: object) -> None:
    trajectory, _ = _run(protocol(_sequence()))  # type: ignore[operator]
    assert trajectory.entries[0] is Code.INITIALIZED
    assert not any(isinstance(entry, Code) for entry in trajectory.entries[1:])


def answered(asked: list[Command], command: Command) -> Report:
    asked.append(command)
    return Report(POLYGON)


def test_one_pass_files_hold_boxes_whatever_a_tracker_takes_and_answers() -> None:
    sequence = _sequence(regions=(POLYGON,) * 5)
    box = [8, 20, 22, 25]
    for protocol in (one_pass(sequence, polygons=True), tre(sequence, 0, polygons=True)):
        asked: list[Command] = []
        trajectory = drive(protocol, partial(answered, asked))
        assert isinstance(asked[0], Initialize)
        assert np.array_equal(asked[0].region, POLYGON)
        assert [entry.tolist() for entry in trajectory.entries] == [box] * 5  # type: ignore[union-attr]


def test_a_rectangle_tracker_gets_the_bounding_box_of_a_polygon() -> None:
    sequence = _sequence(regions=(POLYGON,) * 5)
    _, asked = _run(unsupervised(sequence))
    assert isinstance(asked[0], Initialize)
    assert np.array_equal(asked[0].region, [8, 20, 22, 25])


def test_a_polygon_tracker_gets_the_polygon() -> None:
    _, asked = _run(unsupervised(_sequence(regions=(POLYGON,) * 5), polygons=True))
    assert isinstance(asked[0], Initialize)
    assert np.array_equal(asked[0].region, POLYGON)


def test_what_a_tracker_says_is_recorded_even_if_it_is_no_number() -> None:
    trajectory = drive(one_pass(_sequence()), lambda command: Report(np.full(4, np.nan)))
    assert len(trajectory) == 5
    assert np.isnan(trajectory.boxes()[1:]).all()


@pytest.mark.parametrize(
    ("box", "complaint"),
    [
        ([np.nan] * 4, r"'s', frame 1 of 5: .* ground truth \[nan, nan, nan, nan\]"),
        ([1, 1, 0, 5], r"an area above zero"),
        ([700, 10, 20, 20], r"outside the image of 640 x 480"),
        ([-30, 10, 20, 20], r"outside the image of 640 x 480"),
    ],
)
def test_ground_truth_that_is_no_target_cannot_start_a_tracker(box: list[float], complaint: str) -> None:
    boxes = np.tile(np.array(box, dtype=float), (5, 1))
    with pytest.raises(InputError, match=complaint):
        next(one_pass(Sequence("s", boxes, image_size=(640, 480))))


def test_a_target_half_outside_the_image_can_start_a_tracker() -> None:
    boxes = np.tile([-5.0, 10, 20, 20], (5, 1))
    assert next(one_pass(Sequence("s", boxes, image_size=(640, 480)))).frame == 0


def test_anchors_stand_every_fifty_frames_and_at_the_end_and_run_to_the_farther_end() -> None:
    assert anchors(_sequence(121)) == (Anchor(0, True), Anchor(50, True), Anchor(100, False), Anchor(120, False))


def test_an_anchor_without_ground_truth_moves_on_in_the_direction_of_its_run() -> None:
    sequence = _sequence(121)
    sequence.boxes[50:53] = np.nan
    sequence.boxes[119:] = np.nan
    assert [anchor.frame for anchor in anchors(sequence)] == [0, 53, 100, 118]


def test_anchors_of_the_data_set_are_taken_where_it_has_some() -> None:
    tag = np.zeros(60, dtype=bool)
    tag[[7, 40]] = True
    assert anchors(_sequence(60, tags={"anchor": tag})) == (Anchor(7, True), Anchor(40, False))


def test_a_backward_run_sees_the_frames_from_its_anchor_to_the_first() -> None:
    trajectory, asked = _run(multi_start(_sequence(6), Anchor(4, forward=False)))
    assert [command.frame for command in asked] == [4, 3, 2, 1, 0]
    assert trajectory.entries[0] is Code.INITIALIZED
    assert trajectory.boxes()[1:, 0].tolist() == [3, 2, 1, 0]
