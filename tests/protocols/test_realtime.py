"""Frames do not wait: the two clocks, the grace, and what is repeated."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Command, Initialize, Report
from siamfc_eval.protocols.one_pass import unsupervised
from siamfc_eval.protocols.realtime import ClockName, realtime
from siamfc_eval.protocols.replay import drive
from siamfc_eval.protocols.supervised import failure_overlap, supervised
from siamfc_eval.protocols.trajectory import Code

INTERVAL = 0.05


def _processed(
    seconds: float, clock: ClockName, length: int = 13, grace: int = 0, times: np.ndarray | None = None
) -> list[int]:
    """The frames that a tracker is asked for, if each call takes `seconds`."""
    sequence = Sequence("s", np.tile([10.0, 10, 20, 20], (length, 1)))
    asked = []

    def answer(command: Command) -> Report:
        asked.append(command.frame)
        return Report(np.array([command.frame, 0, 1.0, 1.0]), seconds)

    drive(realtime(unsupervised(sequence), INTERVAL, grace, clock, times), answer)
    return asked


@pytest.mark.parametrize("clock", ["honest", "vot-toolkit"])
def test_a_tracker_that_keeps_up_sees_every_frame(clock: ClockName) -> None:
    assert _processed(INTERVAL, clock) == list(range(13))


def test_at_twice_the_interval_the_honest_clock_skips_every_second_frame_and_the_toolkit_none() -> None:
    assert _processed(2 * INTERVAL, "honest") == [0, 2, 4, 6, 8, 10, 12]
    assert _processed(2 * INTERVAL, "vot-toolkit") == list(range(13))


@pytest.mark.parametrize(("factor", "honest", "toolkit"), [(1.5, 2, 1), (2.5, 3, 2), (3.0, 3, 2), (4.0, 4, 3)])
def test_every_how_manieth_frame_is_seen(factor: float, honest: int, toolkit: int) -> None:
    assert np.diff(_processed(factor * INTERVAL, "honest")).tolist() == [honest] * (12 // honest)
    assert np.diff(_processed(factor * INTERVAL, "vot-toolkit")).tolist() == [toolkit] * (12 // toolkit)


@pytest.mark.parametrize("clock", ["honest", "vot-toolkit"])
def test_grace_makes_the_first_slow_calls_free(clock: ClockName) -> None:
    assert _processed(4 * INTERVAL, clock, grace=3)[:4] == [0, 1, 2, 3]
    assert _processed(4 * INTERVAL, clock, grace=3)[4] > 4


def test_a_frame_that_is_not_processed_repeats_the_last_region_and_has_no_time() -> None:
    sequence = Sequence("s", np.tile([10.0, 10, 20, 20], (7, 1)))
    trajectory = drive(
        realtime(unsupervised(sequence), INTERVAL, grace=0),
        lambda command: Report(np.array([command.frame, 0, 1.0, 1.0]), 3 * INTERVAL, confidence=command.frame),
    )
    assert trajectory.entries[0] is Code.INITIALIZED
    assert trajectory.boxes()[1:, 0].tolist() == [0, 0, 3, 3, 3, 6]
    assert trajectory.times is not None
    assert np.isnan(trajectory.times).tolist() == [False, True, True, False, True, True, False]


def test_given_times_stand_in_for_measured_ones() -> None:
    times = np.full(13, INTERVAL / 2)
    times[4] = 3 * INTERVAL
    assert _processed(np.nan, "honest", times=times) == [0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 12]


def test_given_times_are_not_recorded_as_measured_ones() -> None:
    sequence = Sequence("s", np.tile([10.0, 10, 20, 20], (4, 1)))
    for measured in (np.nan, 0.5):
        run = realtime(unsupervised(sequence), INTERVAL, seconds=0.01)
        report = Report(sequence.boxes[0], measured)
        trajectory = drive(run, lambda _, report=report: report)  # type: ignore[misc]
        np.testing.assert_array_equal(trajectory.times, [measured] * 4)


def test_a_run_without_times_is_refused() -> None:
    with pytest.raises(ValueError, match="needs the tracker's time"):
        _processed(np.nan, "honest")


def test_a_reset_starts_the_clock_and_the_grace_anew() -> None:
    truth = np.tile([10.0, 10, 20, 20], (12, 1))
    sequence = Sequence("s", truth)
    asked: list[tuple[str, int]] = []

    def answer(command: Command) -> Report:
        asked.append((type(command).__name__, command.frame))
        lost = command.frame == 2
        return Report(truth[0] + 500 * lost, 2 * INTERVAL)

    trajectory = drive(realtime(supervised(sequence, failure_overlap(sequence)), INTERVAL, grace=2), answer)
    codes = [int(entry) if isinstance(entry, Code) else -1 for entry in trajectory.entries]
    assert codes == [1, -1, 2, 0, 0, 0, 0, 1, -1, -1, -1, -1]
    assert [frame for name, frame in asked if name == "Initialize"] == [0, 7]
    assert [frame for _, frame in asked] == [0, 1, 2, 7, 8, 9, 11]


def test_a_repeated_region_can_fail() -> None:
    truth = np.array([[10.0 + 30 * frame, 10, 20, 20] for frame in range(4)])
    sequence = Sequence("s", truth)

    def answer(command: Command) -> Report:
        region = command.region if isinstance(command, Initialize) else truth[command.frame]
        return Report(region, 3 * INTERVAL)

    trajectory = drive(realtime(supervised(sequence, failure_overlap(sequence)), INTERVAL, grace=0), answer)
    assert trajectory.entries[1] is Code.FAILED


@given(st.lists(st.floats(0.001, 0.4), min_size=30, max_size=30))
def test_under_the_honest_clock_no_frame_is_processed_before_the_tracker_is_free(seconds: list[float]) -> None:
    asked = _processed(np.nan, "honest", length=30, times=np.array(seconds))
    for frame, following in itertools.pairwise(asked):
        free = frame * INTERVAL + seconds[frame]
        assert following * INTERVAL >= free - 1e-6
        assert following == frame + 1 or (following - 1) * INTERVAL < free
