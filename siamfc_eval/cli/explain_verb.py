"""`siamfc-eval explain`: why two conventions give one tracker different scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from siamfc_eval.cli.printing import echo
from siamfc_eval.cli.selection import dataset_of, mismatch_option, protocol_option, read_runs, segment_option
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.metrics.explain import Explanation
    from siamfc_eval.metrics.scores import Mismatch


@click.command(
    epilog="Example: siamfc-eval explain vot-official vot-toolkit --results results/VOT2018 --tracker DaSiamRPN "
    "--dataset vot2018 --annotations VOT2018.json"
)
@click.argument("first")
@click.argument("second")
@click.option("--results", type=click.Path(path_type=Path), required=True, help="Folder of raw results.")
@click.option("--tracker", help="The tracker; needed where there are several.")
@click.option("--dataset", "kind", help="Benchmark or layout, e.g. otb2015, vot2018; default: recognised.")
@click.option("--annotations", type=click.Path(path_type=Path), help="Folder or JSON file of the ground truth.")
@click.option("--metric", help="Key of the metric, e.g. precision_20; default: the first of the convention.")
@protocol_option
@segment_option
@mismatch_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def command(
    *,
    first: str,
    second: str,
    results: Path,
    tracker: str | None,
    kind: str | None,
    annotations: Path | None,
    metric: str | None,
    protocol: str | None,
    segment: int | None,
    on_mismatch: Mismatch,
    as_json: bool,
) -> None:
    """Say why the conventions FIRST and SECOND score one tracker differently.

    Their rules are changed one at a time; each row says by how much the score moves.
    """
    from siamfc_eval.errors import InputError
    from siamfc_eval.metrics.explain import explain

    dataset = dataset_of(results, kind, annotations)
    raw = read_runs(results, dataset, first, trackers=(tracker,) if tracker else (), protocol=protocol, segment=segment)
    if len(raw) != 1:
        raise InputError(f"{results}: which tracker? Give --tracker, one of: {', '.join(sorted(raw))}.")
    explanation = explain(next(iter(raw.values())), dataset, first, second, metric=metric, on_mismatch=on_mismatch)
    if as_json:
        echo(json_text(explanation.to_json()))
    else:
        _show(explanation)


def _show(explanation: Explanation) -> None:
    """The decomposition as a table."""
    from rich.table import Table

    from siamfc_eval.cli.console import Console

    metric = explanation.metric
    key, digits = metric.key, max(metric.digits, 4)
    one, two = explanation.conventions
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    title = f"{explanation.tracker} on {explanation.dataset}: {metric.label} under {one} and {two}"
    table = Table(title=title, title_justify="left", show_footer=True)
    score = explanation.scores[0][key]
    table.add_column("Rule", footer=two)
    table.add_column(one)
    table.add_column(two)
    table.add_column("Difference", justify="right", footer=f"{explanation.difference:+.{digits}f}")
    table.add_column("Average over orders", justify="right")
    table.add_column(metric.label, justify="right", footer=f"{explanation.scores[1][key]:.{digits}f}")
    table.add_column("Sequences", justify="right")
    table.add_row(one, "", "", "", "", f"{score:.{digits}f}", "")
    still = [*explanation.without_effect]
    for step in explanation.steps:
        change = step.differences[key]
        if change == 0:
            still.append(step.effect)
            continue
        score += change
        average = "" if step.averages is None else f"{step.averages[key]:+.{digits}f}"
        table.add_row(
            step.effect,
            step.before,
            step.after,
            f"{change:+.{digits}f}",
            average,
            f"{score:.{digits}f}",
            str(len(step.sequences) or ""),
        )
    console.print(table)
    if still:
        console.print(f"Rules that differ without an effect here: {'; '.join(still)}.", style="dim", highlight=False)
    for note in explanation.notes:
        console.print(note, style="dim", markup=False, highlight=False)
