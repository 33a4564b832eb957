"""`siamfc-eval view`: look at what trackers did on a sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError


@click.command(epilog="Example: siamfc-eval view runs/otb2015 Couple --tracker siamfc-slim --data ~/OTB2015")
@options.results
@click.argument("sequence")
@options.ground_truth
@options.reading
@click.option("--run", type=click.IntRange(min=1), default=1, show_default=True, help="Which of several repetitions.")
@click.option("--stretch", metavar="FIRST:LAST", help="Only these frames, counted from 1, both included.")
@click.option("--out", type=options.PATH, help="A page (.html), a film (.mp4, .avi, .mkv, .mov) or a .gif.")
@click.option("--side", type=click.IntRange(min=16), default=640, show_default=True, help="Longest side of a frame.")
@click.option("--link", is_flag=True, help="Refer to the image files; the page stays small and needs them.")
@click.option("--responses", is_flag=True, help="Show response maps, which `run --responses` keeps, from the start.")
def command(*, results: Path, sequence: str, stretch: str | None, **asked: Any) -> None:
    """Play SEQUENCE with the boxes that the trackers in RESULTS gave: step, jump to the next failure, see overlaps.

    The page works from disk without a network. Images are taken from your own data set, which --data names.
    """
    from siamfc_eval.api.view import view

    echo(f"view: {view(results, sequence, stretch=_frames(stretch) if stretch else None, **asked)}")


def _frames(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal()):
        raise InputError(f"--stretch {text}: expected FIRST:LAST, such as 100:180")
    return int(first), int(last)
