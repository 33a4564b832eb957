"""What the verbs print: text of any origin, made safe for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from siamfc_eval.plain_text import printable

if TYPE_CHECKING:
    from siamfc_eval.metrics.scores import Scores


def echo(text: str, err: bool = False) -> None:
    """Print a line, to standard error with `err`."""
    click.echo(printable(text, lines=True), err=err)


def exit_code(scored: Iterable[Scores]) -> int:
    """1 where some tracker could not be scored, 2 where something is missing, else 0."""
    scored = list(scored)
    if any(scores.metadata.get("refused") for scores in scored):
        return 1
    return 2 if any(scores.incomplete for scores in scored) else 0
