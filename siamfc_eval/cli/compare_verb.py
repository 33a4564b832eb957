"""`siamfc-eval compare`: which differences between trackers are significant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli.printing import echo
from siamfc_eval.cli.selection import (
    convention_of,
    dataset_of,
    exit_code,
    protocol_option,
    score_results,
    scoring_options,
)
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.comparison.compare import Comparison
    from siamfc_eval.metrics.scores import Scores


@click.command(epilog="Example: siamfc-eval compare runs/otb2015 --annotations ~/OTB2015 --metric precision_20")
@scoring_options
@click.option("--convention", help="Whose rules; default: those of the benchmark's papers. See `list conventions`.")
@protocol_option
@click.option("--pairs", is_flag=True, help="Show every pair of trackers with its difference and test.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(
    *,
    results: Path,
    kind: str | None,
    annotations: Path | None,
    metric: str | None,
    resamples: int,
    seed: int,
    convention: str | None,
    pairs: bool,
    as_json: bool,
    **selected: Any,
) -> int:
    """Compare the trackers in RESULTS: intervals, paired tests with correction, and how sure the ranking is."""
    from siamfc_eval.comparison.compare import compare

    dataset = dataset_of(results, kind, annotations)
    convention = convention or convention_of(results, dataset, selected["protocol"])
    scores = score_results(results, dataset, convention, **selected)
    comparison = compare(scores, metric, resamples=resamples, seed=seed)
    if as_json:
        echo(json_text(comparison.to_json()))
    else:
        _show(scores, comparison, pairs)
    for gap in scores.incomplete:
        echo(f"incomplete: {gap}", err=True)
    return exit_code([scores])


def _show(scores: Scores, comparison: Comparison, pairs: bool) -> None:
    """Findings, ranks and groups for a person; every pair on request."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import findings
    from siamfc_eval.reporting.tables import pairs_table, ranking_table

    console = Console()
    for sentence in findings(scores, comparison):
        console.print(sentence, highlight=False, markup=False)
    tables = [ranking_table(scores, comparison, most=1)]
    tables += [pairs_table(comparison, brief=True)] if pairs and comparison.pairs else []
    for table in tables:
        console.print()
        console.print(to_terminal(table, console.width))
    if comparison.pairs and not pairs:
        console.print(f"--pairs shows the tests of all {len(comparison.pairs)} pairs.", style="dim", highlight=False)
