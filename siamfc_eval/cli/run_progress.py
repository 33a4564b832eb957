"""The progress of a run, as a person watches it."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.text import Text

from siamfc_eval.plain_text import counted, printable
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
BETWEEN_LINES = 60.0
"""Seconds from one line to the next where standard error is no terminal."""


class Progress:
    """Draws one bar for each tracker and protocol on standard error; give it to `run_experiment` as `on_event`.

    Where standard error is no terminal, as in a log, a line is written as each protocol begins and once a minute.
    """

    def __init__(self, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            quiet: show failures and notes only.
            clock: seconds that only grow.
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
        self._runs = self._planned = self._frames = 0
        self._clock = clock
        self._begun = self._said = clock()

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
            self._frames += event.frames
            self._now_and_then()
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
        self._runs, self._planned, self._frames = 0, event.items, 0
        self._begun = self._said = self._clock()
        if not self._console.is_terminal and not self._quiet:
            there = f", {event.done} are there already" if event.done else ""
            self._say(
                f"{name}: {counted(event.items, 'run')}, {counted(event.frames, 'frame')}, {event.executor}{there}", ""
            )
        self._task = self._bars.add_task(
            f"{name} ({event.executor})", total=event.frames, runs=f"0/{event.items}", rate=""
        )

    def _now_and_then(self) -> None:
        """A line a minute, for a log: how far it is, and how long the rest takes at this rate."""
        now = self._clock()
        if self._console.is_terminal or self._quiet or self._task is None or now - self._said < BETWEEN_LINES:
            return
        self._said = now
        task = self._bars.tasks[self._bars.task_ids.index(self._task)]
        total, spent = int(task.total or 0), now - self._begun
        left = spent / self._frames * max(total - self._frames, 0)
        frames = f"{self._frames:,} of {total:,} frames, {self._frames / spent:.0f}/s"
        runs = f"{self._runs} of {counted(self._planned, 'run')}"
        self._say(f"{task.description}: {runs}, {frames}, about {_duration(left)} left", "")

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


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes / 60:.1f} h" if minutes >= 90 else f"{minutes:.0f} min" if minutes >= 1.5 else f"{seconds:.0f} s"
