"""`siamfc-eval new`: files to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from siamfc_eval.cli.printing import echo


@click.group(name="new", epilog="Example: siamfc-eval new tracker my_tracker")
def command() -> None:
    """Write files to begin with."""


@command.command("tracker", epilog="Example: siamfc-eval new tracker my_tracker --style pysot --out trackers")
@click.argument("name")
@click.option(
    "--style",
    default="got10k",
    show_default=True,
    help="How the class is written: got10k, pysot, pytracking, opencv or siamfc-eval.",
)
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder for the files. Default: here.")
def new_tracker_command(*, name: str, style: str, out: Path) -> None:
    """Write NAME.py with a commented class that tracks, and a test next to it that passes.

    Nothing that is there is replaced.
    """
    from siamfc_eval.adapters.classes.starting import class_name, write_tracker

    file, test = write_tracker(name, out, style)
    spec = f"{file}:{class_name(file.stem)}"
    echo(f"{file}: class {class_name(file.stem)}, {style} style")
    echo(f"{test}: its test; run: pytest {test}")
    echo(f"next: siamfc-eval check tracker {spec}")
    echo(f"then: siamfc-eval run ope --tracker {spec} --data DATA --out runs")
