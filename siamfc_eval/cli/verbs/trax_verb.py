"""`siamfc-eval trax`: serve a tracker over TraX."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError


@click.command(epilog="Example, as a command in vot-toolkit's trackers.ini: siamfc-eval trax siamfc-slim")
@click.argument("tracker")
@options.computing
@options.reading_weights
@click.option("--socket", type=int, help="Port on this machine to connect to, instead of standard input and output.")
@click.option(
    "--region",
    "regions",
    type=click.Choice(["rectangle", "polygon"]),
    multiple=True,
    default=("rectangle", "polygon"),
    show_default=True,
    help="Region format to offer; may be repeated.",
)
@options.option(
    "--trax-version",
    "protocol",
    was=("--protocol",),
    type=click.IntRange(1, 4),
    default=4,
    show_default=True,
    help="TraX version; below 4 for old clients.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds in which a client on a socket must listen, and then say its first word.",
)
def command(
    *,
    tracker: str,
    socket: int | None,
    regions: tuple[str, ...],
    protocol: int,
    patience: float,
    **loading: Any,
) -> None:
    """Serve TRACKER (a catalogue name, a .toml or file.py:Class) to a TraX client, such as vot-toolkit.

    The network is loaded before the first word, and the tracker can be initialised again and again without a restart.
    """
    from siamfc_eval.adapters.load import load_tracker
    from siamfc_eval.adapters.trax.server import serve
    from siamfc_eval.tracking import capabilities

    if socket is not None:
        if not 0 < socket < 65536:
            raise InputError(f"--socket {socket}: a port is a number from 1 to 65535")
        os.environ["TRAX_SOCKET"] = str(socket)
    elif sys.stdin.isatty() and not os.environ.get("TRAX_SOCKET"):
        raise InputError(
            "this command speaks TraX on standard input and output and is started by a TraX client, not by hand. "
            "To see the tracker work, use: siamfc-eval demo-video"
        )
    loaded = load_tracker(tracker, **loading)
    for note in capabilities.notes_of(loaded):
        echo(f"note: {note}", err=True)
    serve(loaded, regions, protocol, patience)
