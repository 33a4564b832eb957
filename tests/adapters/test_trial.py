"""A tracker tried on five drawn frames: each thing that can be wrong with its answers is named, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.adapters.trial import Finding, TrackerReport, check_tracker
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import TrackerError
from siamfc_eval.synthetic.trial import red_and_blue_exchanged, trial_sequence
from siamfc_eval.tracking.tracker import Output


class RedFinder:
    """Answers the box of all that is red: exact on the drawn frames. Its faults are switched on one by one."""

    name = "red-finder"
    is_deterministic = True
    red = 0
    """The channel that it takes for red."""

    def init(self, frame: Frame, region: np.ndarray) -> Any:
        return np.array(region)

    def update(self, state: Any, frame: Frame) -> tuple[Any, Output]:
        pixels = frame.pixels.astype(int)
        rows, columns = np.nonzero(pixels[..., self.red] > pixels[..., 2 - self.red] + 50)
        x, y = columns.min(), rows.min()
        box = np.array([x, y, columns.max() - x + 1, rows.max() - y + 1], dtype=float)
        return state, Output(self.changed(box), 0.5)

    def changed(self, box: np.ndarray) -> np.ndarray:
        return box


def _with(change: Callable[[np.ndarray], np.ndarray]) -> type[RedFinder]:
    class Faulty(RedFinder):
        def changed(self, box: np.ndarray) -> np.ndarray:
            return change(box)

    return Faulty


def _found(report: TrackerReport, about: str) -> Finding:
    return next(finding for finding in report.findings if finding.about == about)


def _wrong(report: TrackerReport) -> list[str]:
    return [finding.about for finding in report.findings if finding.level == "wrong"]


def test_the_target_rests_and_then_moves_and_has_a_blue_twin() -> None:
    sequence = trial_sequence()
    assert sequence.frames is not None
    assert len(sequence) == len(sequence.frames) == 5
    x, y, w, h = sequence.boxes[-1].astype(int)
    inside = sequence.frames[4].pixels[y : y + h, x : x + w].astype(int)
    assert (inside[..., 0] > inside[..., 2] + 50).all()
    exchanged = red_and_blue_exchanged(sequence)
    assert exchanged.frames is not None
    assert np.array_equal(exchanged.frames[4].pixels[..., ::-1], sequence.frames[4].pixels)


def test_nothing_is_wrong_with_one_that_answers_exactly() -> None:
    report = check_tracker(RedFinder)
    assert report.ok
    assert _found(report, "colour order").text.startswith("RGB is what it expects")
    assert "mean overlap 1.00" in _found(report, "answers").text
    assert report.to_json()["ok"] is True


def test_one_that_takes_blue_for_red_expects_the_other_order() -> None:
    class Exchanged(RedFinder):
        red = 2

    report = check_tracker(Exchanged)
    assert _wrong(report) == ["colour order"]
    assert "it expects BGR and is given RGB" in _found(report, "colour order").text


@pytest.mark.parametrize("pixel", [1.0, -1.0])
def test_a_box_one_pixel_off_is_an_origin(pixel: float) -> None:
    report = check_tracker(_with(lambda box: box + np.array([pixel, pixel, 0, 0])))
    assert _wrong(report) == ["box origin"]
    assert f"{pixel:+g}, {pixel:+g} pixels off" in _found(report, "box origin").text


def test_a_box_half_a_pixel_off_is_no_origin() -> None:
    assert check_tracker(_with(lambda box: box + np.array([0.5, 0.5, 0, 0]))).ok


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda box: np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]]), "two corners"),
        (lambda box: np.array([box[0] + box[2] / 2, box[1] + box[3] / 2, box[2], box[3]]), "a centre"),
        (lambda box: box[[1, 0, 3, 2]], "rows before columns"),
        (lambda box: box / [320, 240, 320, 240], "fractions"),
    ],
)
def test_boxes_in_another_form_are_named(change: Callable[[np.ndarray], np.ndarray], name: str) -> None:
    report = check_tracker(_with(change))
    assert "box layout" in _wrong(report)
    assert f"look like {name}" in _found(report, "box layout").text


def test_what_is_left_of_another_sequence_is_seen() -> None:
    class Leaky(RedFinder):
        starts = 0

        def init(self, frame: Frame, region: np.ndarray) -> Any:
            self.starts += 1
            return super().init(frame, region)

        def changed(self, box: np.ndarray) -> np.ndarray:
            return box + np.array([0, 0, 0.25 * (self.starts > 1), 0])

    report = check_tracker(Leaky)
    assert "sequences" in _wrong(report)
    assert "differ by up to 0.25" in _found(report, "sequences").text


class Random(RedFinder):
    """Draws from numpy's generator, which is seeded for it."""

    def changed(self, box: np.ndarray) -> np.ndarray:
        return box + np.array([0, 0, np.random.rand(), 0])  # noqa: NPY002


def test_one_that_draws_numbers_may_not_call_itself_deterministic() -> None:
    report = check_tracker(Random)
    assert _wrong(report) == ["determinism"]

    class Honest(Random):
        is_deterministic = False

    report = check_tracker(Honest)
    assert report.ok
    assert "depend on the seed" in _found(report, "determinism").text


def test_one_with_a_generator_of_its_own_cannot_be_repeated() -> None:
    generator = np.random.default_rng()

    class Own(RedFinder):
        is_deterministic = False

        def changed(self, box: np.ndarray) -> np.ndarray:
            return box + np.array([0, 0, generator.random(), 0])

    report = check_tracker(Own)
    assert report.ok
    assert _found(report, "determinism").level == "warning"
    assert "not determined" in _found(report, "sequences").text


def test_one_that_is_deterministic_without_saying_so_learns_what_that_costs() -> None:
    class Modest(RedFinder):
        is_deterministic = False

    assert "is_deterministic = True spares" in _found(check_tracker(Modest), "determinism").text


def test_answers_of_nan_and_lost_targets_are_warnings() -> None:
    lost = check_tracker(_with(lambda box: box + np.array([100, 0, 0, 0])))
    assert lost.ok
    assert "the target was lost" in _found(lost, "answers").text
    absent = check_tracker(_with(lambda box: box * np.nan))
    assert absent.ok
    assert "frame 2, 3, 4, 5" in _found(absent, "answers").text


def test_one_that_can_start_once_only_has_failed() -> None:
    class Once(RedFinder):
        started = False

        def init(self, frame: Frame, region: np.ndarray) -> Any:
            if self.started:
                raise TrackerError("it has started already")
            self.started = True
            return super().init(frame, region)

    report = check_tracker(Once)
    assert not report.ok
    assert "a second sequence" in report.failure


def test_a_catalogue_tracker_that_does_not_move_is_a_warning() -> None:
    report = check_tracker(lambda: load_tracker("static"))
    assert report.ok
    assert _found(report, "answers").level == "warning"
