"""Average ranks, Friedman, Nemenyi and Wilcoxon with Holm agree with scipy and scikit-posthocs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scikit_posthocs
import scipy.stats

import siamfc_eval as se
from siamfc_eval.comparison.ranks import compare_ranks, critical_difference, friedman_p, rank_means, wilcoxon_p
from siamfc_eval.comparison.resampling import holm
from siamfc_eval.reporting.figures.critical_differences import critical_difference_figure


def losses(trackers: int = 5, sequences: int = 60, decimals: int = 12) -> np.ndarray:
    generator = np.random.default_rng(3)
    return np.round(generator.random((trackers, sequences)) + np.arange(trackers)[:, None] * 0.12, decimals)


@pytest.mark.parametrize("decimals", [12, 1])  # with one decimal there are many ties
def test_friedman_s_test_is_scipy_s(decimals: int) -> None:
    values = losses(decimals=decimals)
    assert friedman_p(values) == pytest.approx(scipy.stats.friedmanchisquare(*values).pvalue, rel=1e-9)


def test_what_cannot_be_tested_is_nan_and_what_is_all_equal_is_alike() -> None:
    assert math.isnan(friedman_p(losses(2)))
    assert math.isnan(friedman_p(losses(5, 1)))
    assert friedman_p(np.ones((4, 7))) == 1.0
    assert wilcoxon_p(np.zeros((2, 7))).tolist() == [1.0, 1.0]


def test_ranks_further_apart_than_the_critical_difference_are_those_that_nemenyi_s_test_tells_apart() -> None:
    values = losses()
    p = scikit_posthocs.posthoc_nemenyi_friedman(values.T).to_numpy()
    means = rank_means(values)
    apart = np.abs(means[:, None] - means) > critical_difference(5, 60)
    np.testing.assert_array_equal(apart, p < 0.05)
    assert apart.any()
    assert not apart[~np.eye(5, dtype=bool)].all()
    # Table 5 of Demšar (2006): q = 2.343 of three, 3.164 of ten.
    assert critical_difference(3, 10) == pytest.approx(2.343 * math.sqrt(3 * 4 / 60), abs=1e-3)
    assert critical_difference(10, 10) == pytest.approx(3.164 * math.sqrt(10 * 11 / 60), abs=1e-3)


@pytest.mark.parametrize(("sequences", "decimals"), [(12, 12), (60, 12), (60, 1), (30, 1)])
def test_wilcoxon_s_test_with_holm_s_correction_is_that_of_scikit_posthocs(sequences: int, decimals: int) -> None:
    values = losses(4, sequences, decimals)
    pairs = list(itertools.combinations(range(4), 2))
    found = holm(wilcoxon_p(np.array([values[a] - values[b] for a, b in pairs])))
    frame = scikit_posthocs.posthoc_wilcoxon(list(values), p_adjust="holm")
    expected = [float(frame.iloc[a, b]) for a, b in pairs]
    tolerance = 1e-9 if decimals == 12 else 2e-3  # scipy draws lots for an exact p where there are ties and few
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance if decimals == 1 else 0)


def test_groups_are_the_longest_in_which_no_two_differ() -> None:
    comparison = se.compare(published=["SiamRPN++", "ECO", "SRDCF", "SiamFC", "OAB"], dataset="otb2015", resamples=50)
    ranks = compare_ranks(comparison)
    names = list(ranks.average_ranks)
    assert names[:2] == ["ECO", "SiamRPN++"]
    assert sum(ranks.average_ranks.values()) == pytest.approx(5 * 6 / 2)
    for group in ranks.wilcoxon_groups:
        for better, worse in itertools.combinations(group, 2):
            assert ranks.wilcoxon_p[better, worse] >= 0.05
    assert ("ECO", "SiamRPN++") in ranks.wilcoxon_groups
    assert all("OAB" not in group for group in ranks.wilcoxon_groups)
    assert ranks.to_json()["average_ranks"]["ECO"] == ranks.average_ranks["ECO"]


@pytest.mark.parametrize("names", [["ECO", "SRDCF"], ["published"]])
def test_the_diagram_names_every_tracker_and_no_words_overlap(names: list[str]) -> None:
    comparison = se.compare(published=names, dataset="otb2015", resamples=20)
    figure = critical_difference_figure(comparison.average_ranks())
    axes = figure.axes[0]
    figure.canvas.draw()
    texts = [text for text in axes.texts if text.get_text().strip()]
    for name in comparison.ranking:
        assert any(name in text.get_text() for text in texts)
    boxes = [text.get_window_extent() for text in texts]
    overlapping = [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]
    assert not overlapping


def test_a_single_tracker_has_no_ranks() -> None:
    assert se.compare(published=["ECO"], dataset="otb2015", resamples=20).average_ranks() is None


@pytest.mark.parametrize("trackers", [3, 12, 50])
def test_the_critical_difference_is_by_the_studentized_range(trackers: int) -> None:
    quantile = scipy.stats.studentized_range.ppf(0.95, trackers, np.inf) / np.sqrt(2)
    expected = quantile * np.sqrt(trackers * (trackers + 1) / (6 * 60))
    assert critical_difference(trackers, 60) == pytest.approx(expected, rel=1e-6)


def test_ranks_of_equal_scores_are_scipy_s() -> None:
    values = losses(6, 40).round(1)
    np.testing.assert_array_equal(rank_means(values), scipy.stats.rankdata(values, axis=0).mean(axis=1))
