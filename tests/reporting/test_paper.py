"""What a paper takes: figures at the width of a column, tables that LaTeX sets, curves for pgfplots."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from siamfc_eval.comparison.compare import compare
from siamfc_eval.errors import UnknownNameError
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.latex import escaped, table_latex
from siamfc_eval.reporting.paper import STYLES, write_paper
from siamfc_eval.reporting.report import Report, Section
from siamfc_eval.reporting.tables import ranking_table
from tests.reporting.toys import toy_scores

HOSTILE = r'[50%]_a&b\input{x}~^"<>|'


def with_attributes(names: tuple[str, ...]) -> Scores:
    """Toy scores that have curves for three attributes, too."""
    scores = toy_scores(names, attribute_counts={"IV": 4, "OCC": 5, "SV": 6})
    trackers = {
        name: dataclasses.replace(
            one,
            attributes=dict.fromkeys(("IV", "OCC", "SV"), one.values),
            attribute_curves=dict.fromkeys(("IV", "OCC", "SV"), one.curves),
        )
        for name, one in scores.trackers.items()
    }
    return dataclasses.replace(scores, trackers=trackers)


def paper_of(names: tuple[str, ...], out: Path, style: str = "ieee", top: int = 10) -> Path:
    scores = with_attributes(names)
    section = Section("Toy & co., otb-matlab", scores, compare(scores, resamples=300))
    return write_paper(Report("Toy", (section,), top=top, highlighted=names[-1:]), out, style)


@pytest.mark.parametrize("style", STYLES)
def test_figures_are_as_wide_as_the_style_asks_with_true_type_fonts(style: str, tmp_path: Path) -> None:
    paper_of(("alpha", "beta", "gamma"), tmp_path, style)
    form = STYLES[style]
    widths = {}
    for path in (tmp_path / "figures").glob("*.pdf"):
        data = path.read_bytes()
        box = re.search(rb"/MediaBox \[ ?([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+)", data)
        widths[path.stem] = (float(box[3]) - float(box[1])) / 72
        assert b"/Type3" not in data
        assert b"FontFile2" in data
    assert sorted(widths) == ["attribute-curves", "radar", "success"]
    assert widths["attribute-curves"] == pytest.approx(form.page, abs=0.01)
    assert widths["success"] == pytest.approx(form.column, abs=0.01)


def test_the_best_is_bold_the_second_underlined_and_what_is_not_different_marked(tmp_path: Path) -> None:
    scores = toy_scores(("alpha", "beta", "gamma"))
    twin = dataclasses.replace(scores.trackers["alpha"], name="twin")
    scores = dataclasses.replace(scores, trackers={**scores.trackers, "twin": twin})
    comparison = compare(scores, resamples=300)
    latex = table_latex(ranking_table(scores, comparison), scores.signature, comparison)
    rows = {name: next(line for line in latex.splitlines() if f"& {name}" in line) for name in scores.trackers}
    assert r"\textbf{" in rows["alpha"]
    assert r"\underline{" in rows["beta"]
    assert r"\underline{" not in rows["gamma"].split("&")[2]
    assert (r"$^\dagger$" in rows["alpha"]) != (r"$^\dagger$" in rows["twin"])  # one of the two leads
    assert r"$^\dagger$" not in rows["gamma"]
    assert r"otb-matlab" in latex.partition(r"\caption")[2]
    assert re.search(r"\\scriptsize \[\.\d+, \.\d+\]", rows["alpha"])


def test_the_same_tracker_has_the_same_colour_in_every_picture_and_one_s_own_is_drawn(tmp_path: Path) -> None:
    names = tuple(f"tracker{i:02d}" for i in range(12))
    paper_of(names, tmp_path, top=3)
    picture = (tmp_path / "curves" / "success.tex").read_text()
    assert re.findall(r"\{\]\} (tracker\d\d)\}", picture) == ["tracker00", "tracker01", "tracker02", "tracker11"]
    assert picture.count(r"\addplot") == 4


def test_nothing_of_a_name_is_a_command(tmp_path: Path) -> None:
    assert r"\input" not in escaped(HOSTILE)
    assert escaped("a_b") == r"a\_b"
    with pytest.raises(UnknownNameError, match="ieee"):
        paper_of(("a",), tmp_path, "iee")


@pytest.mark.latex
@pytest.mark.parametrize("names", [("alone",), ("alpha", HOSTILE, *(f"t{i}" for i in range(14)))])
def test_the_document_compiles(names: tuple[str, ...], tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex on this machine")
    document = paper_of(names, tmp_path)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", document.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-1500:]
    assert (tmp_path / "paper.pdf").stat().st_size > 20_000
