"""`siamfc-eval check`: look at data and say what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from siamfc_eval.datasets.check import DatasetReport


@click.group(
    epilog="Example: siamfc-eval check dataset ~/OTB2015",
)
def command() -> None:
    """Look at a data set or results and say what is wrong.

    Exit code 0: nothing is wrong; 1: something is, and it is named.
    """


@command.command("dataset", epilog="Example: siamfc-eval check dataset ~/OTB2015 --dataset otb2013 --decode")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dataset", "kind", metavar="KIND", help="Layout or benchmark (otb, vot, otb2013, uav20l, ...).")
@click.option("--images", type=click.Path(path_type=Path), help="Root of the images, where apart from PATH.")
@click.option("--decode", is_flag=True, help="Decode every image, not just its header.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def check_dataset_command(
    context: click.Context, *, path: Path, kind: str | None, images: Path | None, decode: bool, as_json: bool
) -> None:
    """Say what is at PATH and name each missing or unreadable file, wrong count and unusable box."""
    from siamfc_eval.datasets.check import check_dataset

    report = check_dataset(path, kind, images, decode=decode)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        _show(report)
    context.exit(0 if report.ok else 1)


def _show(report: DatasetReport) -> None:
    with_images = sum(1 for sequence in report.sequences if sequence.images)
    click.echo(f"{report.path}: {report.name}, layout {report.layout}")
    click.echo(f"  sequences   {len(report.sequences)} ({with_images} with images)")
    click.echo(f"  frames      {report.frames}")
    sizes = [f"{w}x{h} ({count})" for (w, h), count in sorted(report.sizes.items(), key=lambda item: -item[1])]
    if sizes:
        more = f" and {len(sizes) - 6} more" if len(sizes) > 6 else ""
        click.echo(f"  sizes       {', '.join(sizes[:6])}{more}")
    kinds = {"polygons" if sequence.polygons else "boxes" for sequence in report.sequences}
    click.echo(f"  convention  {report.convention} ({' and '.join(sorted(kinds))})")
    for note in report.notes:
        click.echo(f"  note        {note}")
    for problem in report.problems:
        click.echo(f"  {problem.kind}: {problem}")
    looked = "every image decoded" if report.decoded else "image headers read; --decode looks at every pixel"
    verdict = "nothing is wrong" if report.ok else f"{len(report.problems)} problems"
    click.echo(f"{verdict} ({looked})" if with_images else verdict)
