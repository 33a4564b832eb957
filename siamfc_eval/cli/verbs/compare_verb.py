"""`siamfc-eval compare`: which differences between trackers are significant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.comparison.compare import Comparison
    from siamfc_eval.metrics.scores import Scores


@click.command(epilog="Example: siamfc-eval compare runs/otb2015 --data ~/OTB2015 --metric precision_20")
@options.results_or_none
@options.ground_truth
@options.convention
@options.selecting
@options.comparing
@click.option("--pairs", is_flag=True, help="Show every pair of trackers with its difference and test.")
@options.as_latex
@options.as_json
def command(
    *,
    results: Path | None,
    convention: str | None,
    metric: str | None,
    resamples: int,
    seed: int,
    pairs: bool,
    as_latex: bool,
    as_json: bool,
    **selecting: Any,
) -> int:
    """Compare the trackers in RESULTS: intervals, paired tests with correction, and how sure the ranking is."""
    from siamfc_eval.api.comparison import compare
    from siamfc_eval.api.scores import score

    scores = score(results, convention, metrics=(metric,) if metric is not None else (), **selecting)
    comparison = compare(scores, metric=metric, resamples=resamples, seed=seed)
    if as_json:
        echo(json_text(comparison.to_json()))
    elif as_latex:
        from siamfc_eval.reporting.latex import table_latex
        from siamfc_eval.reporting.tables import pairs_table, ranking_table

        table = pairs_table(comparison) if pairs else ranking_table(scores, comparison, most=1)
        echo(table_latex(table, scores.signature, comparison))
    else:
        _show(scores, comparison, pairs)
    for gap in scores.incomplete:
        echo(f"incomplete: {gap}", err=True)
    return exit_code([scores])


def _show(scores: Scores, comparison: Comparison, pairs: bool) -> None:
    """Findings, ranks and groups for a person; every pair on request."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import findings, gathered_notes
    from siamfc_eval.reporting.tables import pairs_table, ranking_table

    console = Console()
    for sentence in findings(scores, comparison):
        console.print(sentence, highlight=False, markup=False)
    tables = [ranking_table(scores, comparison, most=1)]
    tables += [pairs_table(comparison, brief=True)] if pairs and comparison.pairs else []
    for table in tables:
        console.print()
        console.print(to_terminal(table, console.width))
    for note in gathered_notes(scores):
        console.print(note, style="dim", markup=False, highlight=False, soft_wrap=True)
    if comparison.pairs and not pairs:
        console.print(f"--pairs shows the tests of {_counted(len(comparison.pairs))}.", style="dim", highlight=False)


def _counted(pairs: int) -> str:
    return "the pair" if pairs == 1 else f"all {pairs} pairs"
