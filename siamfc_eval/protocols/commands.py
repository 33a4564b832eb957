"""The words that a protocol and whatever executes it exchange.

A protocol is a generator: it yields a command, is sent the tracker's report, and returns a trajectory. It opens no
image, calls no network and reads no clock, so that one protocol serves an in-process tracker, a batched run, a TraX
process and a replay of recorded results.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class Initialize:
    """Start the tracker on this frame with this region. The report's region is ignored; its time counts."""

    frame: int
    """0-based index into the sequence's frames."""
    region: Region
    """Where the target is: a rectangle or a polygon, 0-based pixels."""


@dataclass(frozen=True, eq=False)
class Update:
    """Find the target in this frame."""

    frame: int
    """0-based index into the sequence's frames."""


Command = Initialize | Update


@dataclass(frozen=True, eq=False)
class Report:
    """A tracker's answer to a command."""

    region: Region
    """The region that the tracker reported, 0-based pixels; for `Initialize` the region that it was given."""
    seconds: float = float("nan")
    """Time that the tracker took, image decoding excluded; NaN where it was not measured."""
    confidence: float = float("nan")
    """The tracker's own score; NaN where it has none."""


Steps = Generator[Command, Report, Trajectory]
"""A protocol at work on one sequence, between its first command and its trajectory."""
