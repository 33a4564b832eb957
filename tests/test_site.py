"""The site's pages: one for each thing that is registered, and a place in the menu for each page of docs/."""

from __future__ import annotations

from pathlib import Path

import pytest

import siamfc_eval
from docs.pages import example, site
from docs.pages.conventions import convention_pages, rule_meanings
from docs.pages.gallery import gallery_pages
from docs.pages.metrics import metric_pages, metrics_by_key
from docs.pages.page import Page
from docs.pages.reference import reference_pages
from siamfc_eval.cli.main import VERBS
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.reporting.figures.registry import FIGURES

REPOSITORY = Path(__file__).resolve().parents[1]


def _by_path(pages: list[Page]) -> dict[str, str]:
    return {page.path: str(page.content) for page in pages}


def test_every_convention_has_a_page_that_says_whom_it_follows_and_what_it_decides() -> None:
    pages = _by_path(convention_pages())
    for name, convention in CONVENTIONS.items():
        page = pages[f"conventions/{name}.md"]
        assert convention.source, name
        assert convention.source in page
        for metric in convention.metrics:
            assert f"(../metrics/{metric.key}.md)" in page
        for rule, meaning in rule_meanings(convention.rules).items():
            assert f"`{getattr(convention.rules, rule)}`" in page
            assert meaning[:40] in page.replace("\\|", "|")


def test_every_metric_has_a_page_with_its_definition_and_formula() -> None:
    pages = _by_path(metric_pages())
    for key, metrics in metrics_by_key().items():
        for metric in metrics:
            assert metric.definition, key
            assert metric.definition in pages[f"metrics/{key}.md"]
            assert metric.formula, key
            assert metric.definition in pages["metrics.md"]


def test_pages_have_numbers_that_are_computed_when_they_are_made() -> None:
    conventions, metrics = _by_path(convention_pages()), _by_path(metric_pages())
    for name, convention in CONVENTIONS.items():
        scores = example.scores_under(name, convention.protocol)
        best = scores.trackers["steady"].values[convention.metrics[0].key]
        assert f"| steady | {best:.3f} |" in conventions[f"conventions/{name}.md"]
    assert "| boxes that the tracker did not give | `previous` | `fail` | -0." in conventions["conventions/pysot.md"]
    assert "| careless | refused |" in conventions["conventions/pytracking.md"]
    assert "| 4 | [100, 80, 40, 20] | [160, 80, 40, 20] | 0.000 | 60.0 | 1.500 |" in metrics["metrics/precision_20.md"]
    assert "it is **0.75** under" in metrics["metrics/precision_20.md"]


def test_the_gallery_has_every_figure_and_a_picture_of_it() -> None:
    page, *pictures = gallery_pages()
    text = str(page.content)
    for name, figure in FIGURES.items():
        _, _, part = text.partition(f"## {figure.summary}\n\n`siamfc-eval list figures` has it as `{name}`.\n")
        assert part.strip().startswith("!["), name
    assert len(pictures) > len(FIGURES)
    for picture in pictures:
        assert f"({picture.path})" in text
        assert b"</svg>" in bytes(picture.content)  # type: ignore[arg-type]


def test_the_reference_has_every_public_function_and_every_command() -> None:
    pages = _by_path(reference_pages())
    for name in siamfc_eval.__all__:
        assert name.startswith("_") or f".. autofunction:: siamfc_eval.{name}\n" in pages["reference/python.md"]
    for verb in VERBS:
        assert f"## siamfc-eval {verb}\n" in pages["reference/commands.md"]
    assert "## siamfc-eval check tracker\n" in pages["reference/commands.md"]


def test_the_menu_has_every_page_and_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert site.menu()
    (tmp_path / "menu.toml").write_bytes((site.SOURCE / "menu.toml").read_bytes())
    for path in (*site.SOURCE.glob("*.md"), *site.SOURCE.glob("*.ipynb")):
        (tmp_path / path.name).touch()
    monkeypatch.setattr(site, "SOURCE", tmp_path)
    assert site.menu()
    (tmp_path / "forgotten.md").touch()
    with pytest.raises(ValueError, match="forgotten"):
        site.menu()
