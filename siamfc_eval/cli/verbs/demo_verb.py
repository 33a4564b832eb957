"""`siamfc-eval demo`: the whole of it in one command, on the embedded benchmark or on a user's own sequences."""

from __future__ import annotations

import time
from pathlib import Path

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo, exit_code
from siamfc_eval.storage.json_text import json_text


@click.command(epilog="Example: siamfc-eval demo --data ~/OTB2015 --tracker siamfc-slim --tracker opencv-mil")
@options.data
@click.option(
    "--tracker", "trackers", multiple=True, help="Tracker to run; may be given again. Default: three of them."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/demo"), show_default=True)
@options.device
@options.fresh
@options.as_json
def command(*, data: Path | None, trackers: tuple[str, ...], out: Path, device: str, fresh: bool, as_json: bool) -> int:
    """Evaluate trackers on the embedded benchmark and write a report.

    Nothing is downloaded: the benchmark is drawn by the package, and the networks come with it.
    """
    from siamfc_eval.api.report import report
    from siamfc_eval.cli.console import Console
    from siamfc_eval.cli.run_progress import Progress
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.summary import findings
    from siamfc_eval.reporting.tables import ranking_table
    from siamfc_eval.running.experiment import load_experiment
    from siamfc_eval.running.options import RunOptions
    from siamfc_eval.running.run import open_dataset, run_experiment

    begun = time.monotonic()
    experiment = load_experiment("embedded")
    with Progress(quiet=as_json) as progress:
        summary = run_experiment(
            experiment, trackers, data, out, options=RunOptions.of(device=device, fresh=fresh), on_event=progress
        )
    dataset = open_dataset(experiment, data)
    title = "The embedded benchmark" if data is None else f"Trackers on {dataset.name}"
    written = report(summary.out, out / "report", conventions=experiment.conventions[:1], data=dataset, title=title)
    for failure in summary.failures:
        echo(f"failed: {failure.tracker} on {failure.key}: {failure.error}", err=True)
    if as_json:
        echo(json_text({"run": summary.to_json(), **written.to_json()}))
        return summary.exit_code or exit_code(written.scored)
    section = written.sections[0]
    console = Console()
    for sentence in findings(section.scores, section.comparison):
        console.print(sentence, highlight=False, markup=False)
    console.print(to_terminal(ranking_table(section.scores, section.comparison, most=3), console.width))
    took = time.monotonic() - begun
    console.print(f"Everything took {took:.0f} s. The report: {written.page}", highlight=False, soft_wrap=True)
    return summary.exit_code or exit_code(written.scored)
