"""`siamfc-eval score`: the scores of raw results, without images and without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from siamfc_eval.cli.printing import echo
from siamfc_eval.cli.selection import (
    convention_of,
    dataset_of,
    exit_code,
    mismatch_option,
    protocol_option,
    score_results,
    segment_option,
)
from siamfc_eval.storage.json_text import json_text
from siamfc_eval.storage.writing import write_atomic

if TYPE_CHECKING:
    from siamfc_eval.cli.score_plots import Format
    from siamfc_eval.metrics.scores import Mismatch, Scores


@click.command(
    epilog="Example: siamfc-eval score results/OTB2015 --dataset otb2015 --annotations annotations.json "
    "--convention otb-matlab --json"
)
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--dataset", "kind", help="Benchmark or layout, e.g. otb2015, vot2018; default: recognised.")
@click.option("--annotations", type=click.Path(path_type=Path), help="Folder or JSON file of the ground truth.")
@click.option("--convention", help="Whose rules; default: those of the benchmark's papers. See `list conventions`.")
@click.option("--signature", help="Compute what this signature says, and refuse if anything differs.")
@click.option("--tracker", "trackers", multiple=True, help="Only this tracker; may be given again.")
@protocol_option
@segment_option
@mismatch_option
@click.option("--attributes", is_flag=True, help="Show scores by attribute or tag.")
@click.option("--attribute-source", help="Whose attribute table; 'none' for none. Default: the preferred one.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the JSON to this file as well.")
@click.option("--plots", type=click.Path(path_type=Path), help="Write the curves as pictures into this folder.")
@click.option("--plot-format", type=click.Choice(["svg", "png", "pdf"]), default="svg", show_default=True)
@click.option("--no-cache", is_flag=True, help="Compute everything anew and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(
    *,
    results: Path,
    kind: str | None,
    annotations: Path | None,
    convention: str | None,
    signature: str | None,
    trackers: tuple[str, ...],
    protocol: str | None,
    segment: int | None,
    on_mismatch: Mismatch,
    attributes: bool,
    attribute_source: str | None,
    output: Path | None,
    plots: Path | None,
    plot_format: Format,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Compute the scores of raw results.

    RESULTS is a folder of trackers, or one tracker's, as any toolkit wrote it. Exit code 2: something is missing or was
    repaired, 1: some files could not be scored; both are named, and the rest is scored.
    """
    from siamfc_eval.metrics.scoring import scores_json
    from siamfc_eval.metrics.signature import parse_signature, require_same

    given = parse_signature(signature) if signature else None
    if given is not None:
        kind = kind or given.dataset
        convention = convention or given.convention
        attribute_source = attribute_source or given.pins.get("att", "none")
        on_mismatch = _policy(given.pins.get("len"), on_mismatch)
    dataset = dataset_of(results, kind, annotations)
    scores = score_results(
        results,
        dataset,
        convention or convention_of(results, dataset, protocol),
        trackers=trackers,
        protocol=protocol,
        segment=segment,
        attribute_source=attribute_source,
        on_mismatch=on_mismatch,
        keep=not no_cache,
    )
    if given is not None:
        require_same(given, parse_signature(scores.signature))
    text = json_text(scores_json(scores))
    if output is not None:
        write_atomic(output, text + "\n", durable=False, remedy="Choose another --output.")
    if plots is not None:
        from siamfc_eval.cli.score_plots import write_plots

        write_plots(scores, plots, plot_format)
    if as_json:
        echo(text)
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
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import gathered_notes
    from siamfc_eval.reporting.tables import attribute_table, ranking_table

    console = Console()
    console.print(to_terminal(ranking_table(scores, None, most=5), console.width))
    table = attribute_table(scores, None) if attributes else None
    if table is not None:
        console.print(to_terminal(table, console.width))
    console.print(scores.signature, style="dim", markup=False, highlight=False, soft_wrap=True)
    for note in (*gathered_notes(scores), *notes):
        console.print(note, style="dim", markup=False, highlight=False, soft_wrap=True)
