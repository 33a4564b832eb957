"""The progress of a run, as a person watches it."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from siamfc_eval.plain_text import printable
from siamfc_eval.running.events import (
    Advanced,
    Event,
    ItemFailed,
    ItemFinished,
    Note,
    ProtocolEnded,
    ProtocolStarted,
)

_MOST_DETAILS = 3
"""Tracebacks to show; the others are in the log."""


class Progress:
    """Draws one bar for each tracker and protocol on standard error; give it to `run_experiment` as `on_event`.

    Where standard error is no terminal, a line is written as each protocol begins instead.
    """

    def __init__(self, quiet: bool = False) -> None:
        """
        Args:
            quiet: show failures and notes only.
        """
        self._console = Console(stderr=True)
        self._quiet = quiet
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[runs]}"),
            MofNCompleteColumn(),
            TextColumn("frames"),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            disable=quiet or not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._details: set[str] = set()
        self._runs = self._planned = 0

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, ProtocolStarted):
            self._begin(event)
        elif isinstance(event, Advanced) and self._task is not None:
            self._bars.advance(self._task, event.frames)
            speed = self._bars.tasks[self._bars.task_ids.index(self._task)].speed
            self._bars.update(self._task, rate=f"{speed:.0f}/s" if speed else "")
        elif isinstance(event, ItemFinished) and self._task is not None:
            self._runs += 1
            self._bars.update(self._task, runs=f"{self._runs}/{self._planned}")
        elif isinstance(event, ItemFailed):
            about = ", ".join(word for word in (event.tracker, event.key) if word)
            self._say(f"failed: {about}: {event.error}", "red")
            self._explain(event)
        elif isinstance(event, Note):
            self._say(event.text, "yellow")
        elif isinstance(event, ProtocolEnded):
            self._task = None

    def _begin(self, event: ProtocolStarted) -> None:
        name = f"{event.tracker} {event.protocol}"
        if not event.items:
            if event.done and not self._quiet:
                self._say(f"{name}: all {event.done} runs are there already", "dim")
            return
        self._runs, self._planned = 0, event.items
        if not self._console.is_terminal and not self._quiet:
            there = f", {event.done} are there already" if event.done else ""
            self._say(f"{name}: {event.items} runs, {event.frames} frames, {event.executor}{there}", "")
        self._task = self._bars.add_task(
            f"{name} ({event.executor})", total=event.frames, runs=f"0/{event.items}", rate=""
        )

    def _explain(self, event: ItemFailed) -> None:
        """A failure's traceback, once, however many runs fail with it."""
        if not event.details or event.details in self._details or len(self._details) == _MOST_DETAILS:
            return
        self._details.add(event.details)
        self._say(event.details, "")
        if event.log is not None:
            self._say(f"All errors of this tracker are kept in {event.log}", "dim")

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(printable(text), style=style), soft_wrap=True)
