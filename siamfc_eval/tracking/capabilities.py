"""What a tracker can do besides `init` and `update`: each ability is a protocol, and having its attribute is having it.

Nothing here is needed to be a tracker; each has a function that says what holds for one that does not have it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.tracking.tracker import CallTimes, Tracker


@runtime_checkable
class RunsOnDevice(Protocol):
    """Says where its network runs."""

    @property
    def device(self) -> str:
        """ "cpu", "cuda" or "cuda:N"."""
        ...


@runtime_checkable
class UsesEngine(Protocol):
    """Says what computes its network."""

    @property
    def engine(self) -> str:
        """Its name in `siamfc_eval.models.engines.engine.ENGINES`."""
        ...

    @property
    def precision(self) -> str:
        """ "float32", "bfloat16", "float16" or "int8"."""
        ...


@runtime_checkable
class HasFacts(Protocol):
    """Says what decides its answers, so that results can be distinguished from those of another tracker of its name."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Plain JSON values; a "hash" and a "name" among them are not compared."""
        ...


@runtime_checkable
class HasNotes(Protocol):
    """Says what was assumed when it was loaded."""

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence each, for a person."""
        ...


@runtime_checkable
class TakesPolygons(Protocol):
    """Can start from a polygon; others are given its bounding box."""

    accepts_polygons: bool


@runtime_checkable
class ReadsFiles(Protocol):
    """Reads image files itself, so that frames with a path need not be decoded for it."""

    reads_files: bool


@runtime_checkable
class Seeded(Protocol):
    """Has random generators of its own."""

    def seed(self, number: int) -> None:
        """Set them to a known state."""
        ...


@runtime_checkable
class Synchronises(Protocol):
    """Works on a device that goes on after a call has returned."""

    def synchronize(self) -> None:
        """Wait for the device."""
        ...


@runtime_checkable
class Uploads(Protocol):
    """Works on a device to which frames can be sent ahead."""

    def upload(self, frame: Frame) -> None:
        """Send a decoded frame; any thread may."""
        ...


@runtime_checkable
class Prepares(Protocol):
    """Has something to start before its first initialisation, which is not part of the time of that."""

    def make_ready(self) -> None:
        """Be ready for `init`."""
        ...


@runtime_checkable
class TimesItself(Protocol):
    """Is in another process, which measures its calls."""

    last_call: CallTimes


@runtime_checkable
class Restarts(Protocol):
    """Has a process that is started again when it has died."""

    restarts: int


@runtime_checkable
class Closes(Protocol):
    """Holds what must be let go of: a process, a connection."""

    def close(self) -> None:
        """Let go of it; a call after this starts anew."""
        ...


def device_of(tracker: Tracker) -> str:
    """Where a tracker runs; "cpu" for one that does not say."""
    return str(tracker.device) if isinstance(tracker, RunsOnDevice) else "cpu"


def engine_of(tracker: Tracker) -> dict[str, str]:
    """What computes a tracker's network, as "engine" and "precision"; nothing for one that does not say."""
    return {"engine": tracker.engine, "precision": tracker.precision} if isinstance(tracker, UsesEngine) else {}


def facts_of(tracker: Tracker) -> Mapping[str, Any]:
    """What decides a tracker's answers; its class for one that does not say."""
    facts: Mapping[str, Any] = tracker.facts if isinstance(tracker, HasFacts) else {}
    return facts or {"class": type(tracker).__qualname__}


def notes_of(tracker: Tracker) -> tuple[str, ...]:
    """What was assumed when a tracker was loaded."""
    return tuple(tracker.notes) if isinstance(tracker, HasNotes) else ()


def takes_polygons(tracker: Tracker) -> bool:
    """Whether a tracker can start from a polygon."""
    return isinstance(tracker, TakesPolygons) and bool(tracker.accepts_polygons)


def reads_files(tracker: Tracker) -> bool:
    """Whether a tracker reads image files itself."""
    return isinstance(tracker, ReadsFiles) and bool(tracker.reads_files)


def restarts_of(tracker: Tracker) -> int:
    """Processes that a tracker has started after its first one."""
    return int(tracker.restarts) if isinstance(tracker, Restarts) else 0


def last_call_of(tracker: Tracker) -> CallTimes | None:
    """What a tracker in another process measured of its last call; None for one in this process."""
    return tracker.last_call if isinstance(tracker, TimesItself) else None


def upload_of(tracker: Tracker) -> Callable[[Frame], None] | None:
    """What sends a decoded frame to a tracker's device; None for one that has none."""
    return tracker.upload if isinstance(tracker, Uploads) else None


def prepare(tracker: Tracker) -> None:
    """Have a tracker ready for `init`."""
    if isinstance(tracker, Prepares):
        tracker.make_ready()


def synchronise(tracker: Tracker) -> None:
    """Wait for a tracker's device, before a clock is read."""
    if isinstance(tracker, Synchronises):
        tracker.synchronize()


def close(tracker: Tracker) -> None:
    """Have a tracker let go of what it holds."""
    if isinstance(tracker, Closes):
        tracker.close()
