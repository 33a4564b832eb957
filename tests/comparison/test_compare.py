"""Intervals cover, tests keep their level, and what cannot be compared is said."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamfc_eval.comparison.compare import _resampled_ranks, compare
from siamfc_eval.comparison.permutation import PValue, SwapTest
from siamfc_eval.comparison.resampling import (
    bca_interval,
    holm,
    resampling_weights,
    weighted_scores,
)
from siamfc_eval.errors import IncompleteError, UnknownNameError
from siamfc_eval.metrics.scores import Measure, Metric, Reduction, Scores, TrackerScores
from siamfc_eval.metrics.vot.conventions import VOT_OFFICIAL
from siamfc_eval.metrics.vot.supervised import SupervisedMeasure
from siamfc_eval.metrics.vot.years import Interval


def mean_of(statistics: np.ndarray) -> np.ndarray:
    """Row = (value, 1)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return statistics[..., 0] / statistics[..., 1]


def rows_of(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones_like(values)], axis=1)


class MeanMeasure:
    """Mean of a value, and its negative as a metric of which less is better."""

    metrics = (Metric("mean", "Mean", "higher"), Metric("loss", "Loss", "lower", low=-1.0, high=0.0))
    curves = ()

    def finish(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        return {"mean": mean_of(statistics), "loss": -mean_of(statistics)}

    def finish_curves(self, statistics: np.ndarray) -> dict[str, np.ndarray]:
        return {}


def scores_of(**trackers: np.ndarray) -> Scores:
    count = len(next(iter(trackers.values())))
    return Scores(
        dataset="toy",
        convention="mean",
        signature="toy|conv:mean",
        measure=cast(Measure, MeanMeasure()),
        sequences=tuple(f"s{i}" for i in range(count)),
        trackers={
            name: TrackerScores(name, {}, {}, {}, {}, statistics=rows_of(values)) for name, values in trackers.items()
        },
    )


def test_weights_draw_every_resample_with_as_many_sequences() -> None:
    weights = resampling_weights(7, 50, seed=1)
    assert weights.shape == (50, 7)
    assert (weights.sum(axis=1) == 7).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_a_weighting_equals_repeating_the_rows(values: list[float], seed: int) -> None:
    rows = rows_of(np.array(values))
    weights = resampling_weights(len(rows), 3, seed)
    expected = [np.repeat(rows[:, 0], row.astype(int)).mean() for row in weights]
    assert weighted_scores(rows, weights, mean_of) == pytest.approx(expected)


def test_interval_agrees_with_scipy() -> None:
    from scipy.stats import bootstrap

    values = np.random.default_rng(3).beta(2, 5, size=60)
    rows = rows_of(values)
    ours = bca_interval(rows, weighted_scores(rows, resampling_weights(60, 20_000, 0), mean_of), mean_of, 0.95)
    peer = bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(1)).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(peer.low, abs=0.003)
    assert ours.high == pytest.approx(peer.high, abs=0.003)


def test_interval_covers_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    weights = resampling_weights(40, 400, 0)
    covered = 0
    for _ in range(300):
        rows = rows_of(generator.exponential(size=40))
        interval = bca_interval(rows, weighted_scores(rows, weights, mean_of), mean_of, 0.9)
        covered += interval.low <= 1.0 <= interval.high
    assert 0.83 <= covered / 300 <= 0.96


def swap_test(a: np.ndarray, b: np.ndarray, seed: int = 0, finish: Callable[..., np.ndarray] = mean_of) -> PValue:
    return SwapTest(len(a), finish, seed)(a if a.ndim == 2 else rows_of(a), b if b.ndim == 2 else rows_of(b))


def brute_p(a: np.ndarray, b: np.ndarray, finish: Callable[..., np.ndarray], swaps: int = 100_000) -> float:
    """The share of random swaps whose difference is at least the observed one."""
    generator = np.random.default_rng(11)
    observed = abs(finish(a.sum(axis=0)) - finish(b.sum(axis=0)))
    reached = 0
    for _ in range(swaps // 10_000):
        swapped = generator.integers(0, 2, (10_000, len(a))).astype(np.float64)
        moved = swapped @ (b - a)
        reached += int(np.sum(np.abs(finish(a.sum(0) + moved) - finish(b.sum(0) - moved)) >= observed - 1e-12))
    return reached / swaps


def test_permutation_test_is_exact_for_few_sequences_and_agrees_with_scipy() -> None:
    from scipy.stats import permutation_test

    generator = np.random.default_rng(5)
    a, b = generator.uniform(size=9), generator.uniform(size=9)
    peer = permutation_test(
        (a, b), lambda x, y: x.mean() - y.mean(), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert swap_test(a, b) == (pytest.approx(peer), True)


@pytest.mark.parametrize("lead", [0.0, 0.05, 0.1, 0.15])
def test_a_mean_has_the_p_value_of_brute_force(lead: float) -> None:
    generator = np.random.default_rng(6)
    a, b = rows_of(generator.beta(2, 2, 60) + lead), rows_of(generator.beta(2, 2, 60))
    assert swap_test(a, b).p == pytest.approx(brute_p(a, b, mean_of), rel=0.25)


@pytest.mark.parametrize("lead", [0.02, 0.1, 0.16])
def test_a_score_that_is_no_sum_has_the_p_value_of_brute_force(lead: float) -> None:
    generator = np.random.default_rng(7)

    def rows(more: float) -> np.ndarray:
        frames = generator.integers(50, 900, 60).astype(np.float64)
        return np.stack([(generator.beta(2, 2, 60) + more) * frames, frames], axis=1)

    def squared(statistics: np.ndarray) -> np.ndarray:
        return (statistics[..., 0] / statistics[..., 1]) ** 2

    a, b = rows(lead), rows(0.0)
    assert swap_test(a, b, finish=squared).p == pytest.approx(brute_p(a, b, squared), rel=0.25)


def test_rough_p_values_of_a_score_that_is_no_sum_are_near_the_precise_ones() -> None:
    """They only choose the pairs that are worth more draws."""
    generator = np.random.default_rng(8)
    frames = generator.integers(50, 900, 60).astype(np.float64)

    def squared(statistics: np.ndarray) -> np.ndarray:
        return (statistics[..., 0] / statistics[..., 1]) ** 2

    test = SwapTest(60, squared, 0)
    for lead in (0.0, 0.05, 0.1, 0.15, 0.2):
        a, b = (np.stack([(generator.beta(2, 2, 60) + more) * frames, frames], axis=1) for more in (lead, 0.0))
        rough, precise = test(a, b, rough=True), test(a, b)
        assert rough.p == pytest.approx(precise.p, rel=0.6)
        assert precise.p == pytest.approx(brute_p(a, b, squared), rel=0.25, abs=5e-5)


def test_p_values_far_below_one_over_the_draws_are_right() -> None:
    """Of 40 sequences a is better on 36 by 1 and worse on 4 by 1, so p is a binomial tail."""
    from scipy.stats import binom

    difference = np.where(np.arange(40) < 4, -1.0, 1.0)
    expected = 2 * binom.cdf(4, 40, 0.5)
    assert expected < 1e-6
    assert swap_test(difference, np.zeros(40)).p == pytest.approx(expected, rel=0.15)


def test_better_everywhere_has_the_smallest_p_value_that_there_is() -> None:
    a = np.linspace(0.8, 0.9, 30)
    assert swap_test(a, a - 0.5) == (pytest.approx(2.0**-29), True)
    assert swap_test(a, a) == (1.0, True)


def test_a_p_value_that_draws_cannot_give_is_said_to_be_below_a_bound() -> None:
    """One sequence decides a score that is no sum: nothing that is near to a sum says how to draw."""
    generator = np.random.default_rng(3)

    def greatest(statistics: np.ndarray) -> np.ndarray:
        return np.where(statistics[..., 0] > 29.9, 1.0, 0.0) * statistics[..., 0]

    found = swap_test(rows_of(np.ones(30)), rows_of(generator.uniform(0, 0.01, 30)), finish=greatest)
    assert found == (1 / 751, False)


EXPECTED_OVERLAP = SupervisedMeasure("made up", VOT_OFFICIAL.rules_on("vot2018"), Interval(20, 120, "this test"), 150)


def curves(generator: np.random.Generator, lead: float) -> np.ndarray:
    """EAO's statistics of 40 sequences, some of which end before the lengths that it averages do."""
    lengths = np.arange(150)
    ends = np.where(generator.random(40) < 0.5, generator.integers(30, 150, 40), 150)
    weights = generator.integers(1, 5, (40, 1)) * (lengths < ends[:, None])
    decay = np.exp(-lengths * generator.uniform(0.0, 0.02, (40, 1)))
    values = weights * decay * generator.beta(6, 4, (40, 1)) + weights * lead
    return np.concatenate([values, weights, np.zeros((40, 7))], axis=1)


@pytest.mark.parametrize("lead", [0.0, 0.03, 0.06, 0.12])
def test_a_coarse_curve_gives_the_answers_of_the_whole_curve(lead: float) -> None:
    generator = np.random.default_rng(21)
    reduction, coarse = EXPECTED_OVERLAP.reduced("eao"), EXPECTED_OVERLAP.coarser("eao")
    assert coarse is not None
    a, b = (reduction.reduce(curves(generator, more)) for more in (lead, 0.0))
    assert coarse.reduce(a).shape == (40, 32)
    whole = SwapTest(40, reduction.finish, 0)(a, b)
    quick = SwapTest(40, reduction.finish, 0, coarse)(a, b)
    assert quick.p == pytest.approx(whole.p, rel=0.1)
    if lead < 0.1:
        assert quick.p == pytest.approx(brute_p(a, b, reduction.finish, 40_000), rel=0.25)
    weights = resampling_weights(40, 500, 0)
    exact = weighted_scores(a, weights, reduction.finish)
    approximate = weighted_scores(a, weights, reduction.finish, coarse)
    assert not np.array_equal(approximate, exact)
    assert np.std(approximate - exact) < 0.01 * exact.std()


def test_a_coarse_form_that_does_not_bend_as_the_score_does_is_not_used() -> None:
    generator = np.random.default_rng(22)
    finish = EXPECTED_OVERLAP.reduced("eao").finish
    a, b = (EXPECTED_OVERLAP.reduced("eao").reduce(curves(generator, more)) for more in (0.05, 0.0))
    straight = Reduction(lambda rows: rows[..., :1], lambda sums: sums[..., 0])
    unknown = Reduction(lambda rows: rows[..., :1], lambda sums: sums[..., 0] * np.nan)
    weights = resampling_weights(40, 100, 0)
    for poor in (straight, unknown):
        assert SwapTest(40, finish, 0, poor)(a, b) == SwapTest(40, finish, 0)(a, b)
        np.testing.assert_array_equal(weighted_scores(a, weights, finish, poor), weighted_scores(a, weights, finish))


def test_ranks_of_resamples_agree_with_scipy() -> None:
    from scipy.stats import rankdata

    scores = np.random.default_rng(23).integers(0, 4, (7, 50)).astype(np.float64)
    np.testing.assert_array_equal(_resampled_ranks(scores), rankdata(-scores, method="min", axis=0))
    scores[3, 5] = np.nan
    assert _resampled_ranks(scores)[3, 5] == 1 + np.isfinite(scores[:, 5]).sum()


def test_permutation_test_keeps_its_level_when_there_is_no_difference() -> None:
    generator = np.random.default_rng(8)
    rejected = sum(
        swap_test(generator.normal(size=30), generator.normal(size=30), seed).p <= 0.05 for seed in range(300)
    )
    assert 0.02 <= rejected / 300 <= 0.09


def test_holm_agrees_with_the_textbook_and_leaves_nan_alone() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, np.nan])) == pytest.approx([0.03, 0.06, 0.06, np.nan], nan_ok=True)


def test_a_clear_winner_is_called_one_and_twins_are_not() -> None:
    generator = np.random.default_rng(2)
    base = generator.uniform(0.3, 0.7, size=30)
    comparison = compare(
        scores_of(good=base + 0.2, twin=base + generator.normal(0, 0.01, 30), poor=base), resamples=2000
    )
    assert comparison.ranking[0] == "good"
    assert comparison.first_place["good"] == 1.0
    assert comparison.rank_intervals["good"] == (1, 1)
    verdicts = {(pair.better, pair.worse): pair.significant() for pair in comparison.pairs}
    assert verdicts["good", "poor"]
    assert verdicts["good", "twin"]
    assert not verdicts[next(key for key in verdicts if "good" not in key)]
    pair = comparison.pairs[0]
    assert pair.wins + pair.losses + pair.ties == 30


def test_less_is_better_for_a_loss() -> None:
    values = np.linspace(0.1, 0.9, 9)
    comparison = compare(scores_of(low=values, high=values + 0.05), "loss", resamples=200)
    assert comparison.ranking == ("high", "low")
    assert comparison.pairs[0].wins == 9
    assert comparison.pairs[0].difference.value == pytest.approx(-0.05)


def test_seventy_trackers_still_differ_where_they_do() -> None:
    """A correction for 2,415 pairs must not hide what every sequence shows."""
    generator = np.random.default_rng(4)
    base = generator.uniform(0.3, 0.6, size=60)
    level = np.linspace(0, 0.35, 70)
    trackers = {f"t{i:02d}": base + level[i] + generator.normal(0, 0.05, 60) for i in range(70)}
    comparison = compare(scores_of(**trackers), resamples=500)
    pairs = {(pair.better, pair.worse): pair for pair in comparison.pairs}
    assert len(pairs) == 2415
    assert pairs["t69", "t00"].significant()
    assert pairs["t69", "t00"].p_adjusted < 1e-10
    assert any(not pair.significant() for pair in comparison.pairs)


@given(st.integers(2, 25), st.integers(2, 6), st.floats(0, 0.4), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_verdict_never_contradicts_its_interval(count: int, trackers: int, lead: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    base = generator.uniform(size=count)
    values = {f"t{i}": base + i * lead / trackers + generator.normal(0, 0.1, count) for i in range(trackers)}
    for metric in ("mean", "loss"):
        for pair in compare(scores_of(**values), metric, resamples=200).pairs:
            value, low, high = pair.difference
            if np.isfinite(low):
                assert low <= value <= high
                assert pair.significant() == (not low <= 0 <= high)
            else:
                assert not pair.significant()


def test_three_sequences_cannot_show_a_difference() -> None:
    values = np.array([0.2, 0.3, 0.4])
    comparison = compare(scores_of(a=values + 0.5, b=values), resamples=200)
    assert comparison.smallest_p == 0.25
    assert comparison.too_few
    assert not compare(scores_of(a=np.ones(9), b=np.zeros(9)), resamples=200).too_few


def test_rank_intervals_contain_the_rank_and_equal_trackers_share_it() -> None:
    generator = np.random.default_rng(12)
    values = {f"t{i}": generator.uniform(size=8) for i in range(6)}
    values["same"] = values["t3"]
    comparison = compare(scores_of(**values), resamples=50)
    assert comparison.ranks["same"] == comparison.ranks["t3"]
    assert comparison.rank_intervals["same"] == comparison.rank_intervals["t3"]
    for name, (low, high) in comparison.rank_intervals.items():
        assert low <= comparison.ranks[name] <= high
    assert sorted(comparison.ranks.values()).count(comparison.ranks["same"]) == 2


def test_a_tracker_that_lacks_most_sequences_is_set_apart_and_changes_nothing_else() -> None:
    generator = np.random.default_rng(13)
    values = {name: generator.uniform(size=20) for name in ("a", "b")}
    partial = np.where(np.arange(20) < 3, 1.0, np.nan)
    alone = compare(scores_of(**values), resamples=200)
    comparison = compare(scores_of(**values, partial=partial), resamples=200)
    assert comparison.apart == {"partial": tuple(f"s{i}" for i in range(3, 20))}
    assert comparison.excluded == ()
    assert comparison.ranking == alone.ranking
    assert comparison.intervals == alone.intervals
    assert comparison.to_json()["apart"]["partial"]["missing"][0] == "s3"


def test_scores_are_over_the_sequences_that_the_ranked_trackers_share() -> None:
    values = np.linspace(0.1, 0.9, 9)
    hole = values.copy()
    hole[8] = np.nan
    comparison = compare(scores_of(a=values, b=hole), resamples=100)
    assert comparison.scores.trackers["a"].values["mean"] == pytest.approx(values[:8].mean())
    assert comparison.ranks == {"a": 1, "b": 1}


def test_sequences_without_results_are_left_out_for_all_and_named() -> None:
    values = np.linspace(0.1, 0.9, 9)
    hole = values.copy()
    hole[4] = np.nan
    comparison = compare(scores_of(a=values, b=hole), resamples=100)
    assert comparison.excluded == ("s4",)
    assert len(comparison.sequences) == 8
    assert comparison.to_json()["excluded"] == ["s4"]


def test_nothing_in_common_is_an_error_and_so_is_an_unknown_metric() -> None:
    with pytest.raises(IncompleteError, match="no sequence has results of all"):
        compare(scores_of(a=np.array([np.nan, 1.0]), b=np.array([1.0, np.nan])))
    with pytest.raises(UnknownNameError, match="Did you mean mean"):
        compare(scores_of(a=np.ones(2), b=np.ones(2)), "meen")


def test_one_sequence_has_no_interval_rather_than_a_false_one() -> None:
    comparison = compare(scores_of(a=np.array([0.5])), resamples=10)
    assert np.isnan(comparison.intervals["a"].low)
    assert comparison.to_json()["trackers"]["a"]["low"] is None
    assert SimpleNamespace(**comparison.to_json()).metric == "mean"
