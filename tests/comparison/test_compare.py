"""Intervals cover, tests keep their level, and what cannot be compared is said."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siamfc_eval.comparison.compare import compare
from siamfc_eval.comparison.resampling import (
    bca_interval,
    holm,
    paired_permutation,
    resampling_weights,
    weighted_scores,
)
from siamfc_eval.errors import IncompleteError, UnknownNameError
from siamfc_eval.metrics.scores import Metric, Scores, TrackerScores


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
        measure=MeanMeasure(),
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


def test_permutation_test_is_exact_for_few_sequences_and_agrees_with_scipy() -> None:
    from scipy.stats import permutation_test

    generator = np.random.default_rng(5)
    a, b = generator.uniform(size=9), generator.uniform(size=9)
    ours = paired_permutation(rows_of(a), rows_of(b), mean_of, permutations=1000, seed=0)
    peer = permutation_test(
        (a, b), lambda x, y: x.mean() - y.mean(), permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert ours == pytest.approx(peer)


def test_permutation_test_keeps_its_level_when_there_is_no_difference() -> None:
    generator = np.random.default_rng(8)
    rejected = sum(
        paired_permutation(rows_of(generator.normal(size=30)), rows_of(generator.normal(size=30)), mean_of, 199, seed)
        <= 0.05
        for seed in range(300)
    )
    assert 0.02 <= rejected / 300 <= 0.09


def test_sampled_p_value_is_never_zero() -> None:
    a = np.linspace(0.8, 0.9, 30)
    assert paired_permutation(rows_of(a), rows_of(a - 0.5), mean_of, 99, 0) == pytest.approx(0.01)


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
