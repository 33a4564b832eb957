"""`siamfc-eval report`: plots, tables and a web page from results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli.printing import echo
from siamfc_eval.cli.selection import (
    convention_of,
    dataset_of,
    exit_code,
    first_manifest,
    protocol_option,
    score_results,
    scoring_options,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from siamfc_eval.datasets.sequence import Dataset
    from siamfc_eval.reporting.report import Section
    from siamfc_eval.results.manifest import Session


@click.command(epilog="Example: siamfc-eval report runs/otb2015 --annotations ~/OTB2015 --out report")
@scoring_options
@click.option("--convention", "conventions", multiple=True, help="Whose rules; may be repeated. Default: by data set.")
@protocol_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the report; default: RESULTS/report.")
@click.option("--title", help="Heading of the report.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["png", "svg", "pdf"]), help="Of the figures.")
def command(
    *,
    results: Path,
    kind: str | None,
    annotations: Path | None,
    conventions: tuple[str, ...],
    out: Path | None,
    title: str | None,
    formats: tuple[str, ...],
    **selected: Any,
) -> int:
    """Write report.html with the findings, plots and tables of RESULTS, and each of them as a file of its own."""
    dataset = dataset_of(results, kind, annotations)
    chosen = conventions or (convention_of(results, dataset, selected["protocol"]),)
    page, sections = build_report(
        results,
        dataset,
        chosen,
        out=out or results / "report",
        title=title or dataset.name,
        formats=formats,
        **selected,
    )
    scored = [section.scores for section in sections]
    echo(f"report: {page}")
    for gap in dict.fromkeys(gap for scores in scored for gap in scores.incomplete):
        echo(f"incomplete: {gap}", err=True)
    return exit_code(scored)


def build_report(
    results: Path,
    dataset: Dataset,
    conventions: tuple[str, ...],
    *,
    out: Path,
    title: str,
    formats: tuple[str, ...] = (),
    metric: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    **selected: Any,
) -> tuple[Path, list[Section]]:
    """Score, compare and write the report; returns the page and its sections."""
    from siamfc_eval.comparison.compare import compare
    from siamfc_eval.reporting.report import Report, Section, write_report

    sections = []
    for convention in conventions:
        scores = score_results(results, dataset, convention, **selected)
        comparison = compare(scores, metric, resamples=resamples, seed=seed)
        sections.append(Section(f"{dataset.name}, {convention}", scores, comparison))
    report = Report(title, tuple(sections), run_facts(results))
    page = write_report(report, out, formats or ("png", "svg", "pdf"))
    return page, sections


def run_facts(results: Path) -> dict[str, str]:
    """How the results came about, from the first manifest below the folder; empty for other toolkits' results."""
    manifest = first_manifest(results)
    if manifest is None:
        return {}
    made = {status.session for status in manifest.items.values() if status.status == "done"} or {0}
    sessions = [session for number, session in enumerate(manifest.sessions) if number in made]

    def of_each(describe: Callable[[Session], str]) -> str:
        """What the sessions that made the results say; once where they agree."""
        return "; later: ".join(dict.fromkeys(filter(None, map(describe, sessions))))

    facts = {
        "command": of_each(lambda session: " ".join(session.command)),
        "commit": of_each(lambda session: session.commit),
        "versions": of_each(lambda session: _listed(session.versions)),
        "hardware": of_each(lambda session: _listed(session.hardware)),
        "settings": of_each(lambda session: _listed(session.settings)),
    }
    return {name: value for name, value in facts.items() if value}


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
