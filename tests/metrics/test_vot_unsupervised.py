"""Average overlap without resets, multi-start and long-term scores on cases that can be worked out by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Measure
from siamfc_eval.metrics.vot.longterm import precision_recall, quantile_thresholds
from siamfc_eval.metrics.vot.multistart import MultiStartMeasure
from siamfc_eval.metrics.vot.years import Interval
from siamfc_eval.protocols.multi_start import anchors
from siamfc_eval.protocols.trajectory import Code, Trajectory

TARGET = np.array([10.0, 10, 10, 10])
AWAY = np.array([60.0, 10, 10, 10])


def video(frames: int, name: str = "one", absent: slice | None = None) -> Sequence:
    boxes = np.tile(TARGET, (frames, 1))
    if absent is not None:
        boxes[absent] = np.nan
    return Sequence(name=name, boxes=boxes, image_size=(100, 100))


def run(text: str, confidences: list[float] | None = None) -> Trajectory:
    """I: initialisation, S: no answer, ".": hits, "-": misses."""
    meaning: dict[str, Region | Code] = {"I": Code.INITIALIZED, "S": Code.SKIPPED, ".": TARGET, "-": AWAY}
    sure = None if confidences is None else np.array(confidences)
    return Trajectory(tuple(meaning[letter] for letter in text), confidences=sure)


def total(measure: Measure, *pairs: tuple[Sequence, list[Trajectory]]) -> dict[str, float]:
    rows = [measure.statistics(sequence, runs) for sequence, runs in pairs]
    return {key: float(value) for key, value in measure.finish(np.sum(rows, axis=0)).items()}


# --- average overlap --------------------------------------------------------------------------------------------------


def test_average_overlap_counts_every_frame_officially_and_leaves_out_the_burn_in_in_the_toolkit() -> None:
    one = video(20)
    expected = {"vot-official-ao": 5 / 20, "vot-toolkit-ao": 5 / 10}
    for convention, value in expected.items():
        measure = build_measure(convention, Dataset("made-up", (one,)))
        assert total(measure, (one, [run("I" + "-" * 14 + "." * 5)]))["average_overlap"] == pytest.approx(value)


def test_average_overlap_pools_frames_or_weights_sequences_by_length() -> None:
    long, short = video(40, "long"), video(20, "short")
    pairs = ((long, [run("I" + "." * 39)]), (short, [run("I" + "-" * 19)]))
    for convention, value in (("vot-official-ao", 39 / 60), ("vot-toolkit-ao", 40 / 60)):
        measure = build_measure(convention, Dataset("made-up", (long, short)))
        assert total(measure, *pairs)["average_overlap"] == pytest.approx(value)


def test_frames_without_an_answer_overlap_nothing_and_repetitions_are_averaged() -> None:
    one = video(4)
    measure = build_measure("vot-official-ao", Dataset("made-up", (one,)))
    assert total(measure, (one, [run("IS.."), run("I---")]))["average_overlap"] == pytest.approx(1 / 4)


@settings(deadline=None, max_examples=30)
@given(st.text(".-S", min_size=1, max_size=30))
def test_the_success_curve_falls_from_the_share_of_frames_that_overlap_at_all(text: str) -> None:
    one = video(len(text))
    measure = build_measure("vot-official-ao", Dataset("made-up", (one,)))
    curve = measure.finish_curves(measure.statistics(one, [run(text)]))["success"]
    assert curve[0] == pytest.approx(text.count(".") / len(text))
    assert (np.diff(curve) <= 0).all()
    assert curve[-1] == 0


# --- multi-start ------------------------------------------------------------------------------------------------------


def multi_start(convention: str, *videos: Sequence, high: int = 8) -> MultiStartMeasure:
    measure = build_measure(convention, Dataset("made-up", videos))
    assert isinstance(measure, MultiStartMeasure)
    measure = dataclasses.replace(measure, interval=Interval(2, high, "this test"))
    return dataclasses.replace(measure, rules=dataclasses.replace(measure.rules, grace=3))


def perfect(sequence: Sequence) -> list[Trajectory]:
    return [run("I" + "." * (len(anchor.frames(len(sequence))) - 1)) for anchor in anchors(sequence)]


@pytest.mark.parametrize("convention", ["vot-multistart", "vot-toolkit-multistart"])
def test_perfect_runs_from_every_anchor_are_robust_and_count_the_initialisation_as_0(convention: str) -> None:
    one = video(20)
    runs = perfect(one)
    scores = total(multi_start(convention, one), (one, runs))
    frames = sum(len(each) for each in runs)
    assert scores == {
        "eao": 1.0,
        "robustness": 1.0,
        "accuracy": pytest.approx((frames - len(runs)) / frames),
    }


def test_a_run_ends_at_the_first_of_the_failing_frames_in_a_row() -> None:
    one = dataclasses.replace(video(20), tags={"anchor": np.arange(20) == 0})
    assert len(anchors(one)) == 1
    measure = multi_start("vot-multistart", one)
    scores = total(measure, (one, [run("I..--..---..........")]))
    assert scores["robustness"] == pytest.approx(7 / 20)
    assert scores["accuracy"] == pytest.approx(4 / 7)


@pytest.mark.parametrize(("convention", "beyond"), [("vot-multistart", 2 / 7), ("vot-toolkit-multistart", 2 / 6)])
def test_a_failed_run_goes_on_with_nothing_beyond_its_end(convention: str, beyond: float) -> None:
    one = dataclasses.replace(video(6), tags={"anchor": np.arange(6) == 0})
    measure = multi_start(convention, one)
    curve = measure.finish_curves(measure.statistics(one, [run("I..---")]))["eao"]
    assert curve[1:6] == pytest.approx([1, 1, 2 / 3, 2 / 4, 2 / 5])
    assert curve[7] == pytest.approx(beyond)


def test_robustness_weights_sequences_by_their_length() -> None:
    tags = {"anchor": np.arange(10) == 0}
    short = dataclasses.replace(video(10, "short"), tags=tags)
    long = dataclasses.replace(video(30, "long"), tags={"anchor": np.arange(30) == 0})
    measure = multi_start("vot-multistart", short, long)
    scores = total(measure, (short, [run("I" + "-" * 9)]), (long, [run("I" + "." * 29)]))
    assert scores["robustness"] == pytest.approx((10 * 0 + 30 * 1) / 40)


def test_frames_without_a_target_do_not_fail() -> None:
    one = dataclasses.replace(video(10, absent=slice(4, 8)), tags={"anchor": np.arange(10) == 0})
    scores = total(multi_start("vot-multistart", one), (one, [run("I...----..")]))
    assert scores["robustness"] == 1.0


def test_runs_that_belong_to_no_anchor_are_refused() -> None:
    one = video(20)
    with pytest.raises(InputError, match="one run for each of its"):
        multi_start("vot-multistart", one).statistics(one, [run("I" + "." * 19)])


# --- long-term --------------------------------------------------------------------------------------------------------


def test_precision_and_recall_at_each_threshold() -> None:
    overlaps, sure = np.array([0.0, 1.0, 0.5, 0.0]), np.array([-np.inf, 0.9, 0.8, 0.1])
    both = precision_recall(overlaps, sure, visible=3, thresholds=np.array([np.inf, 0.9, 0.5, 0.1, -np.inf]))
    assert both[0] == pytest.approx([1.0, 1.0, 0.75, 0.5, 0.5])
    assert both[1] == pytest.approx([0.0, 1 / 3, 0.5, 0.5, 0.5])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-3, 3)), min_size=1, max_size=60))
def test_recall_rises_as_the_threshold_falls(frames: list[tuple[float, float]]) -> None:
    overlaps, sure = (np.array(column) for column in zip(*frames, strict=True))
    thresholds = quantile_thresholds(sure, 12)
    precision, recall = precision_recall(overlaps, sure, len(frames), thresholds)
    assert (np.diff(thresholds) <= 0).all()
    assert (np.diff(recall) >= -1e-12).all()
    assert ((precision >= 0) & (precision <= 1 + 1e-12) & (recall <= 1 + 1e-12)).all()
    assert recall[-1] == pytest.approx(overlaps.mean())


def test_thresholds_are_quantiles_between_minus_and_plus_infinity() -> None:
    assert quantile_thresholds(np.arange(3.0), 6).tolist() == [np.inf, 2, 1, 0, 0, -np.inf]
    many = quantile_thresholds(np.arange(1000.0), 12)
    assert many[1:-1].tolist() == [999 - round(place) for place in np.linspace(100, 900, 10)]


@pytest.mark.parametrize("convention", ["vot-longterm", "vot-toolkit-longterm"])
def test_a_tracker_that_knows_when_the_target_is_gone_beats_one_that_does_not(convention: str) -> None:
    one = video(40, absent=slice(20, 40))
    measure = build_measure(convention, Dataset("made-up", (one,)))
    text = "I" + "." * 39
    knows = total(measure, (one, [run(text, [np.nan] + [0.9] * 19 + [0.1] * 20)]))
    ignorant = total(measure, (one, [run(text, [np.nan] + [0.9] * 39)]))
    assert knows["tracking_precision"] == 1.0
    assert knows["tracking_recall"] == pytest.approx(19 / 20)
    assert knows["f_score"] == pytest.approx(2 * 0.95 / 1.95)
    assert ignorant["tracking_precision"] == pytest.approx(19 / 39)
    assert ignorant["f_score"] < knows["f_score"]


def test_thresholds_are_of_all_sequences_and_curves_are_averaged_over_them() -> None:
    first, second = video(5, "first"), video(5, "second")
    measure = build_measure("vot-longterm", Dataset("made-up", (first, second)))
    runs = [[run("I....", [0, 4, 4, 4, 4])], [run("I----", [0, 1, 1, 1, 1])]]
    rows = measure.statistics_many([first, second], runs)  # type: ignore[attr-defined]
    scores = measure.finish(rows.sum(axis=0))
    # Above 1 only the first sequence reports: precision (1 + 1) / 2, recall (4/5 + 0) / 2.
    assert scores["tracking_precision"] == 1.0
    assert scores["tracking_recall"] == pytest.approx(0.4)


def test_a_run_of_another_length_or_without_confidences() -> None:
    one = video(5)
    measure = build_measure("vot-longterm", Dataset("made-up", (one,)))
    with pytest.raises(InputError, match="4 lines for the 5 frames"):
        measure.statistics(one, [run("I...")])
    assert "no confidences" in measure.check(one, run("I...."))  # type: ignore[attr-defined]
