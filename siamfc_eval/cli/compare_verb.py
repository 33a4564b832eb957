"""`siamfc-eval compare`: which differences between trackers are significant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


@click.command(epilog="Example: siamfc-eval compare runs/otb2015 --annotations ~/OTB2015 --metric precision_20")
@scoring_options
@click.option("--convention", help="Whose rules; default: those of the benchmark's papers. See `list conventions`.")
@protocol_option
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
        from siamfc_eval.cli.console import Console
        from siamfc_eval.reporting.rendering import to_terminal
        from siamfc_eval.reporting.summary import findings
        from siamfc_eval.reporting.tables import pairs_table, ranking_table

        console = Console()
        for sentence in findings(scores, comparison):
            console.print(sentence, highlight=False, markup=False)
        console.print(to_terminal(ranking_table(scores, comparison, most=3)))
        if comparison.pairs:
            console.print(to_terminal(pairs_table(comparison)))
    for gap in scores.incomplete:
        echo(f"incomplete: {gap}", err=True)
    return exit_code([scores])
