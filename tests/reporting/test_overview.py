"""Several benchmarks on one page: who stands where, and who was not run there."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np

from siamfc_eval.comparison.compare import compare
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.overview import overview_headline, overview_table
from siamfc_eval.reporting.report import Report, Section, write_report
from siamfc_eval.reporting.summary import standing_of
from tests.reporting.toys import toy_scores


def section(heading: str, scores: Scores) -> Section:
    return Section(heading, scores, compare(scores, resamples=100))


def without(scores: Scores, name: str, lost: int) -> Scores:
    rows = np.asarray(scores.trackers[name].statistics).copy()
    rows[:lost] = np.nan
    changed = dataclasses.replace(scores.trackers[name], statistics=rows)
    return dataclasses.replace(scores, trackers={**scores.trackers, name: changed})


def test_one_section_needs_no_overview() -> None:
    assert overview_table([section("A", toy_scores(("alpha", "beta")))]) is None


def test_scores_and_ranks_stand_side_by_side() -> None:
    first, second = toy_scores(("alpha", "beta", "gamma")), toy_scores(("gamma", "alpha"))
    sections = [section("A", first), section("B", second)]
    table = overview_table(sections)
    assert table is not None
    assert [column.label for column in table.columns] == [
        "Tracker",
        "A: Success AUC",
        "Rank",
        "B: Success AUC",
        "Rank",
    ]
    rows = {row[0]: row[1:] for row in table.rows}
    assert list(rows) == ["alpha", "gamma", "beta"], "those with most sections first, then by mean rank"
    assert rows["gamma"][1::2] == (3.0, 1.0)
    assert rows["alpha"][0] == first.trackers["alpha"].values["success_auc"]
    assert np.isnan(np.array(rows["beta"][2:], dtype=float)).all()
    assert overview_headline(sections) == "Best: alpha on A; gamma on B"


def test_who_is_best_everywhere_is_said() -> None:
    scores = toy_scores(("alpha", "beta"))
    assert overview_headline([section("A", scores), section("B", scores)]) == "alpha is best on all 2"


def test_a_tracker_that_lacks_sequences_has_a_score_and_no_rank() -> None:
    scores = without(toy_scores(("alpha", "beta", "gamma")), "gamma", 10)
    table = overview_table([section("A", scores), section("B", scores)])
    assert table is not None
    (row,) = [row for row in table.rows if row[0] == "gamma"]
    assert np.isfinite(np.array(row[1::2], dtype=float)).all()
    assert np.isnan(np.array(row[2::2], dtype=float)).all()


def test_the_page_and_a_file_have_it(tmp_path: Path) -> None:
    scores = toy_scores(("alpha", "beta"))
    page = write_report(Report("Two", (section("A", scores), section("B", scores))), tmp_path)
    text = page.read_text()
    assert text.index('id="overview"') < text.index('id="s0"')
    rows = list(csv.DictReader((tmp_path / "tables" / "overview.csv").read_text().splitlines()))
    assert [row["rank_2"] for row in rows] == ["1.0", "2.0"]


def test_where_ones_own_tracker_stands_is_a_sentence() -> None:
    comparison = compare(toy_scores(("alpha", "beta", "gamma")), resamples=300)
    assert standing_of(comparison, ["alpha"]) == (), "who is best is said elsewhere"
    assert standing_of(comparison, ["gamma"]) == ("gamma is number 3 of 3.",)
    assert standing_of(None, ["gamma"]) == ()
