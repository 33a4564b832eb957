"""VOT's realtime experiment: frames do not wait for the tracker."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from siamfc_eval.protocols.commands import Initialize, Report, Steps
from siamfc_eval.protocols.trajectory import Trajectory

ClockName = Literal["honest", "vot-toolkit"]
GRACE = 3
"""Calls slower than the interval that cost nothing after each initialisation, VOT 2017-2019."""
ROUNDING = 1e-9
"""Part of an interval that counts as none: a call of exactly k intervals ends as frame k arrives and meets it."""


class HonestClock:
    """Wall-clock time: a frame arrives every `interval` seconds, and one that finds the tracker busy is not processed.

    What a late call runs over is carried in full, so a tracker at 2.00 times the interval processes every second frame.
    """

    def __init__(self, interval: float, grace: int) -> None:
        self.interval = interval
        self.grace = grace
        self._slow_calls_left = grace
        self._behind = 0.0

    def start(self, seconds: float) -> None:
        """The tracker was initialised; that took `seconds`."""
        self._slow_calls_left = self.grace
        self._behind = 0.0
        self.finish(seconds)

    def arrive_busy(self) -> bool:
        """The next frame arrives: is the tracker still busy?"""
        busy = self._behind > ROUNDING * self.interval
        if busy:
            self._behind -= self.interval
        return busy

    def finish(self, seconds: float) -> None:
        """The tracker processed the frame that arrived last; that took `seconds`."""
        late = seconds - self.interval
        if late > 0 and self._slow_calls_left > 0:
            self._slow_calls_left -= 1
            late = 0.0
        self._behind = max(late, 0.0)


class ToolkitClock(HonestClock):
    """As vot-toolkit (0.7 to 0.9) counts: a remainder of up to one interval is forgotten when the next frame arrives.

    A tracker at 2.00 times the interval never misses a frame, one at 3.00 times misses every second. Kept for
    comparison with published realtime results.
    """

    def arrive_busy(self) -> bool:
        """The next frame arrives: is the tracker more than one interval behind?"""
        busy = self._behind > (1 + ROUNDING) * self.interval
        self._behind = self._behind - self.interval if busy else 0.0
        return busy


CLOCKS: dict[ClockName, type[HonestClock]] = {"honest": HonestClock, "vot-toolkit": ToolkitClock}


def realtime(
    protocol: Steps,
    interval: float,
    grace: int = GRACE,
    clock: ClockName = "honest",
    seconds: ArrayLike | None = None,
) -> Steps:
    """Put a protocol under a clock: a frame that finds the tracker busy repeats its last region (zero-order hold).

    Args:
        protocol: the one to wrap, e.g. `one_pass(...)` or `supervised(...)`.
        interval: seconds between frames, 1 / fps.
        grace: calls slower than the interval that are free after each initialisation.
        clock: "honest" carries the remainder of a late call; "vot-toolkit" forgets it.
        seconds: time per call that the clock takes in place of the measured one: a number, or shape (n,) indexed by
            frame. It is no measurement, so it is not in the trajectory's times.

    Returns:
        A protocol whose times are those measured: NaN where the tracker was not asked, or not timed.

    Raises:
        ValueError: a report without a time, where no times were given.
    """
    timer = CLOCKS[clock](interval, grace)
    given = None if seconds is None else np.asarray(seconds, dtype=np.float64)
    report: Report | None = None
    try:
        command = next(protocol)
        while True:
            if report is not None and not isinstance(command, Initialize) and timer.arrive_busy():
                report = dataclasses.replace(report, seconds=math.nan)
            else:
                report = yield command
                needed = report.seconds if given is None else float(given[command.frame] if given.ndim else given)
                if math.isnan(needed):
                    raise ValueError("a realtime run needs the tracker's time for each call, measured alone or given")
                (timer.start if isinstance(command, Initialize) else timer.finish)(needed)
            command = protocol.send(report)
    except StopIteration as stop:
        trajectory: Trajectory = stop.value
        return trajectory
