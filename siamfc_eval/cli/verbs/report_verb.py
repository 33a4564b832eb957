"""`siamfc-eval report`: plots, tables and a web page from results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code
from siamfc_eval.storage.json_text import json_text


@click.command(
    epilog="Examples: siamfc-eval report runs/otb2015 --data ~/OTB2015 --out report; "
    "siamfc-eval report runs/otb2015 runs/vot2018 --highlight mine"
)
@options.results_each
@options.data_each
@options.dataset
@options.conventions
@options.selecting
@options.comparing
@options.repetitions
@click.option("--out", type=options.PATH, help="Folder of the report; default: RESULTS/report.")
@click.option("--title", help="Heading of the report.")
@click.option(
    "--highlight",
    multiple=True,
    metavar="NAME",
    help="A tracker to draw always and on top; may be given again. Default: one's own beside published ones.",
)
@click.option(
    "--top", type=click.IntRange(min=1), default=10, show_default=True, help="Trackers that figures show at first."
)
@click.option("--figures", is_flag=True, help="Write every figure as a file, too.")
@options.formats
@click.option("--frames", is_flag=True, help="Show pictures of the worst moments, from the data set's images.")
@click.option(
    "--style",
    type=click.Choice(["ieee", "cvpr", "slides"]),
    help="Write a folder `paper`, too: figures at the width of a column, LaTeX tables, curves for pgfplots.",
)
@options.as_json
def command(*, results: tuple[Path, ...], out: Path | None, as_json: bool, **asked: Any) -> int:
    """Write report.html, a page to explore with the findings, figures and tables of RESULTS.

    The page is one file that needs no network. Several RESULTS, such as runs on several benchmarks, share a page.
    Tables are written as files of their own as well, and figures with --figures.
    """
    from siamfc_eval.api.report import report

    written = report(results, out, **asked)
    echo(json_text(written.to_json()) if as_json else f"report: {written.page}")
    for gap in dict.fromkeys(gap for scores in written.scored for gap in scores.incomplete):
        echo(f"incomplete: {gap}", err=True)
    return exit_code(written.scored)
