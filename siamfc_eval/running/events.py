"""What a run reports to its watcher: a progress bar, a log, a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProtocolStarted:
    """A tracker begins on a protocol."""

    tracker: str
    protocol: str
    """Kind of the protocol, e.g. "supervised"."""
    folder: Path
    """Where its results are written."""
    items: int
    """Runs to be made now."""
    frames: int
    """Frames in them."""
    done: int
    """Runs that are there from before."""
    executor: str
    """How they are run, e.g. "8 lanes"."""


@dataclass(frozen=True)
class Advanced:
    """The present protocol advanced by some frames."""

    frames: int


@dataclass(frozen=True)
class ItemFinished:
    """A run came to its end and is stored."""

    tracker: str
    key: str
    """The result file, relative to the protocol's folder, without its ending."""


@dataclass(frozen=True)
class ItemFailed:
    """A run could not be finished."""

    tracker: str
    key: str
    error: str
    fault: str
    """"tracker", "data" or "input"."""
    details: str = ""
    """The traceback of the tracker's own code, or the like."""
    log: Path | None = None
    """File in which the error and its details are kept."""


@dataclass(frozen=True)
class ProtocolEnded:
    """A tracker is through with a protocol."""

    tracker: str
    protocol: str


@dataclass(frozen=True)
class Note:
    """Something that the user should know and that stops nothing."""

    text: str


Event = ProtocolStarted | Advanced | ItemFinished | ItemFailed | ProtocolEnded | Note
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Watches nothing."""
