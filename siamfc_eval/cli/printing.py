"""What the verbs print: text of any origin, made safe for a terminal."""

from __future__ import annotations

import click

from siamfc_eval.plain_text import printable


def echo(text: str, err: bool = False) -> None:
    """Print a line, to standard error with `err`."""
    click.echo(printable(text, lines=True), err=err)
