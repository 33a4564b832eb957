"""`siamfc-eval score`: the scores of raw results, without images and without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.cli.score_plots import Format
    from siamfc_eval.metrics.scores import Mismatch, Scores


@click.command(
    epilog="Example: siamfc-eval score results/OTB2015 --dataset otb2015 --data annotations.json "
    "--convention otb-matlab --json"
)
@options.results_or_none
@options.ground_truth
@options.convention
@click.option("--signature", help="Compute what this signature says, and refuse if anything differs.")
@options.selecting
@options.metrics
@click.option("--attributes", is_flag=True, help="Show scores by attribute or tag.")
@options.option("--out", type=options.PATH, was=("--output",), help="Write the JSON to this file as well.")
@click.option("--plots", type=options.PATH, help="Write the curves as pictures into this folder.")
@options.formats
@click.option("--no-cache", is_flag=True, help="Compute everything anew and keep nothing.")
@options.as_latex
@options.as_json
def command(
    *,
    results: Path | None,
    data: Path | None,
    dataset: str | None,
    convention: str | None,
    signature: str | None,
    attributes: bool,
    out: Path | None,
    plots: Path | None,
    formats: tuple[Format, ...],
    no_cache: bool,
    as_latex: bool,
    as_json: bool,
    **selecting: Any,
) -> int:
    """Compute the scores of raw results.

    RESULTS is a folder of trackers, or one tracker's, as any toolkit wrote it. Exit code 2: something is missing or was
    repaired, 1: some files could not be scored; both are named, and the rest is scored.
    """
    from siamfc_eval.api.scores import score
    from siamfc_eval.metrics.signature import parse_signature, require_same

    given = parse_signature(signature) if signature else None
    if given is not None:
        dataset = dataset or given.dataset
        convention = convention or given.convention
        selecting["attribute_source"] = selecting["attribute_source"] or given.pins.get("att", "none")
        selecting["metrics"] = selecting["metrics"] or tuple(filter(None, given.pins.get("also", "").split("+")))
        selecting["on_mismatch"] = _policy(given.pins.get("len"), selecting["on_mismatch"])
    scores = score(results, convention, data=data, dataset=dataset, keep=not no_cache, **selecting)
    if given is not None:
        require_same(given, parse_signature(scores.signature))
    text = json_text(scores.to_json())
    if out is not None:
        from siamfc_eval.storage.writing import write_atomic

        write_atomic(out, text + "\n", durable=False, remedy="Choose another --out.")
    if plots is not None:
        from siamfc_eval.cli.score_plots import write_plots

        for each in formats or ("svg",):
            write_plots(scores, plots, each)
    if as_json:
        echo(text)
    elif as_latex:
        from siamfc_eval.reporting.latex import table_latex
        from siamfc_eval.reporting.tables import ranking_table

        echo(table_latex(ranking_table(scores, None), scores.signature))
    else:
        _show(scores, scores.metadata["notes"], attributes)
    for gap in scores.incomplete:
        echo(f"incomplete: {gap}", err=True)
    return exit_code([scores])


def _policy(pinned: str | None, asked: Mismatch) -> Mismatch:
    if pinned == "pad":
        return "pad"
    if pinned == "truncate":
        return "truncate"
    return asked


def _show(scores: Scores, notes: tuple[str, ...], attributes: bool) -> None:
    """Tables for a person."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.metrics.speed import comparability
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import gathered_notes
    from siamfc_eval.reporting.tables import attribute_table, ranking_table

    console = Console()
    console.print(to_terminal(ranking_table(scores, None, most=5), console.width))
    table = attribute_table(scores, None) if attributes else None
    if table is not None:
        console.print(to_terminal(table, console.width))
    console.print(scores.signature, style="dim", markup=False, highlight=False, soft_wrap=True)
    apart = comparability({name: one.timed for name, one in scores.trackers.items() if one.speed})
    for note in (*gathered_notes(scores), *notes, *filter(None, [apart])):
        console.print(note, style="dim", markup=False, highlight=False, soft_wrap=True)
