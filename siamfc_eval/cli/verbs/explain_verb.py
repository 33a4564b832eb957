"""`siamfc-eval explain`: why two conventions give one tracker different scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.metrics.explain import Explanation


@click.command(
    epilog="Example: siamfc-eval explain vot-official vot-toolkit results/VOT2018 --tracker DaSiamRPN "
    "--dataset vot2018 --data VOT2018.json"
)
@click.argument("first")
@click.argument("second")
@click.argument("results", type=options.PATH, required=False)
@click.option("--results", "older", type=options.PATH, hidden=True)
@click.option("--tracker", help="The tracker; needed where there are several.")
@options.ground_truth
@click.option("--metric", help="Key of the metric, e.g. precision_20; default: the first of the convention.")
@options.protocol
@options.segment
@options.on_mismatch
@options.as_json
def command(*, first: str, second: str, results: Path | None, older: Path | None, as_json: bool, **asked: Any) -> None:
    """Say why the conventions FIRST and SECOND score one tracker in RESULTS differently.

    Their rules are changed one at a time; each row says by how much the score moves.
    """
    from siamfc_eval.api.explanation import explain
    from siamfc_eval.errors import InputError

    place = results or older
    if place is None:
        raise InputError("explain: which results? Give their folder: siamfc-eval explain FIRST SECOND RESULTS.")
    explanation = explain(place, first, second, **asked)
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
