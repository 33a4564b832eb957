"""Names are drawn, printed and tabulated as they are written, whatever is in them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.plain_text import printable, spreadsheet_cell
from siamfc_eval.reporting.curve_svg import curve_svg
from siamfc_eval.reporting.plots import tracker_styles
from siamfc_eval.reporting.rendering import terminal_text, to_csv
from siamfc_eval.reporting.report import Report, Section, write_report
from siamfc_eval.reporting.tables import ranking_table, sequence_table

HOSTILE = (r"a$\frac$b", "=HYPERLINK(1)", "\x1b[2Jgone", "nul\0bell\x07", "<b>&amp;</b>", "\u202egnp.exe", "\udc80")


def hidden(text: str) -> set[str]:
    """The characters of a text that must not be in any file or on a terminal."""
    return {character for character in text if character not in "\n\t" and printable(character) != character}


@pytest.fixture
def scores(make_scores: Callable[..., Scores]) -> Scores:
    return make_scores(HOSTILE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SiamFC é 中", "SiamFC é 中"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\nb", r"a\x0ab"),
        ("\u202ea", r"\u202ea"),
        ("\udc80", r"\udc80"),
    ],
)
def test_what_cannot_be_seen_is_written_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_of_a_message_stay_lines() -> None:
    assert printable("a\n\tb\r\x1b", lines=True) == "a\n\tb\\x0d\\x1b"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_no_cell_begins_as_a_formula(text: str) -> None:
    assert spreadsheet_cell(text) == "'" + printable(text)
    assert spreadsheet_cell("a" + text) == printable("a" + text)


def test_a_report_with_any_names_is_drawn_and_well_formed(scores: Scores, tmp_path: Path) -> None:
    report = Report("Toy \x07", (Section("Toy", scores, compare(scores, resamples=200)),), {"command": "x \x1b[2J"})
    page = write_report(report, tmp_path, formats=("svg", "png"))
    assert not hidden(page.read_text(encoding="utf-8"))
    drawings = list(tmp_path.rglob("*.svg"))
    assert drawings
    for drawing in drawings:
        text = drawing.read_text(encoding="utf-8")
        assert not hidden(text)
        ElementTree.fromstring(text)
    shown = "".join((tmp_path / "figures" / "success.svg").read_text(encoding="utf-8"))
    assert r"a$\frac$b" in shown


def test_svg_curves_and_the_terminal_show_names_as_they_are(scores: Scores) -> None:
    drawing = curve_svg(scores, scores.measure.curves[0], tracker_styles(tuple(scores.trackers)))
    ElementTree.fromstring(drawing)
    assert not hidden(drawing)
    table = terminal_text(ranking_table(scores, None), width=200)
    assert not hidden(table)
    assert r"\x1b[2Jgone" in table


def test_spreadsheets_take_names_as_text_and_numbers_as_numbers(scores: Scores) -> None:
    for table in (ranking_table(scores, None), sequence_table(scores, None)):
        for row in csv.reader(io.StringIO(to_csv(table, "=signature"))):
            assert not [cell for cell in row if cell.startswith(("=", "+", "@", "\t")) or hidden(cell)]
