"""Equivalence, power and what decides between two trackers, against scipy and by hand; bands against the bootstrap."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
import scipy.stats
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.comparison.bands import curve_bands
from siamfc_eval.comparison.closeness import equivalence_p, power, sequences_needed
from siamfc_eval.comparison.influence import all_pseudo_values
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.metrics.scores import Scores


@pytest.fixture(scope="module")
def scores() -> Scores:
    return se.score(published=["SiamRPN++", "ECO", "SRDCF"], dataset="otb2015")


def test_two_one_sided_tests_are_scipy_s() -> None:
    differences = np.random.default_rng(0).normal(0.002, 0.03, 80)
    low = scipy.stats.ttest_1samp(differences, -0.01, alternative="greater").pvalue
    high = scipy.stats.ttest_1samp(differences, 0.01, alternative="less").pvalue
    assert equivalence_p(differences, 0.01) == pytest.approx(max(low, high), rel=1e-9)


def test_equal_trackers_are_the_same_and_single_sequences_say_nothing() -> None:
    assert equivalence_p(np.zeros(5), 0.01) == 0.0
    assert equivalence_p(np.full(5, 0.02), 0.01) == 1.0
    assert math.isnan(equivalence_p(np.zeros(1), 0.01))
    assert math.isnan(equivalence_p(np.array([0.1, np.nan, 0.2]), 0.01))


def test_power_is_that_of_the_t_test() -> None:
    differences = np.random.default_rng(1).normal(0.0, 1.0, 4000)
    differences += 0.3 - differences.mean()
    noncentral = 0.3 / differences.std() * math.sqrt(50)
    exact = scipy.stats.nct.sf(scipy.stats.t.isf(0.025, 49), 49, noncentral)
    assert power(differences, 50) == pytest.approx(exact, abs=0.07)  # three standard errors of 400 draws
    needed = sequences_needed(differences)
    # Of a normal sample of effect .3, 80 % power takes (1.96 + .84)^2 / .09 = 87 and a few more for the t test.
    assert 75 <= needed <= 105


def test_no_difference_is_settled_by_no_number_and_a_clear_one_by_few() -> None:
    values = np.random.default_rng(2).normal(0, 1, 100)
    assert sequences_needed(values - values.mean() - 1e-3) == math.inf
    assert sequences_needed(np.full(50, 0.2)) <= 3
    assert math.isnan(sequences_needed(np.array([0.1, 0.2])))


def test_pseudo_values_of_a_mean_are_the_scores_of_the_sequences(scores: Scores) -> None:
    values = all_pseudo_values(scores, "precision_20")["ECO"]
    each = [scores.trackers["ECO"].sequences[name]["precision_20"] for name in scores.sequences]
    np.testing.assert_allclose(values, each, atol=1e-9)


def test_sequences_that_decide_add_up_to_the_difference_and_reverse_it(scores: Scores) -> None:
    comparison = se.compare(scores, resamples=50)
    details = comparison.pair("ECO", "SiamRPN++")
    assert (details.closeness.better, details.closeness.worse) == ("SiamRPN++", "ECO")
    assert sum(value for _, value in details.deciding) == pytest.approx(details.closeness.difference, abs=1e-9)
    sizes = [abs(value) for _, value in details.deciding]
    assert sizes == sorted(sizes, reverse=True)

    def lead(without: tuple[str, ...]) -> float:
        kept = [i for i, name in enumerate(scores.sequences) if name not in without]
        totals = [
            float(scores.measure.finish(np.asarray(scores.trackers[name].statistics)[kept].sum(axis=0))["success_auc"])
            for name in ("SiamRPN++", "ECO")
        ]
        return totals[0] - totals[1]

    without = details.reversed_without
    assert lead(()) > 0 > lead(without)
    assert lead(without[:-1]) >= 0
    with pytest.raises(UnknownNameError, match="ranked tracker 'ECOO'"):
        comparison.pair("ECOO", "ECO")


def test_wins_by_attribute_are_counted_over_its_sequences(scores: Scores) -> None:
    members = {"OCC": scores.sequences[:5], "SV": ()}
    comparison = se.compare(dataclasses.replace(scores, attribute_members=members), resamples=20)
    counted = comparison.pair("ECO", "SRDCF").attributes
    better = comparison.pair("ECO", "SRDCF").closeness.better
    other = "SRDCF" if better == "ECO" else "ECO"
    values = [
        [scores.trackers[name].sequences[each]["success_auc"] for each in members["OCC"]] for name in (better, other)
    ]
    wins = sum(a > b for a, b in zip(*values, strict=True))
    losses = sum(a < b for a, b in zip(*values, strict=True))
    assert counted == {"OCC": (wins, losses, 5 - wins - losses), "SV": (0, 0, 0)}


def test_bands_are_around_the_curve_and_the_simultaneous_one_is_the_wider(scores: Scores) -> None:
    band = curve_bands(scores, "success", resamples=400)["ECO"]
    curve = scores.trackers["ECO"].curves["success"]
    assert (band.low_all <= band.low).all()
    assert (band.low <= curve + 1e-12).all()
    assert (curve <= band.high + 1e-12).all()
    assert (band.high <= band.high_all).all()
    assert (band.low_all[5:15] < band.low[5:15]).any()
    assert band.low_all.min() >= 0
    assert band.high_all.max() <= 1
    # At one point, the pointwise band is the percentile interval that scipy's bootstrap gives.
    rates = np.array([row[10] for row in np.asarray(scores.trackers["ECO"].statistics)])
    expected = scipy.stats.bootstrap(
        (rates,), np.mean, n_resamples=4000, method="percentile", random_state=np.random.default_rng(0)
    ).confidence_interval
    assert (band.low[10], band.high[10]) == pytest.approx((expected.low, expected.high), abs=0.012)


def test_a_simultaneous_band_covers_the_whole_curve_as_often_as_it_says(scores: Scores) -> None:
    """Curves of samples of what is taken for the population."""
    tracker = scores.trackers["ECO"]
    population = np.asarray(tracker.statistics)
    true = scores.measure.finish_curves(population.sum(axis=0))["success"]
    generator, covered, pointwise = np.random.default_rng(5), 0, 0
    for _ in range(120):
        rows = population[generator.integers(0, len(population), 60)]
        one = dataclasses.replace(scores, trackers={"ECO": dataclasses.replace(tracker, statistics=rows)})
        band = curve_bands(one, "success", resamples=200)["ECO"]
        covered += bool(((band.low_all <= true + 1e-12) & (true <= band.high_all + 1e-12)).all())
        pointwise += bool(((band.low <= true + 1e-12) & (true <= band.high + 1e-12)).all())
    assert covered / 120 >= 0.88
    assert covered > pointwise + 5


def test_a_single_sequence_has_no_band(scores: Scores) -> None:
    tracker = scores.trackers["ECO"]
    lone = dataclasses.replace(tracker, statistics=np.asarray(tracker.statistics)[:1])
    one = dataclasses.replace(scores, sequences=scores.sequences[:1], trackers={"ECO": lone})
    assert np.isnan(curve_bands(one, "success")["ECO"].low).all()


def test_compare_says_what_would_settle_it_and_json_has_all_of_it() -> None:
    words = ["compare", "--with", "SiamRPN++,ECO,SiamBAN,OAB", "--dataset", "otb2015", "--resamples", "50"]

    def say(*more: str) -> str:
        done = CliRunner().invoke(cli, [*words, *more], standalone_mode=False)
        assert done.exception is None
        assert done.return_value == 0
        return " ".join(done.stdout.split())

    assert "None is shown to be the same within .01 either" in say()
    assert "Shown to be within .05 of it: SiamRPN++" in say("--margin", "0.05")
    assert "SiamRPN++ is ahead of ECO by .004 on 100 sequences." in say("--pair", "ECO", "SiamRPN++")
    assert "Friedman's test that all are alike: p < .001" in say("--ranks")
    found = json.loads(say("--json", "--pair", "ECO", "OAB"))
    assert {one["worse"] for one in found["closeness"]} == {"SiamRPN++", "ECO"}
    assert found["pair"]["better"] == "ECO"
    assert found["ranks"]["friedman_p"] < 1e-6
