"""`siamfc-eval run`: run trackers on an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.running.experiment import Experiment
    from siamfc_eval.running.summary import RunSummary


@click.command(
    epilog="Examples: siamfc-eval run otb2015 --tracker siamfc-slim --tracker opencv-mil --data ~/OTB2015 --out runs. "
    "On sequences of your own: siamfc-eval run ope --tracker siamfc-slim --data ~/videos --out runs. Other trackers: "
    '--tracker my_tracker.py:MyTracker, --tracker "trax:python my_tracker.py".'
)
@click.argument("experiment")
@click.option("--tracker", "trackers", multiple=True, help="Name, .toml, FILE.py:CLASS, MODULE:CLASS or trax:COMMAND.")
@options.data
@options.dataset
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True)
@options.computing
@options.reading_weights
@click.option(
    "--lanes", type=click.IntRange(min=1), help="Runs side by side; default: one a core; 1: one by one, timed."
)
@click.option("--executor", metavar="NAME", help="What runs the sequences; see `list executors`. Default: as suits.")
@click.option("--cluster", metavar="WHERE", help="Spread over dask: local, tcp://HOST:PORT or a scheduler's file.")
@click.option("--workers", type=click.IntRange(min=1), help="Cores to use. Default: all.")
@click.option("--repetitions", type=click.IntRange(min=1), help="Runs of each sequence. Default: the experiment's.")
@click.option("--sequence", "sequences", multiple=True, help="Only this sequence; repeatable.")
@options.fresh
@click.option("--speed", is_flag=True, help="Measure speed: run alone, one frame after the other, what has no times.")
@click.option("--responses", is_flag=True, help="Keep response maps for `view`, of runs that are there too.")
@options.timeout
@click.option("--style", help="How Python classes are written: got10k, pysot, pytracking, opencv. Default: detected.")
@click.option("--name", "names", multiple=True, help="Name for the results of a tracker; once for each --tracker.")
@click.option(
    "--debug", is_flag=True, help="Run Python classes in this process; stop in the debugger where one raises."
)
@click.option("--skip-bad", is_flag=True, help="Leave out sequences that cannot be used, instead of exit code 2.")
@click.option("--no-score", is_flag=True, help="Run only; print no scores.")
@click.option("--report", is_flag=True, help="Write a report of the results too: plots, intervals, tests.")
@options.as_json
def command(
    *,
    experiment: str,
    trackers: tuple[str, ...],
    data: Path | None,
    dataset: str | None,
    out: Path,
    no_score: bool,
    report: bool,
    as_json: bool,
    **asked: Any,
) -> int:
    """Run trackers on an EXPERIMENT and write raw results.

    EXPERIMENT is a name (see `siamfc-eval list experiments`) or a .toml file. A run that was interrupted continues with
    what is missing when it is started again. Nothing is downloaded.

    Exit code 1: a tracker cannot be used as it was given; 2: something could not be run because of the data, or the
    data set is not the whole of its benchmark; 3: a tracker failed. What it was is printed, and all else was run.
    """
    from siamfc_eval.cli.run_progress import Progress
    from siamfc_eval.running.experiment import load_experiment
    from siamfc_eval.running.options import RunOptions
    from siamfc_eval.running.run import run_experiment

    definition = load_experiment(experiment)
    if dataset is not None:
        definition = definition.model_copy(update={"dataset": dataset})
    how = RunOptions.of(**asked)
    quiet = as_json or how.load.debug
    with Progress(quiet=quiet) as progress:
        summary = run_experiment(definition, trackers, data, out, options=how, on_event=progress)
    page = _write_report(definition, summary) if report and summary.has_results else None
    if as_json:
        echo(json_text(summary.to_json()))
        for gap in summary.incomplete:
            echo(f"incomplete: {gap}", err=True)
        return summary.exit_code
    _show(summary)
    if not summary.has_results:
        echo("nothing was run, so there are no results", err=True)
        return summary.exit_code
    if not no_score:
        _show_scores(definition, summary)
    echo(f"\nresults: {summary.out}")
    echo(f"next: siamfc-eval report {summary.out}" if page is None else f"report: {page}")
    return summary.exit_code


def _write_report(experiment: Experiment, summary: RunSummary) -> Path:
    """The report of what was run, under every convention of the experiment; returns its page."""
    from siamfc_eval.api.report import report

    return report(
        summary.out,
        conventions=experiment.conventions,
        data=summary.selected,
        title=experiment.description or experiment.name,
        trackers=tuple(dict.fromkeys(part.tracker for part in summary.protocols)),
    ).page


def _show(summary: RunSummary) -> None:
    """What was run, how fast, and what went wrong."""
    from rich.table import Table

    from siamfc_eval.cli.console import Console

    table = Table(title=f"{summary.experiment} on {summary.dataset}", title_justify="left")
    for heading in ("tracker", "protocol"):
        table.add_column(heading)
    for heading in ("ran", "done before", "frames", "time", "tracker alone"):
        table.add_column(heading, justify="right")
    for part in summary.protocols:
        alone = f"{part.fps:.1f} frames/s" if part.fps else "-"
        table.add_row(
            part.tracker,
            part.protocol,
            str(part.ran),
            str(part.done_before),
            str(part.frames),
            f"{part.seconds:.1f} s",
            alone,
        )
    Console(width=None if Console().is_terminal else 120).print(table)
    if any(part.ran and not part.fps for part in summary.protocols):
        echo("Speed was not measured: runs shared the machine. For it, run the same with --speed.")
    for part in summary.protocols:
        if part.not_repeated:
            echo(
                f"{part.tracker}, {part.protocol}: the first three runs are identical on "
                f"{counted(part.not_repeated, 'sequence, which was', 'sequences, which were')} not run further."
            )
        if part.invalid:
            answers = counted(part.invalid, "answer was no finite number", "answers were no finite numbers")
            echo(f"{part.tracker}, {part.protocol}: {answers} (kept as NaN).")
    _show_failures(summary)


def _show_failures(summary: RunSummary) -> None:
    """What is missing from the results, and why."""
    for gap in summary.incomplete:
        echo(f"incomplete: {gap}", err=True)
    for failure in summary.skipped:
        echo(f"skipped: {failure.key}: {failure.error}", err=True)
    for failure in summary.failures:
        if failure.fault == "input":
            echo(f"not run: {failure.tracker}: {failure.error}", err=True)
    failed = [failure for failure in summary.failures if failure.fault != "input"]
    if failed:
        echo(f"{counted(len(failed), 'run')} failed; start again to retry them:", err=True)
        for failure in failed:
            error = failure.error.partition("\n")[0]  # all of it was shown when it happened
            where = " ".join(word for word in (failure.tracker, failure.protocol, failure.key) if word)
            echo(f"  {where}: {error}", err=True)


def _show_scores(experiment: Experiment, summary: RunSummary) -> None:
    """A ranked table for each protocol that a convention of the experiment scores, over the sequences that were run."""
    from siamfc_eval.api.selection import score_results
    from siamfc_eval.cli.console import Console
    from siamfc_eval.errors import SiamfcEvalError
    from siamfc_eval.metrics.conventions import convention
    from siamfc_eval.protocols.table import PROTOCOLS
    from siamfc_eval.reporting.rendering import to_terminal
    from siamfc_eval.reporting.tables import ranking_table

    console = Console()
    said = set(summary.incomplete)
    for protocol in experiment.protocols:
        reads = protocol.scored_as
        usual = PROTOCOLS[reads].convention
        name = next((name for name in experiment.conventions if convention(name).protocol == reads), usual)
        ran = [part for part in summary.protocols if part.protocol == protocol.kind and (part.ran or part.done_before)]
        if not ran:
            continue
        trackers = tuple(dict.fromkeys(part.tracker for part in ran))
        echo(f"\n{protocol.kind}, by the rules of {name}")
        try:
            scores = score_results(summary.out, summary.selected, name, trackers=trackers, protocol=protocol.folder)
        except SiamfcEvalError as error:
            echo(f"not scored: {error}", err=True)
            continue
        console.print(to_terminal(ranking_table(scores, None, most=5), console.width))
        for gap in scores.incomplete:
            if gap not in said:
                echo(f"incomplete: {gap}", err=True)
        said.update(scores.incomplete)
