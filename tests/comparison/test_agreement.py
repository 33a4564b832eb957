"""Rankings of several benchmarks: Kendall's tau is scipy's, its interval covers, and a table has a tracker a row."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from click.testing import CliRunner

import siamfc_eval as se
from siamfc_eval.cli.main import cli
from siamfc_eval.comparison.agreement import kendall_tau, rank_agreement
from siamfc_eval.comparison.compare import Comparison, compare
from siamfc_eval.metrics.scores import Scores
from tests.comparison.test_compare import scores_of
from tests.metrics.conftest import Bench, bench

__all__ = ["bench"]


def toy(strengths: np.ndarray, spread: float, seed: int, sequences: int = 40) -> Comparison:
    generator = np.random.default_rng(seed)
    rows = {f"t{i}": value + generator.normal(0, spread, sequences) for i, value in enumerate(strengths)}
    return compare(scores_of(**rows), resamples=50)


@pytest.mark.parametrize("decimals", [9, 1])  # with one decimal there are ties
def test_tau_is_scipy_s(decimals: int) -> None:
    generator = np.random.default_rng(0)
    first, second = np.round(generator.random((2, 12, 5)), decimals)
    expected = [scipy.stats.kendalltau(a, b).statistic for a, b in zip(first.T, second.T, strict=True)]
    np.testing.assert_allclose(kendall_tau(first, second), expected, atol=1e-12)


def test_rankings_that_agree_and_that_have_nothing_in_common() -> None:
    strengths = np.linspace(0, 1, 10)
    alike, other, reverse = toy(strengths, 0.05, 1), toy(strengths, 0.05, 2), toy(-strengths, 0.05, 3)
    pairs = {(one.first, one.second): one for one in rank_agreement([alike, other, reverse], resamples=200)}
    assert pairs[0, 1].tau == pytest.approx(1.0)
    assert 0.9 < pairs[0, 1].low <= pairs[0, 1].high <= 1.0
    assert pairs[0, 2].tau == pytest.approx(-1.0)
    assert pairs[0, 2].high < -0.9
    assert pairs[0, 1].p < 1e-4
    noise = [toy(np.zeros(10), 1.0, seed) for seed in (4, 5)]
    one = rank_agreement(noise, resamples=200)[0]
    assert one.low < 0 < one.high
    assert one.to_json()["trackers"] == list(one.trackers)


def test_few_trackers_or_sequences_have_no_agreement_or_no_interval() -> None:
    two = [toy(np.array([0.0, 1.0]), 0.1, seed) for seed in (1, 2)]
    assert np.isnan(rank_agreement(two)[0].tau)
    assert rank_agreement(two)[0].to_json()["tau"] is None
    lone = [toy(np.linspace(0, 1, 5), 0.1, seed, sequences=1) for seed in (1, 2)]
    assert np.isfinite(rank_agreement(lone, resamples=20)[0].tau)
    assert np.isnan(rank_agreement(lone, resamples=20)[0].low)
    assert (
        rank_agreement([toy(np.zeros(4), 0.0, 1), toy(np.linspace(0, 1, 4), 0.1, 2)], resamples=20)[0].low is not None
    )


def test_several_results_give_one_table_and_what_their_rankings_have_in_common(bench: Bench) -> None:
    for name in ("Car4", "Dog", "Fish"):
        bench.write("middle", name, bench.truth(10.0) + np.array([3.0, 0, 0, 0]))
    words = ["compare", str(bench.results), str(bench.results), "--data", str(bench.annotations), "--resamples", "50"]
    shown = CliRunner().invoke(cli, words, standalone_mode=False)
    assert shown.exception is None
    assert "All together" in shown.stdout
    assert "Do the rankings agree?" in shown.stdout
    found = json.loads(CliRunner().invoke(cli, [*words, "--json"], standalone_mode=False).stdout)
    assert [len(one["trackers"]) for one in found["comparisons"]] == [3, 3]
    assert found["agreement"][0]["tau"] == pytest.approx(1.0)
    page = se.report([bench.results, bench.results], data=bench.annotations, resamples=50).page
    assert "Do the rankings agree?" in page.read_text()
    assert json.loads((page.parent / "report.json").read_text())["agreement"][0]["tau"] == pytest.approx(1.0)
    assert (page.parent / "tables/agreement.csv").is_file()


def test_as_many_data_sets_as_results_are_needed(bench: Bench) -> None:
    words = ["compare", *[str(bench.results)] * 3, *["--data", str(bench.annotations)] * 2]
    failed = CliRunner().invoke(cli, words, standalone_mode=False)
    assert "2 data sets were given for 3 folders of results" in str(failed.exception)


def incomplete(bench: Bench) -> Scores:
    (bench.results / "far/Dog.txt").unlink()
    bench.write("near", "Fish", bench.truth(10.0)[:-2])
    return se.score(bench.results, "pysot", data=bench.annotations, on_mismatch="pad")


def test_what_is_incomplete_is_told_to_programs_and_marked(bench: Bench) -> None:
    scores = incomplete(bench)
    told = {(gap.kind, gap.tracker): gap.sequences for gap in scores.gaps}
    assert told["missing", "far"] == ("Dog",)
    assert told["repaired", "near"] == ("Fish",)
    assert ("benchmark", "") in told
    assert tuple(gap.text for gap in scores.gaps) == scores.incomplete
    assert set(scores.marked) == {"far", "near"}
    assert scores.to_json()["gaps"] == [gap.to_json() for gap in scores.gaps]


def test_marked_scores_cannot_be_missed_in_any_form_of_a_table(bench: Bench) -> None:
    from siamfc_eval.reporting.latex import table_latex
    from siamfc_eval.reporting.rendering import terminal_text, to_csv
    from siamfc_eval.reporting.tables import ranking_table

    scores = incomplete(bench)
    table = ranking_table(scores, None)
    assert "far †" in terminal_text(table)
    assert "† Not over everything" in terminal_text(table)
    assert to_csv(table).splitlines()[0].endswith(",incomplete")
    assert r"$^\ddagger$: not over everything" in table_latex(table)
    whole = ranking_table(dataclasses.replace(scores, gaps=()), None)
    assert "†" not in terminal_text(whole)
    assert "incomplete" not in to_csv(whole)


def test_a_refused_tracker_is_a_gap_of_its_own(bench: Bench) -> None:
    bench.write("short", "Fish", bench.truth(10.0)[:-2])
    scores = se.score(bench.results, "pysot", data=bench.annotations)
    assert [gap.tracker for gap in scores.gaps if gap.kind == "unscored"] == ["short"]


def test_a_report_marks_repaired_runs_too(bench: Bench, tmp_path: Path) -> None:
    incomplete(bench)
    out = tmp_path / "report"
    page = se.report(bench.results, out, data=bench.annotations, on_mismatch="pad", resamples=50).page.read_text()
    assert "What is incomplete" in page
    assert page.count('<sup class="mark"') >= 2


def test_a_copy_that_was_repaired_is_marked_and_told_and_counts_as_complete(bench: Bench, tmp_path: Path) -> None:
    for name in ("Car4", "Dog", "Fish"):
        boxes = np.loadtxt(bench.results / f"near/{name}.txt", delimiter=",")
        boxes[0, 2:] += boxes[0, :2]
        bench.write("near", name, boxes)
    out = tmp_path / "imported"
    words = ["import", str(bench.results), "--data", str(bench.annotations), "--out", str(out), "--repair", "corners"]
    assert CliRunner().invoke(cli, words, standalone_mode=False).exception is None
    place = next(path for path in out.rglob("near") if path.is_dir()).parent
    scores = se.score(place, "otb-matlab", data=bench.annotations, dataset="otb2015")
    assert set(scores.marked) == {"near"}
    gap = scores.marked["near"][0]
    assert (gap.kind, gap.tracker) == ("repaired", "near")
    assert "the first line was made x,y,w,h in 3 files" in gap.text
    assert gap.text not in scores.incomplete
    page = se.report(place, tmp_path / "page", data=bench.annotations, dataset="otb2015", resamples=20).page
    assert gap.text in page.read_text()
