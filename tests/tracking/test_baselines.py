"""Baselines: the static box, and OpenCV's own trackers as far as they are installed."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError
from siamfc_eval.tracking.families.opencv import ALGORITHMS, OpenCVTracker, installed_algorithms
from siamfc_eval.tracking.families.static import StaticTracker
from siamfc_eval.tracking.tracker import BatchTracker, Tracker

START = np.array([160.0, 120.0, 48.0, 48.0])


def test_static_repeats_the_start_box(blob_at: Callable[..., Frame]) -> None:
    tracker = StaticTracker()
    assert isinstance(tracker, BatchTracker)
    state = tracker.init(blob_at(START), START)
    for shift in (10, 20):
        state, output = tracker.update(state, blob_at(START, shift))
        np.testing.assert_array_equal(output.region, START)
        output.region[:] = -1


def test_mil_follows_a_blob_and_does_so_twice_alike(blob_at: Callable[..., Frame]) -> None:
    if "MIL" not in installed_algorithms():
        pytest.skip("the installed OpenCV has no MIL")
    tracker = OpenCVTracker("mil", "MIL")
    assert isinstance(tracker, Tracker)
    runs = []
    for _ in range(2):
        state, boxes = tracker.init(blob_at(START), START), []
        for step in range(1, 4):
            state, output = tracker.update(state, blob_at(START, 4.0 * step))
            boxes.append(output.region)
        runs.append(np.array(boxes))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0][-1, :2] - START[:2] - [12, 0]).max() < 12


def test_mil_answers_alike_whatever_was_tracked_before_and_by_any_number_of_threads(textured: list[Frame]) -> None:
    if "MIL" not in installed_algorithms():
        pytest.skip("the installed OpenCV has no MIL")
    tracker, before, runs = OpenCVTracker("mil", "MIL"), cv2.getNumThreads(), []
    try:
        for threads in (1, 1, 4):
            cv2.setNumThreads(threads)
            state = tracker.init(textured[0], np.array([80.0, 60.0, 40.0, 50.0]))
            regions = []
            for frame in textured[1:]:
                state, output = tracker.update(state, frame)
                regions.append(output.region)
            runs.append(np.array(regions))
    finally:
        cv2.setNumThreads(before)
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_an_algorithm_that_is_not_installed_is_named_with_those_that_are() -> None:
    absent = next((name for name in ALGORITHMS if name not in installed_algorithms()), None)
    if absent is None:
        pytest.skip("the installed OpenCV has all algorithms")
    with pytest.raises(InputError, match=f"has no {absent}; it has .*contrib"):
        OpenCVTracker("x", absent)
    with pytest.raises(UnknownNameError, match="Did you mean CSRT"):
        OpenCVTracker("x", "CSTR")


def test_frames_that_change_size_are_an_error_and_not_a_crash(
    blob_at: Callable[..., Frame], textured: list[Frame]
) -> None:
    if "MIL" not in installed_algorithms():
        pytest.skip("the installed OpenCV has no MIL")
    tracker = OpenCVTracker("mil", "MIL")
    state = tracker.init(blob_at(START), START)
    with pytest.raises(TrackerError, match="frames of one size"):
        tracker.update(state, textured[0])
