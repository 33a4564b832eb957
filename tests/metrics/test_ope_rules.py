"""Each rule of one-pass evaluation does what it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import CONVENTIONS, build_measure
from siamfc_eval.metrics.ope.counts import success_thresholds
from siamfc_eval.metrics.ope.measure import OpeMeasure
from siamfc_eval.metrics.ope.rules import OpeRules
from siamfc_eval.protocols.trajectory import Code, Trajectory

PLAIN = CONVENTIONS["plain"].rules
RULES: dict[str, OpeRules] = {
    name: entry.rules for name, entry in CONVENTIONS.items() if isinstance(entry.rules, OpeRules)
}
BOX = np.array([10.0, 10.0, 20.0, 20.0])
AWAY = np.array([500.0, 500.0, 20.0, 20.0])
NOTHING = np.full(4, np.nan)


def sequence(*rows: np.ndarray, name: str = "one", **known: Any) -> Sequence:
    return Sequence(name, np.array(rows), **known)


def run(*rows: np.ndarray | Code) -> Trajectory:
    return Trajectory(tuple(rows))


def scores(rules: OpeRules, video: Sequence, *runs: Trajectory) -> dict[str, float]:
    measure = OpeMeasure("test", rules)
    return {key: float(value) for key, value in measure.finish(measure.statistics(video, runs)).items()}


def test_a_perfect_tracker_reaches_20_of_21_points() -> None:
    found = scores(PLAIN, sequence(BOX, BOX), run(BOX, BOX))
    assert found["success_auc"] == pytest.approx(20 / 21)
    assert found["precision_20"] == found["norm_precision_20"] == found["success_rate_50"] == 1
    assert found["average_overlap"] == 1


def test_the_first_frame_is_taken_replaced_or_dropped() -> None:
    video, wrong_first = sequence(BOX, BOX), run(AWAY, BOX)
    rates = {
        rule: scores(replace(PLAIN, first_frame=rule), video, wrong_first)["success_rate_50"]
        for rule in ("as-given", "ground-truth", "drop")
    }
    assert rates == {"as-given": 0.5, "ground-truth": 1.0, "drop": 1.0}


@pytest.mark.parametrize("bad", [NOTHING, np.array([10.0, 10.0, 0.0, 20.0]), np.array([10.0, 10.0, 20.0, -1.0])])
def test_a_bad_box_fails_or_takes_the_previous_one(bad: np.ndarray) -> None:
    video = sequence(BOX, BOX, BOX, BOX)
    answers = run(BOX, BOX, bad, bad)
    assert scores(PLAIN, video, answers)["success_rate_50"] == 0.5
    assert scores(replace(PLAIN, bad_prediction="previous"), video, answers)["success_rate_50"] == 1


def test_a_bad_first_box_has_no_previous_one() -> None:
    video = sequence(BOX, BOX)
    assert scores(replace(PLAIN, bad_prediction="previous"), video, run(NOTHING, NOTHING))["success_rate_50"] == 0


def test_the_previous_box_never_comes_from_another_sequence() -> None:
    measure = OpeMeasure("test", replace(PLAIN, bad_prediction="previous"))
    videos = [sequence(BOX, BOX, name="one"), sequence(BOX, BOX, name="two")]
    rows = measure.statistics_many(videos, [[run(BOX, BOX)], [run(NOTHING, BOX)]])
    assert measure.finish(rows)["success_rate_50"].tolist() == [1.0, 0.5]


def test_no_frame_without_ground_truth_takes_the_previous_box() -> None:
    # In the third frame there is nothing to find, and the fourth takes what the tracker said there.
    video = sequence(BOX, BOX, NOTHING, BOX)
    answers = run(BOX, BOX, np.array([500.0, 500.0, 0.0, 0.0]), NOTHING)
    rules = replace(PLAIN, bad_prediction="previous", valid_success="positive")
    assert scores(rules, video, answers)["success_rate_50"] == 0.5


def test_a_size_of_zero_takes_the_previous_box_and_the_rest_is_refused() -> None:
    rules = replace(PLAIN, bad_prediction="refuse-or-previous")
    video = sequence(BOX, BOX)
    assert scores(rules, video, run(BOX, np.array([10.0, 10.0, 0.0, 0.0])))["success_rate_50"] == 1
    for refused in (NOTHING, np.array([10.0, 10.0, -1.0, 5.0])):
        with pytest.raises(InputError, match="line 2"):
            scores(rules, video, run(BOX, refused))


@pytest.mark.parametrize(
    ("rule", "rate", "precision"), [("truncate", 1.0, 1.0), ("fail", 2 / 3, 2 / 3), ("zeros", 2 / 3, 1.0)]
)
def test_short_files_are_cut_or_filled(rule: Any, rate: float, precision: float) -> None:
    # The target sits in the corner of the image, so that a box of zeros is within 20 px of its centre.
    video = sequence(BOX, BOX, np.array([1.0, 1.0, 8.0, 8.0]))
    found = scores(replace(PLAIN, short_file=rule), video, run(BOX, BOX))
    assert found["success_rate_50"] == pytest.approx(rate)
    assert found["precision_20"] == pytest.approx(precision)


def test_padded_frames_fail_even_where_bad_boxes_take_the_previous_one() -> None:
    rules = replace(PLAIN, short_file="fail", bad_prediction="previous")
    assert scores(rules, sequence(BOX, BOX), run(BOX))["success_rate_50"] == 0.5


def test_other_lengths_are_refused_with_both_lengths() -> None:
    strict = replace(PLAIN, short_file="refuse", long_file="refuse")
    for rows in ((BOX,), (BOX, BOX, BOX)):
        with pytest.raises(InputError, match=f"{len(rows)} lines? for the 2 frames of one"):
            scores(strict, sequence(BOX, BOX), run(*rows))


def test_an_empty_run_is_refused_under_every_rule() -> None:
    with pytest.raises(InputError, match="0 lines"):
        scores(PLAIN, sequence(BOX, BOX), run())


def test_results_come_with_or_without_the_lead_in() -> None:
    video = sequence(AWAY, BOX, BOX, lead_in=1)
    strict = replace(PLAIN, short_file="refuse")
    assert scores(strict, video, run(BOX, BOX))["success_rate_50"] == 1
    assert scores(strict, video, run(BOX, BOX, BOX))["success_rate_50"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("validity", "valid"),
    [
        ("any", [True, True, True, True]),
        ("size", [True, True, True, False]),
        ("centre", [True, True, False, False]),
        ("positive", [True, False, False, False]),
    ],
)
def test_what_is_valid_ground_truth(validity: Any, valid: list[bool]) -> None:
    truth = [
        BOX,
        np.array([-2.0, 10.0, 20.0, 20.0]),  # begins before the image
        np.array([-30.0, 10.0, 20.0, 20.0]),  # its centre is before the image
        np.array([-1.0, 10.0, 0.0, 20.0]),  # has no width
    ]
    for box, good in zip(truth, valid, strict=True):
        video, answer = sequence(box), run(box)
        within = replace(PLAIN, valid_precision=validity, invalid_precision="fail")
        assert scores(within, video, answer)["precision_20"] == float(good)
        overlap = scores(replace(PLAIN, valid_success=validity), video, answer)["success_rate_50"]
        assert overlap == float(good and box[2] > 0)


@pytest.mark.parametrize(("outcome", "precision"), [("hit", 1.0), ("fail", 0.5)])
def test_invalid_ground_truth_is_a_hit_or_a_failure_in_precision(outcome: Any, precision: float) -> None:
    video = sequence(BOX, np.array([10.0, 10.0, 0.0, 0.0]))
    rules = replace(
        PLAIN,
        valid_precision="positive",
        invalid_precision=outcome,
        valid_norm="positive",
        invalid_norm=outcome,
    )
    found = scores(rules, video, run(BOX, AWAY))
    assert found["precision_20"] == found["norm_precision_20"] == precision


def test_unannotated_frames_count_as_invalid_or_not_at_all() -> None:
    video, answers = sequence(BOX, NOTHING), run(BOX, BOX)
    counted = replace(PLAIN, valid_success="positive", valid_precision="positive")
    assert scores(counted, video, answers)["success_rate_50"] == 0.5
    assert scores(counted, video, answers)["precision_20"] == 1
    left_out = scores(replace(PLAIN, unannotated="exclude"), video, answers)
    assert left_out["success_rate_50"] == left_out["precision_20"] == 1


def test_absent_frames_count_or_fail_or_are_left_out() -> None:
    video = sequence(BOX, BOX, BOX, BOX, absent=np.array([False, True, True, True]))
    answers = run(BOX, AWAY, AWAY, BOX)
    rates = {
        rule: scores(replace(PLAIN, absent=rule), video, answers)["success_rate_50"]
        for rule in ("count", "fail", "exclude")
    }
    assert rates == {"count": 0.5, "fail": 0.25, "exclude": 1.0}


def test_the_denominator_is_all_frames_or_the_valid_ones() -> None:
    video = sequence(BOX, np.array([10.0, 10.0, 0.0, 0.0]))
    rules = replace(PLAIN, valid_success="positive")
    assert scores(rules, video, run(BOX, BOX))["success_rate_50"] == 0.5
    assert scores(replace(rules, denominator="valid"), video, run(BOX, BOX))["success_rate_50"] == 1


def test_grids_differ_in_the_last_bit_and_this_decides_whole_pixel_overlaps() -> None:
    linspace = success_thresholds(OpeRules())
    colon = success_thresholds(OpeRules(grid="colon"))
    np.testing.assert_allclose(colon, linspace, atol=1e-15, rtol=0)
    between = np.flatnonzero(linspace > colon)
    assert between.size
    # 17/20 = .85 is above one threshold of this name and not above the other.
    video = sequence(np.array([0.0, 0.0, 20.0, 1.0]))
    answer = run(np.array([0.0, 0.0, 17.0, 1.0]))
    curves = [
        OpeMeasure("test", rules).finish_curves(OpeMeasure("test", rules).statistics(video, [answer]))["success"]
        for rules in (PLAIN, replace(PLAIN, grid="colon"))
    ]
    assert (linspace[17] < 0.85, colon[17] < 0.85) == (bool(curves[0][17]), bool(curves[1][17]))


def test_sequences_in_which_nothing_succeeds_may_leave_the_mean() -> None:
    videos = [sequence(BOX, name="one"), sequence(BOX, name="two")]
    runs = [[run(BOX)], [run(AWAY)]]
    for rule, rate in (("count", 0.5), ("drop", 1.0)):
        measure = OpeMeasure("test", replace(PLAIN, zero_curves=rule))
        total = measure.statistics_many(videos, runs).sum(axis=0)
        assert measure.finish(total)["success_rate_50"] == rate


def test_pooling_over_frames_weighs_long_sequences_more() -> None:
    videos = [sequence(BOX, name="one"), sequence(BOX, BOX, BOX, name="two")]
    runs = [[run(BOX)], [run(AWAY, AWAY, AWAY)]]
    for rule, rate in (("sequences", 0.5), ("frames", 0.25)):
        measure = OpeMeasure("test", replace(PLAIN, pooling=rule))
        assert measure.finish(measure.statistics_many(videos, runs).sum(axis=0))["success_rate_50"] == rate


def test_repetitions_are_pooled_within_their_sequence() -> None:
    found = scores(PLAIN, sequence(BOX, BOX), run(BOX, BOX), run(BOX, AWAY), run(AWAY, AWAY))
    assert found["success_rate_50"] == pytest.approx(0.5)


def test_segments_are_scored_against_the_end_of_the_sequence() -> None:
    video = sequence(AWAY, AWAY, BOX, BOX)
    rules = replace(PLAIN, alignment="segment")
    assert scores(rules, video, run(BOX, BOX))["success_rate_50"] == 1
    assert scores(rules, video, run(BOX, BOX), run(AWAY, AWAY, BOX, AWAY))["success_rate_50"] == pytest.approx(5 / 6)


def test_clipping_needs_the_size_of_the_image() -> None:
    half_outside = np.array([-10.0, 0.0, 20.0, 20.0])
    inside = np.array([0.0, 0.0, 10.0, 20.0])
    rules = replace(PLAIN, clip=True)
    # got10k moves the corner into the image and keeps the width: 20 x 20 against 10 x 20.
    assert scores(rules, sequence(inside, image_size=(100, 100)), run(half_outside))["average_overlap"] == 0.5
    assert scores(rules, sequence(inside), run(half_outside))["average_overlap"] == 0.5
    cut = np.array([95.0, 0.0, 5.0, 20.0])
    beyond = np.array([95.0, 0.0, 50.0, 20.0])
    assert scores(rules, sequence(cut, image_size=(100, 100)), run(beyond))["average_overlap"] == 1
    assert scores(rules, sequence(cut), run(beyond))["average_overlap"] == pytest.approx(0.1)


def test_got10k_on_its_own_benchmark_pools_frames_without_the_first() -> None:
    dataset = Dataset("got10k-val", (sequence(BOX, BOX, BOX, absent=np.array([False, True, False])),))
    measure = build_measure("got10k", dataset)
    assert measure.convention == "got10k-ao"
    found = measure.finish(measure.statistics(dataset.sequences[0], [run(AWAY, AWAY, BOX)]))
    assert {key: float(found[key]) for key in ("ao", "sr_50", "sr_75")} == {"ao": 1.0, "sr_50": 1.0, "sr_75": 1.0}
    assert len(measure.curves[0].x) == 101


def test_uav123_counts_unannotated_frames_as_failures_of_success_and_hits_of_precision() -> None:
    dataset = Dataset("uav123", (sequence(BOX, NOTHING),))
    for name in ("uav123", "pytracking"):
        measure = build_measure(name, dataset)
        found = measure.finish(measure.statistics(dataset.sequences[0], [run(BOX, AWAY)]))
        assert (float(found["success_rate_50"]), float(found["precision_20"])) == (0.5, 1.0), name
    got10k = build_measure("got10k", dataset)
    assert got10k.finish(got10k.statistics(dataset.sequences[0], [run(BOX, AWAY)]))["success_rate_50"] == 1


def test_lasot_keeps_absent_frames_in_the_denominator() -> None:
    dataset = Dataset("lasot", (sequence(BOX, BOX, absent=np.array([False, True])),))
    measure = build_measure("lasot", dataset)
    found = measure.finish(measure.statistics(dataset.sequences[0], [run(BOX, BOX)]))
    assert [float(found[key]) for key in ("success_rate_50", "precision_20", "norm_precision_20")] == [0.5, 0.5, 0.5]
    assert found["norm_precision_auc"] == 0.5


def test_reset_based_runs_are_not_one_pass() -> None:
    with pytest.raises(InputError, match="vot-official"):
        scores(PLAIN, sequence(BOX, BOX), run(BOX, Code.FAILED))


ROWS = st.one_of(
    hnp.arrays(np.float64, 4, elements=st.floats(-50, 300).map(lambda value: round(value, 1)) | st.just(np.nan)),
    st.just(BOX),
    st.just(NOTHING),
)


@st.composite
def videos(draw: st.DrawFn) -> tuple[Sequence, Trajectory]:
    length = draw(st.integers(1, 12))
    truth = draw(st.lists(ROWS, min_size=length, max_size=length))
    answers = draw(st.lists(ROWS, min_size=length, max_size=length))
    absent = draw(hnp.arrays(np.bool_, length))
    return sequence(*truth, absent=absent, origin=1.0, image_size=(200, 150)), run(*answers)


@given(videos(), st.sampled_from([name for name in RULES if not name.startswith("pytracking")]))
def test_scores_lie_between_0_and_1_and_curves_are_monotone(
    video: tuple[Sequence, Trajectory], convention: str
) -> None:
    measure = OpeMeasure(convention, RULES[convention])
    row = measure.statistics(video[0], [video[1]])
    assert np.isfinite(row).all()
    for value in measure.finish(row).values():
        assert np.isnan(value) or 0 <= value <= 1
    for key, curve in measure.finish_curves(row).items():
        steps = np.diff(curve[~np.isnan(curve)])
        assert (steps <= 0).all() if key == "success" else (steps >= 0).all()


@given(st.lists(videos(), min_size=1, max_size=5), st.sampled_from(["otb-matlab", "got10k", "got10k-ao", "lasot"]))
def test_many_sequences_at_once_are_the_same_as_one_by_one(
    pairs: list[tuple[Sequence, Trajectory]], convention: str
) -> None:
    measure = OpeMeasure(convention, RULES[convention])
    together = measure.statistics_many([video for video, _ in pairs], [[answer] for _, answer in pairs])
    alone = np.stack([measure.statistics(video, [answer]) for video, answer in pairs])
    np.testing.assert_array_equal(together, alone)


@given(st.lists(videos(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_resampled_sums_are_weighted_sums(pairs: list[tuple[Sequence, Trajectory]], random: Any) -> None:
    measure = OpeMeasure("got10k", RULES["got10k"])
    rows = measure.statistics_many([video for video, _ in pairs], [[answer] for _, answer in pairs])
    drawn = [random.randrange(len(rows)) for _ in rows]
    weights = np.bincount(drawn, minlength=len(rows)).astype(float)
    by_weight, by_hand = measure.finish(weights @ rows), measure.finish(rows[drawn].sum(axis=0))
    for key, value in by_weight.items():
        assert value == pytest.approx(by_hand[key], abs=1e-12, nan_ok=True)
