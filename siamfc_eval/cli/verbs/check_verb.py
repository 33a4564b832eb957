"""`siamfc-eval check`: look at data and say what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.datasets.check import DatasetReport
    from siamfc_eval.results.check import TrackerCheck


@click.group(
    epilog="Example: siamfc-eval check dataset ~/OTB2015",
)
def command() -> None:
    """Look at a data set, results or a tracker and say what is wrong.

    Exit code 0: nothing is wrong; 1: something is, and it is named.
    """


@command.command("dataset", epilog="Example: siamfc-eval check dataset ~/OTB2015 --dataset otb2013 --decode")
@click.argument("path", type=click.Path(path_type=Path))
@options.dataset
@click.option("--images", type=click.Path(path_type=Path), help="Root of the images, where apart from PATH.")
@click.option("--decode", is_flag=True, help="Decode every image, not just its header.")
@options.as_json
@click.pass_context
def check_dataset_command(
    context: click.Context, *, path: Path, dataset: str | None, images: Path | None, decode: bool, as_json: bool
) -> None:
    """Say what is at PATH and name each missing or unreadable file, wrong count and unusable box."""
    from siamfc_eval.cli.console import Console
    from siamfc_eval.datasets.check import check_dataset

    with Console(stderr=True).status("looking") as status:
        report = check_dataset(
            path, dataset, images, decode=decode, on_sequence=lambda name: status.update(f"looking at {name}")
        )
    if as_json:
        echo(json_text(report.to_json()))
    else:
        _show(report)
    context.exit(0 if report.ok else 1)


def _show(report: DatasetReport) -> None:
    with_images = sum(1 for sequence in report.sequences if sequence.images)
    echo(f"{report.path}: {report.name}, layout {report.layout}")
    echo(f"  sequences   {len(report.sequences)} ({with_images} with images)")
    echo(f"  frames      {report.frames}")
    sizes = [f"{w}x{h} ({count})" for (w, h), count in sorted(report.sizes.items(), key=lambda item: -item[1])]
    if sizes:
        more = f" and {len(sizes) - 6} more" if len(sizes) > 6 else ""
        echo(f"  sizes       {', '.join(sizes[:6])}{more}")
    kinds = {"polygons" if sequence.polygons else "boxes" for sequence in report.sequences}
    echo(f"  convention  {report.convention} ({' and '.join(sorted(kinds))})")
    for note in report.notes:
        echo(f"  note        {note}")
    for problem in report.problems:
        echo(f"  {problem.kind}: {problem}")
    looked = "every image decoded" if report.decoded else "image headers read; --decode looks at every pixel"
    verdict = "nothing is wrong" if report.ok else counted(len(report.problems), "problem")
    echo(f"{verdict} ({looked})" if with_images else verdict)


@command.command(
    "results", epilog="Example: siamfc-eval check results ~/results/OTB2015 --dataset otb2015 --data ~/OTB2015"
)
@click.argument("path", type=click.Path(path_type=Path))
@options.ground_truth
@options.trackers
@options.protocol
@options.as_json
@click.pass_context
def check_results_command(
    context: click.Context,
    *,
    path: Path,
    data: Path | None,
    dataset: str | None,
    trackers: tuple[str, ...],
    protocol: str | None,
    as_json: bool,
) -> None:
    """Say what raw results are at PATH, in which layout and origin, and what is missing, odd or unreadable.

    Exit code 2: sequences are missing.
    """
    from siamfc_eval.api.results import load_results
    from siamfc_eval.results.check import check_results

    results = load_results(path, data=data, dataset=dataset, trackers=trackers, protocol=protocol)
    checks = check_results(results)
    if as_json:
        report = {
            "dataset": results.dataset.name,
            "folder": str(results.folder),
            "notes": list(results.notes),
            "trackers": {check.tracker: check.to_json() for check in checks},
        }
        echo(json_text(report))
    else:
        echo(
            f"{results.folder}: {counted(len(checks), 'tracker')} on {results.dataset.name} "
            f"({counted(len(results.dataset), 'sequence')})"
        )
        for note in results.notes:
            echo(f"  note        {note}")
        for check in checks:
            _show_tracker(check)
    wrong, missing = any(check.unreadable for check in checks), any(check.missing for check in checks)
    context.exit(1 if wrong else 2 if missing else 0)


def _show_tracker(check: TrackerCheck) -> None:
    where = f", {check.protocol}" if check.protocol else ""
    amount = f"{counted(check.files, 'file')}, {counted(check.rows, 'row')}"
    echo(f"{check.tracker}{where}: {amount}, {check.timed} with times")
    for label, texts in (("quirk", check.quirks), ("note", check.notes), ("unreadable", check.unreadable)):
        for text in texts:
            echo(f"  {label:<11} {text}")
    if check.missing:
        echo(f"  missing     {', '.join(check.missing)}")


@command.command("tracker", epilog="Example: siamfc-eval check tracker my_tracker.py:MyTracker")
@click.argument("spec", metavar="TRACKER")
@click.option("--style", help="How a Python class is written: got10k, pysot, pytracking, opencv. Default: detected.")
@options.device
@options.reading_weights
@options.timeout
@options.as_json
@click.pass_context
def check_tracker_command(
    context: click.Context,
    /,
    *,
    spec: str,
    as_json: bool,
    **loading: Any,
) -> None:
    """Run TRACKER on five drawn frames and say what is wrong with its answers.

    TRACKER is FILE.py:CLASS, or whatever else `run --tracker` takes. Looked at are the form and origin of its boxes,
    the order of colours that it expects, whether anything is left of one sequence in the next, whether the same frames
    give the same answers, and its speed. How well it tracks is no part of it.

    Exit code 1: something is wrong, and it is named; 3: the tracker failed.
    """
    from siamfc_eval.api.own import check_tracker
    from siamfc_eval.errors import TrackerError

    try:
        report = check_tracker(spec, **loading)
    except TrackerError as error:
        if error.details:
            echo(error.details, err=True)
        raise
    if as_json:
        echo(json_text(report.to_json()))
    else:
        for note in report.notes:
            echo(note)
        echo(f"{report.tracker}: five drawn frames, run six times")
        for line in report.text.splitlines():
            echo(f"  {line}")
        wrong = sum(finding.level == "wrong" for finding in report.findings)
        amount = "1 thing is" if wrong == 1 else f"{wrong} things are"
        echo(f"{amount} wrong" if wrong else "nothing is wrong")
    context.exit(3 if report.failure else 0 if report.ok else 1)
