"""A report says what the numbers carry, writes every form of it, and hides nothing."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.comparison.resampling import ConfidenceInterval
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.curve_svg import curve_svg
from siamfc_eval.reporting.figures.curves import curve_figure
from siamfc_eval.reporting.figures.differences import pairs_figure
from siamfc_eval.reporting.latex import table_latex
from siamfc_eval.reporting.plots import SHADE, tracker_styles
from siamfc_eval.reporting.rendering import terminal_text, to_csv
from siamfc_eval.reporting.report import Report, Section, write_report
from siamfc_eval.reporting.summary import findings, gathered_notes, headline
from siamfc_eval.reporting.tables import (
    Column,
    Table,
    attribute_table,
    cell_text,
    p_text,
    pairs_table,
    ranking_table,
)

MakeScores = Callable[..., Scores]


@pytest.mark.parametrize(
    ("cell", "digits", "text"),
    [
        (0.6123, 3, ".612"),
        (-0.05, 2, "-.05"),
        (0.9996, 3, "1.000"),
        (1.0, 3, "1.000"),
        (10.25, 1, "10.2"),
        (0.4, 0, "0"),
        (float("nan"), 3, "–"),
        ("name", 3, "name"),
        (ConfidenceInterval(0.5, 0.4, 0.6), 2, ".50 [.40, .60]"),
        (ConfidenceInterval(0.5, float("nan"), float("nan")), 2, ".50"),
    ],
)
def test_cells_read_as_papers_write_them(cell: object, digits: int, text: str) -> None:
    assert cell_text(cell, digits) == text  # type: ignore[arg-type]


def test_small_p_values_are_not_called_zero_and_bounds_are_called_bounds() -> None:
    assert p_text(1e-9) == "< .001"
    assert p_text(0.02, resolved=False) == "< .020"
    assert p_text(0.0312) == ".031"


def test_best_of_a_column_follows_its_direction_and_ignores_missing() -> None:
    table = Table("t", "T", (Column("up", "Up", 2, "higher"), Column("down", "Down", 2, "lower"), Column("x", "X")), ())
    table = dataclasses.replace(table, rows=((1.0, 5.0, "a"), (float("nan"), 2.0, "b")))
    assert table.best(0) == 1.0
    assert table.best(1) == 2.0
    assert np.isnan(table.best(2))


def test_ranking_shows_intervals_speed_and_how_they_were_made(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta"))
    comparison = compare(scores, resamples=300)
    table = ranking_table(scores, comparison)
    assert [row[1] for row in table.rows] == ["alpha", "beta"]
    assert isinstance(table.rows[0][2], ConfidenceInterval)
    assert table.columns[-1].label == "fps total [frames/s]"
    assert "permutation" in table.note
    text = terminal_text(table)
    assert "alpha" in text
    assert "[" in text


def test_csv_keeps_full_precision_and_leaves_missing_empty(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha",))
    rows = list(csv.DictReader(to_csv(ranking_table(scores, compare(scores, resamples=300))).splitlines()))
    assert float(rows[0]["success_auc"]) == scores.trackers["alpha"].values["success_auc"]
    assert float(rows[0]["success_auc_low"]) < float(rows[0]["success_auc"]) < float(rows[0]["success_auc_high"])
    hole = Table("t", "T", (Column("a", "A"),), ((float("nan"),),))
    assert to_csv(hole).splitlines()[1] in {"", '""'}


def test_csv_is_what_pandas_writes_of_the_same_numbers() -> None:
    import pandas as pd

    columns = tuple(Column(key, key) for key in ("name", "rank", "score", "few", "mixed"))
    rows = (
        ('a "b", c', 1, ConfidenceInterval(0.1 + 0.2, 1e-17, math.nan), 3, "none"),
        ("two words", 2, math.nan, 2.5, 7),
        ("", 3, ConfidenceInterval(1.0, 0.5, 2.0), math.nan, math.nan),
    )
    records = [
        {"name": 'a "b", c', "rank": 1, "score": 0.1 + 0.2, "score_low": 1e-17, "score_high": math.nan, "few": 3},
        {"name": "two words", "rank": 2, "score": math.nan, "few": 2.5},
        {"name": "", "rank": 3, "score": 1.0, "score_low": 0.5, "score_high": 2.0, "few": math.nan},
    ]
    mixed: list[object] = ["none", 7, math.nan]
    expected = pd.DataFrame([{**record, "mixed": value} for record, value in zip(records, mixed, strict=True)])
    assert to_csv(Table("t", "t", columns, rows)) == expected.to_csv(index=False, lineterminator="\n")
    nothing = pd.DataFrame([], columns=[column.key for column in columns])
    assert to_csv(Table("t", "t", columns, ())) == nothing.to_csv(index=False, lineterminator="\n")


def test_latex_escapes_names_and_sets_the_best_in_bold(make_scores: MakeScores) -> None:
    scores = make_scores(("50%_a&b", "other"))
    text = table_latex(ranking_table(scores, None))
    assert r"50\%\_a\&b" in text
    assert r"\textbf{" in text
    assert "\\toprule" in text


def test_attributes_are_ordered_and_counted(make_scores: MakeScores) -> None:
    table = attribute_table(make_scores(("alpha",)), None)
    assert table is not None
    assert [column.label for column in table.columns] == ["Tracker", "IV (4)", "OCC (5)"]
    assert "synthetic" in table.note


def test_findings_claim_only_what_the_tests_carry(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta"))
    apart = findings(scores, compare(scores, resamples=2000))
    assert apart[0].startswith("alpha has the best Success AUC")
    assert any(sentence.startswith("It is significantly better than beta") for sentence in apart)
    twins = make_scores(("alpha", "beta"))
    trackers = {
        name: dataclasses.replace(tracker, statistics=twins.trackers["alpha"].statistics)
        for name, tracker in twins.trackers.items()
    }
    same = findings(scores, compare(dataclasses.replace(twins, trackers=trackers), resamples=500))
    assert same[0].startswith("alpha and beta share the best Success AUC")
    assert any("no significant difference" in sentence for sentence in same)
    assert not any("significantly better" in sentence for sentence in same)


def shortened(scores: Scores, name: str, lost: int) -> Scores:
    """A tracker without results on the first sequences, and a score that would be the best of all."""
    tracker = scores.trackers[name]
    assert tracker.statistics is not None
    rows = tracker.statistics.copy()
    rows[:lost] = np.nan
    partial = dataclasses.replace(tracker, statistics=rows, values={"success_auc": 0.999, "lost_number": 0.0})
    return dataclasses.replace(scores, trackers={**scores.trackers, name: partial})


def test_a_tracker_that_lacks_sequences_is_never_first(make_scores: MakeScores) -> None:
    scores = shortened(make_scores(("alpha", "beta", "gamma")), "gamma", 10)
    for comparison in (None, compare(scores, resamples=300)):
        table = ranking_table(scores, comparison)
        assert [row[:2] for row in table.rows][-1] == ("–", "gamma")
        assert table.rows[0][1] == "alpha"
        assert "2 of 12" in table.rows[-1]
        assert table.best(2) < 0.999
    sentences = findings(scores, compare(scores, resamples=300))
    assert sentences[0].startswith("alpha")
    assert "gamma is not ranked: it has 2 of 12 sequences and lacks seq0, seq1, seq2, seq3 and 6 more." in sentences


def test_table_headline_and_tests_are_over_the_same_sequences(make_scores: MakeScores) -> None:
    scores = shortened(make_scores(("alpha", "beta")), "beta", 1)
    comparison = compare(scores, resamples=300)
    table = ranking_table(scores, comparison)
    for row in table.rows:
        rows = np.asarray(scores.trackers[str(row[1])].statistics)[1:]
        assert isinstance(row[2], ConfidenceInterval)
        assert row[2].value == pytest.approx(scores.measure.finish(rows.sum(axis=0))["success_auc"])
        assert row[4] == pytest.approx(scores.measure.finish(rows.sum(axis=0))["lost_number"])
        assert "11 of 12" in row
    assert "Everything is over 11 of 12 sequences: beta lacks seq0." in findings(scores, comparison)


def test_few_sequences_are_said_to_be_few(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta"))
    trackers = {
        name: dataclasses.replace(tracker, statistics=np.asarray(tracker.statistics)[:3])
        for name, tracker in scores.trackers.items()
    }
    few = dataclasses.replace(scores, trackers=trackers, sequences=scores.sequences[:3])
    comparison = compare(few, resamples=100)
    assert "3 sequences cannot show a difference at .05: the smallest possible p is .250." in findings(few, comparison)
    assert pairs_table(comparison).rows[0][4] == "too few sequences"


def test_the_weakest_attribute_is_named_only_where_enough_carries_it(make_scores: MakeScores) -> None:
    few = make_scores(("alpha",))
    assert not any("weakest" in sentence for sentence in findings(few, compare(few, resamples=100)))
    enough = make_scores(("alpha",), attribute_counts={"IV": 6, "OCC": 5})
    (sentence,) = [text for text in findings(enough, compare(enough, resamples=100)) if "weakest" in text]
    assert re.search(r"over [56] sequences", sentence)


def test_the_weakest_attribute_is_not_named_where_the_leader_lacks_sequences(make_scores: MakeScores) -> None:
    counts = {"attribute_counts": {"IV": 40, "OCC": 50}}
    whole = make_scores(("A", "B"), **counts)
    assert "weakest" in " ".join(findings(whole, compare(whole)))
    lacking = shortened(shortened(whole, "A", 3), "B", 3)
    assert "weakest" not in " ".join(findings(lacking, compare(lacking)))


def test_notes_are_said_once_with_the_trackers_they_hold_for(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta", "gamma"))
    shared = "in 11 sequences (a, b, c, d, ...): the image size is not known."
    trackers = {name: dataclasses.replace(tracker, notes=(shared,)) for name, tracker in scores.trackers.items()}
    trackers["beta"] = dataclasses.replace(trackers["beta"], notes=(shared, "own."))
    assert gathered_notes(dataclasses.replace(scores, trackers=trackers)) == (
        f"all 3 trackers: {shared}",
        "beta: own.",
    )


@pytest.mark.parametrize("count", [3, 24])
def test_tables_fit_the_width_and_cut_no_number(make_scores: MakeScores, count: int) -> None:
    scores = make_scores(tuple(f"tracker_with_a_long_name_{i}" for i in range(count)))
    comparison = compare(scores, resamples=50)
    attributes = attribute_table(scores, comparison)
    assert attributes is not None
    shown = (ranking_table(scores, comparison), pairs_table(comparison, brief=True), attributes)
    for table, width in itertools.product(shown, (60, 80, 200)):
        text = terminal_text(table, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        for row in table.rows:
            for cell, column in zip(row, table.columns, strict=True):
                assert isinstance(cell, str) or cell_text(cell, column.digits) in text


def test_the_ranking_names_the_ranks_without_a_significant_difference(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta", "gamma"))
    twin = dataclasses.replace(scores, trackers={**scores.trackers, "twin": scores.trackers["beta"]})
    table = ranking_table(twin, compare(twin, resamples=300))
    shown = {str(row[1]): row[3] for row in table.rows}
    assert [row[0] for row in table.rows][1:3] == ["2", "2"]
    assert shown == {"alpha": "none", "beta": "2", "twin": "2", "gamma": "none"}


def test_pdf_figures_embed_truetype_fonts(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path, formats=("pdf",))
    for path in (tmp_path / "figures").glob("*.pdf"):
        content = path.read_bytes()
        assert b"/Type3" not in content
        assert b"/FontFile2" in content


def test_the_differences_of_many_trackers_have_a_scale_of_colours(make_scores: MakeScores) -> None:
    """No number is written in cells that are too small for it."""
    few, many = (compare(make_scores(tuple(f"T{i}" for i in range(count)))) for count in (3, 25))
    assert len(pairs_figure(few).axes) == 1
    _, scale = pairs_figure(many).axes
    assert "Success AUC" in scale.get_ylabel()


def test_the_averaged_part_of_a_curve_is_shaded(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha",))
    styles = tracker_styles(["alpha"])
    plain = scores.measure.curves[0]
    shaded = dataclasses.replace(plain, averaged=(0.2, 0.6))
    assert SHADE not in curve_svg(scores, plain, styles)
    assert f'x="150.0" y="40.0" width="176.0" height="380.0" fill="{SHADE}"' in curve_svg(scores, shaded, styles)
    assert len(curve_figure(scores, shaded, styles).axes[0].patches) == 1 + len(
        curve_figure(scores, plain, styles).axes[0].patches
    )


class _Page(HTMLParser):
    """Collects tags, text and every address a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value or "" for key, value in attrs if key in {"src", "href", "xlink:href"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_report_writes_page_tables_figures_and_json(report: Report, tmp_path: Path) -> None:
    page = write_report(report, tmp_path / "out", formats=("png", "svg"))
    assert page == tmp_path / "out" / "report.html"
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {
        "report.html",
        "report.json",
        "figures/success.png",
        "figures/success.svg",
        "figures/intervals.png",
        "figures/differences.png",
        "figures/attributes.png",
        "tables/ranking.csv",
        "tables/ranking.tex",
        "tables/pairs.csv",
        "tables/per_sequence.csv",
    } <= files
    assert not any("partial" in name for name in files)
    assert (tmp_path / "out/figures/success.png").read_bytes().startswith(b"\x89PNG")
    parsed = _Page()
    parsed.feed(page.read_text())
    assert all(address.startswith("#") for address in parsed.loaded)
    assert "gam<ma>&_1" in parsed.text
    assert "ma" not in parsed.tags
    assert "toy|conv:otb-matlab|thr:21" in parsed.text


def test_figures_are_files_only_where_they_are_asked_for(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    assert not (tmp_path / "figures").exists()
    assert (tmp_path / "tables" / "ranking.csv").is_file()


def test_every_table_and_figure_says_what_its_numbers_are(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path, formats=("png", "svg", "pdf"))
    signature = "toy|conv:otb-matlab|thr:21"
    for path in (tmp_path / "tables").iterdir():
        lines = path.read_text().splitlines()
        if path.suffix == ".csv":
            assert all(row["signature"] == signature for row in csv.DictReader(lines))
        else:
            assert lines[0] == f"% {signature}"
    for path in (tmp_path / "figures").iterdir():
        assert signature.encode() in path.read_bytes(), path.name


def test_report_json_holds_every_number(report: Report, tmp_path: Path) -> None:
    write_report(report, tmp_path, formats=())
    content = json.loads((tmp_path / "report.json").read_text())
    section = content["sections"][0]
    tracker = section["trackers"]["alpha"]
    assert tracker["success_auc"] == report.sections[0].scores.trackers["alpha"].values["success_auc"]
    assert len(tracker["curves"]["success"]) == len(section["curves"]["success"]) == 21
    assert len(tracker["sequences"]) == 12
    assert section["comparison"]["pairs"][0]["p_adjusted"] <= 1


def test_same_report_twice_is_the_same_bytes(report: Report, tmp_path: Path) -> None:
    first, second = (write_report(report, tmp_path / name, formats=("svg",)) for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    for drawing in (tmp_path / "a" / "figures").iterdir():
        assert drawing.read_bytes() == (tmp_path / "b" / "figures" / drawing.name).read_bytes()


def test_missing_results_are_the_first_thing_a_reader_sees(make_scores: MakeScores, tmp_path: Path) -> None:
    scores = make_scores(("alpha", "beta"), incomplete=("beta: no result of seq3",))
    page = write_report(Report("Partial", (Section("Toy", scores),)), tmp_path, formats=()).read_text()
    warning, ranking = page.index("beta: no result of seq3"), page.index('id="ranking"')
    assert warning < ranking


def test_a_tracker_that_lacks_sequences_is_marked_wherever_it_stands(make_scores: MakeScores, tmp_path: Path) -> None:
    scores = dataclasses.replace(
        shortened(make_scores(("alpha", "beta", "gamma")), "beta", 1), incomplete=("beta: gap",)
    )
    page = write_report(
        Report("Partial", (Section("Toy", scores, compare(scores, resamples=100)),)), tmp_path
    ).read_text()
    assert page.index("What is incomplete") < page.index("<section")
    assert re.search(r"<td>beta<sup class=.mark.", page)
    assert not re.search(r"<td>alpha<sup", page)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("alpha",), "alpha: Success AUC"),
        (("alpha", "beta"), "alpha is best, significantly better than beta"),
        (("alpha", "beta", "gamma"), "alpha is best, significantly better than all others"),
    ],
)
def test_the_heading_says_who_is_best(make_scores: MakeScores, names: tuple[str, ...], said: str) -> None:
    assert headline(compare(make_scores(names), resamples=300)).startswith(said)


def test_the_heading_names_who_is_not_significantly_different(make_scores: MakeScores) -> None:
    scores = make_scores(("alpha", "beta"))
    rows = np.asarray(scores.trackers["alpha"].statistics).copy()
    rows[0, :21] *= 0.99
    close = dataclasses.replace(scores.trackers["alpha"], name="close", statistics=rows)
    scores = dataclasses.replace(scores, trackers={**scores.trackers, "close": close})
    assert headline(compare(scores, resamples=300)) == "alpha is best; close is not significantly different"


def test_nothing_to_report_and_an_unwritable_folder_are_errors(report: Report, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to report"):
        write_report(Report("Empty", ()), tmp_path)
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InputError, match="--out"):
        write_report(report, blocked)
