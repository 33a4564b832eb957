"""The reference: the public functions, what other packages build on, and every command, from their own descriptions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import click

import siamfc_eval
from docs.pages.page import Page

RETURNED = (
    "siamfc_eval.api.results.Results",
    "siamfc_eval.api.running.Run",
    "siamfc_eval.api.scores.ScoreTable",
    "siamfc_eval.api.comparison.ComparisonTable",
    "siamfc_eval.api.explanation.ExplanationTable",
    "siamfc_eval.api.report.WrittenReport",
    "siamfc_eval.api.selection.Reading",
    "siamfc_eval.api.selection.Selecting",
    "siamfc_eval.running.options.RunOptions",
)
"""What the public functions take and give."""

BUILT_ON = (
    "siamfc_eval.registry.Registry",
    "siamfc_eval.tracking.tracker.Tracker",
    "siamfc_eval.tracking.tracker.BatchTracker",
    "siamfc_eval.tracking.tracker.Output",
    "siamfc_eval.tracking.family.Family",
    "siamfc_eval.datasets.layout.Layout",
    "siamfc_eval.datasets.sequence.Sequence",
    "siamfc_eval.datasets.sequence.Dataset",
    "siamfc_eval.datasets.frames.Frame",
    "siamfc_eval.metrics.convention.Convention",
    "siamfc_eval.metrics.scores.Metric",
    "siamfc_eval.metrics.scores.Measure",
    "siamfc_eval.metrics.extra.ExtraMetric",
    "siamfc_eval.metrics.ope.rules.OpeRules",
    "siamfc_eval.metrics.vot.rules.SupervisedRules",
    "siamfc_eval.protocols.table.Protocol",
    "siamfc_eval.running.protocol_specs.ProtocolSettings",
    "siamfc_eval.running.protocol_specs.Start",
    "siamfc_eval.protocols.trajectory.Trajectory",
    "siamfc_eval.reporting.figures.figure.ReportFigure",
    "siamfc_eval.reporting.figures.figure.FigureSource",
)
"""What another package makes or is handed when it adds something."""


def reference_pages() -> list[Page]:
    """Three pages: functions, what other packages build on, commands."""
    return [
        Page("reference/python.md", _python()),
        Page("reference/extending.md", _extending()),
        Page("reference/commands.md", _commands()),
    ]


def _python() -> str:
    names = [f"siamfc_eval.{name}" for name in siamfc_eval.__all__ if not name.startswith("_")]
    where = "All of these are in `import siamfc_eval as se`; [From Python](../python.md) shows them at work."
    functions, classes = _described("function", names), _described("class", RETURNED)
    return f"# Functions\n\n{where}\n\n{functions}\n## What they take and give\n\n{classes}"


def _extending() -> str:
    how = "[Adding things](../extending.md) says which entry point takes which object."
    return f"# What other packages build on\n\n{how}\n\n{_described('class', BUILT_ON)}"


def _described(kind: str, names: Iterable[str]) -> str:
    """What their docstrings say."""
    return "```{eval-rst}\n" + "\n".join(f".. auto{kind}:: {name}" for name in names) + "\n```\n"


def _commands() -> str:
    """What each command says of itself with --help."""
    parts = ["# Commands\n"]
    for context in _contexts():
        described = context.get_help().replace("\b", "")
        parts.append(f"## {context.command_path}\n\n```text\n{described}\n```\n")
    return "\n".join(parts)


def _contexts() -> Iterator[click.Context]:
    """Every command with a name, groups before what is in them."""
    from siamfc_eval.cli.main import cli

    width = {"max_content_width": 100, "terminal_width": 100}
    threads = os.environ.get("OPENBLAS_NUM_THREADS")
    stack = [click.Context(cli, info_name="siamfc-eval", **width)]  # type: ignore[arg-type]
    while stack:
        context = stack.pop(0)
        yield context
        if isinstance(context.command, click.Group):
            names = context.command.list_commands(context)
            found = [(name, context.command.get_command(context, name)) for name in names]
            stack = [
                click.Context(command, parent=context, info_name=name, **width)  # type: ignore[arg-type]
                for name, command in found
                if command is not None and not command.hidden
            ] + stack
    if threads is None:  # Looking at a command must not decide how many threads the rest of this process has.
        os.environ.pop("OPENBLAS_NUM_THREADS", None)
