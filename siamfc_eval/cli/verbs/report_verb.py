"""`siamfc-eval report`: plots, tables and a web page from results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code


@click.command(epilog="Example: siamfc-eval report runs/otb2015 --data ~/OTB2015 --out report")
@options.results
@options.ground_truth
@options.conventions
@options.selecting
@options.comparing
@click.option("--out", type=options.PATH, help="Folder of the report; default: RESULTS/report.")
@click.option("--title", help="Heading of the report.")
@click.option("--format", "formats", multiple=True, type=click.Choice(["png", "svg", "pdf"]), help="Of the figures.")
def command(*, results: Path, out: Path | None, **asked: Any) -> int:
    """Write report.html with the findings, plots and tables of RESULTS, and each of them as a file of its own."""
    from siamfc_eval.api.report import report

    written = report(results, out, **asked)
    echo(f"report: {written.page}")
    for gap in dict.fromkeys(gap for scores in written.scored for gap in scores.incomplete):
        echo(f"incomplete: {gap}", err=True)
    return exit_code(written.scored)
