"""What is worth a look in a run: failures, leaps to something else, and the lowest overlap."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.trajectory import Code, Entry, RunPlace, Trajectory
from siamfc_eval.viewing.timeline import Timeline, timeline

SIZE = 20.0


def drifting(frames: int = 12) -> Sequence:
    """A target that moves two pixels to the right in each frame."""
    x = 2.0 * np.arange(frames)
    return Sequence("walk", np.stack([x, np.full(frames, 5.0), np.full(frames, SIZE), np.full(frames, SIZE)], axis=1))


def run_of(sequence: Sequence, shifts: dict[int, float]) -> Timeline:
    """A tracker that is right but for a shift to the right in some frames."""
    boxes = sequence.boxes.copy()
    for frame, shift in shifts.items():
        boxes[frame, 0] += shift
    return timeline("it", Trajectory(tuple(boxes)), sequence)


def test_a_leap_to_something_else_is_told_from_drifting_away() -> None:
    leaping = run_of(drifting(), dict.fromkeys(range(6, 12), 60.0))
    assert leaping.leaps == (6,)
    assert leaping.failures == (6,)
    away = run_of(drifting(), {frame: 8.0 * (frame - 4) for frame in range(4, 12)})
    assert away.leaps == ()
    assert away.failures == (7,)  # 24 px from a target of 20


def test_a_target_that_jumps_itself_makes_no_leap() -> None:
    sequence = drifting()
    sequence.boxes[6:, 0] += 60.0
    stays = timeline("it", Trajectory(tuple(drifting().boxes)), sequence)
    assert stays.leaps == ()
    assert stays.failures == (6,)


def test_moments_come_in_order_and_failures_before_low_overlaps() -> None:
    one = run_of(drifting(), {3: 5.0} | dict.fromkeys(range(8, 12), 60.0))
    assert [(moment.frame, moment.kind) for moment in one.moments()] == [(3, "lowest overlap"), (8, "failure")]
    assert [moment.kind for moment in one.moments(most=1)] == ["failure"]
    assert one.moments()[0].overlap == pytest.approx(15 / 25)


def test_recorded_failures_count_and_the_first_frame_of_a_reset_is_the_ground_truths() -> None:
    sequence = drifting(8)
    good = list(sequence.boxes)
    entries: list[Entry] = [Code.INITIALIZED, good[1], Code.FAILED, Code.SKIPPED, Code.SKIPPED, Code.INITIALIZED]
    one = timeline("it", Trajectory((*entries, good[6], good[7])), sequence)
    assert one.failures == (2,)
    assert np.array_equal(one.regions[5], sequence.boxes[5])
    assert one.regions[3] is None
    assert one.overlaps[2] == 0.0
    assert np.isnan(one.overlaps[[0, 3, 4, 5]]).all()
    assert one.overlaps[[1, 6, 7]] == pytest.approx(1.0)


def test_a_run_that_starts_late_or_goes_backward_lies_where_it_ran() -> None:
    sequence = drifting()
    late = timeline("it", Trajectory(tuple(sequence.boxes[4:]), place=RunPlace("file", start=4)), sequence)
    assert np.isnan(late.overlaps[:4]).all()
    assert late.overlaps[4:] == pytest.approx(1.0)
    led_in = dataclasses.replace(sequence, lead_in=5)
    after = timeline("it", Trajectory(tuple(sequence.boxes[5:])), led_in)
    assert np.isnan(after.overlaps[:5]).all()
    assert after.overlaps[5:] == pytest.approx(1.0)
    back = timeline("it", Trajectory(tuple(sequence.boxes[6::-1])), sequence, range(6, -1, -1))
    assert back.overlaps[:7] == pytest.approx(1.0)
    assert back.regions[7] is None


def test_frames_without_an_answer_or_annotation_have_no_overlap_and_are_no_failure() -> None:
    sequence = drifting()
    sequence.boxes[5] = np.nan
    boxes = drifting().boxes
    boxes[7] = np.nan
    one = timeline("it", Trajectory(tuple(boxes), confidences=np.linspace(0, 1, 12)), sequence)
    assert np.isnan(one.overlaps[[5, 7]]).all()
    assert one.failures == ()
    assert one.regions[7] is None
    assert one.confidences is not None
    assert one.confidences[11] == 1.0
