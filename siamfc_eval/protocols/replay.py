"""Running a protocol without a tracker: on recorded results, or on any function that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.protocols.commands import Command, Initialize, Report, Steps
from siamfc_eval.protocols.trajectory import Code, Entry, Trajectory


def drive(protocol: Steps, answer: Callable[[Command], Report]) -> Trajectory:
    """Run a protocol to its end, answering each command with a function."""
    try:
        command = next(protocol)
        while True:
            command = protocol.send(answer(command))
    except StopIteration as stop:
        result: Trajectory = stop.value
        return result


def replay(protocol: Steps, recorded: Sequence[Entry]) -> Trajectory:
    """Run a protocol on the recorded answers of a tracker.

    A result file does not hold the region that made a tracker fail, so the code for a failure is replayed as a region
    of NaN, which overlaps nothing.

    Args:
        protocol: of the sequence that was recorded.
        recorded: one entry per frame.

    Raises:
        InputError: the protocol asks for something that was not recorded, so the recording follows other rules.
    """

    def answer(command: Command) -> Report:
        entry = recorded[command.frame] if command.frame < len(recorded) else None
        if isinstance(command, Initialize):
            return Report(command.region)
        if entry is Code.FAILED:
            return Report(np.full(4, np.nan))
        if entry is None or isinstance(entry, Code):
            found = "nothing" if entry is None else f"code {int(entry)}"
            raise InputError(f"frame {command.frame + 1}: the protocol asks for a region, the recording has {found}")
        return Report(entry)

    return drive(protocol, answer)
