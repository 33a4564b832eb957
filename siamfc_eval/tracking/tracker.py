"""What a tracker is: a pure step over explicit state."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.geometry.regions import Box, Region


@dataclass(frozen=True, eq=False)
class Output:
    """What a tracker says of one frame."""

    region: Region
    """Where the target is: x, y, w, h (or a polygon), 0-based pixels of the frame, not clipped."""
    confidence: float = float("nan")
    """The tracker's own score of this answer; NaN where it has none. Higher is surer."""
    response: NDArray[np.float32] | None = None
    """The response map behind the answer, for display, shape (rows, columns); None where there is none."""
    covered: Box | None = None
    """What the map lies over: x, y, w, h in pixels of the frame, each cell around the place where the target's centre
    is if the peak is there; None where there is no map, or where it lies is not known."""
    searched: Box | None = None
    """The part of the frame that was searched, x, y, w, h in its pixels; None where it is not known."""


@dataclass(frozen=True)
class CallTimes:
    """What a tracker in another process measured of its last call; it has them as its attribute `last_call`."""

    seconds: float
    """Time of the tracker's own code, in place of the time that passed here."""
    decode_seconds: float
    """Time that it spent on decoding the image, which is not in `seconds`."""


@runtime_checkable
class Tracker(Protocol):
    """A single-object tracker.

    `init` and `update` do not change the tracker: all that changes from frame to frame is in the state, so one tracker
    serves many sequences at once. The state of a foreign tracker may be a handle to something that does change.
    """

    @property
    def name(self) -> str:
        """Name used in result folders and reports."""
        ...

    @property
    def is_deterministic(self) -> bool:
        """True if two runs on the same frames give the same regions."""
        ...

    def init(self, frame: Frame, region: Region) -> Any:
        """Start on a frame with the target's region and return the state."""
        ...

    def update(self, state: Any, frame: Frame) -> tuple[Any, Output]:
        """Find the target in the next frame; returns the new state and the output."""
        ...


@runtime_checkable
class BatchTracker(Tracker, Protocol):
    """A tracker that can advance many targets in one call, each as if it were alone."""

    def init_batch(self, frames: collections.abc.Sequence[Frame], boxes: collections.abc.Sequence[Box]) -> list[Any]:
        """`init` for each pair."""
        ...

    def update_batch(
        self, states: collections.abc.Sequence[Any], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[Any, Output]]:
        """`update` for each pair; equal to calling them one by one."""
        ...
