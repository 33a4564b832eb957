"""The unit of work: one run of one tracker over one sequence under one protocol, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from siamfc_eval.adapters.classes.tracebacks import traceback_of
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.commands import Command, Report, Steps
from siamfc_eval.protocols.trajectory import Trajectory
from siamfc_eval.results.response_maps import Recorder, ResponseMaps
from siamfc_eval.results.store import ResultItem
from siamfc_eval.running.protocol_specs import Start
from siamfc_eval.tracking.tracker import Output

Advance = Callable[[int], None]
"""Called with the number of frames by which the work has advanced."""


@dataclass(frozen=True, eq=False)
class WorkItem:
    """One run to be made."""

    sequence: Sequence
    start: Start
    result: ResultItem
    """The file that it ends in."""
    seed: int
    """Seeds every random generator before a tracker that is not deterministic runs."""
    responses: bool = False
    """Keep the tracker's response maps."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A run that came to its end."""

    item: WorkItem
    trajectory: Trajectory
    invalid: int = 0
    """Answers that were no region with finite numbers; they are recorded as NaN."""
    decode_seconds: float = 0.0
    """Time spent on decoding images, which no tracker's time includes."""
    restarts: int = 0
    """Processes that the tracker needed beyond the one that it had."""
    responses: ResponseMaps | None = None
    """The maps of the frames in which the tracker gave one; None where they were not asked for."""


@dataclass(frozen=True, eq=False)
class Failed:
    """A run that could not be finished; nothing of it is stored."""

    item: WorkItem
    error: str
    fault: Literal["tracker", "data"]
    """Whose: the tracker raised, or a frame or the ground truth cannot be used."""
    restarts: int = 0
    """As in `Finished`."""
    details: str = ""
    """The traceback of the tracker's own code, or the like; "" where the error says it all."""


Outcome = Finished | Failed


def item_seed(*parts: object) -> int:
    """A seed that depends on what is run and on nothing else: 31 bits of a hash over the parts."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


def fault_of(error: BaseException) -> Literal["tracker", "data"]:
    """Whose fault an exception is: `InputError` comes from frames and ground truth, all else from the tracker."""
    return "data" if isinstance(error, InputError) else "tracker"


def describe(error: BaseException) -> str:
    """An exception in one or two lines: those meant for people as they are, others with their type and place."""
    if isinstance(error, InputError | TrackerError):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" (at {trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno})" if trace is not None else ""
    return f"{type(error).__name__}: {error}{place}"


def details_of(error: BaseException) -> str:
    """What there is to know of an exception beyond `describe`: the traceback from the tracker's own code on."""
    if isinstance(error, InputError | TrackerError):
        return str(getattr(error, "details", ""))
    return traceback_of(error)


class ActiveRun:
    """A work item's protocol between two of its commands."""

    def __init__(self, item: WorkItem, advance: Advance) -> None:
        """Begins the protocol.

        Raises:
            InputError: the sequence has no images, or its ground truth cannot start a tracker.
        """
        if item.sequence.frames is None:
            raise InputError(
                f"sequence '{item.sequence.name}': its images are not at hand, so no tracker can run on it. "
                "Give the folder of the images with --data."
            )
        self.item = item
        self.invalid = 0
        self.decode_seconds = 0.0
        self.trajectory: Trajectory | None = None
        self._recorder = Recorder() if item.responses else None
        self._advance = advance
        self._advanced = 0
        self._protocol: Steps = item.start.begin()
        self.command: Command = next(self._protocol)
        self._reached = self.command.frame

    @property
    def frame(self) -> Frame:
        """The frame of the present command, not decoded.

        Raises:
            InputError: there are fewer images than rows of ground truth.
        """
        sequence, index = self.item.sequence, self.command.frame
        assert sequence.frames is not None
        if index >= len(sequence.frames):
            raise InputError(
                f"sequence '{sequence.name}': frame {index + 1} is missing: {len(sequence)} rows of ground truth, "
                f"{len(sequence.frames)} images. Complete the images or leave the sequence out."
            )
        return sequence.frames[index]

    def report(self, output: Output | None, seconds: float = float("nan")) -> None:
        """Hand the tracker's answer to the protocol, which then has its next command or is finished.

        Args:
            output: what the tracker said; None for an initialisation.
            seconds: its time for that.

        Raises:
            TrackerError: the region has not the shape of one, or the response map.
        """
        before = self.command.frame
        if output is None:
            report = Report(self.command.region, seconds)  # type: ignore[union-attr]
        else:
            report = Report(self._checked(output.region), seconds, float(output.confidence))
            if self._recorder is not None and output.response is not None:
                self._recorder.add(before, output.response, output.covered, output.searched)
        try:
            self.command = self._protocol.send(report)
        except StopIteration as stop:
            self.trajectory = stop.value
            self._advance(self.item.start.frames - self._advanced)
            return
        step = abs(self.command.frame - before)
        self._advanced += step
        self._advance(step)

    def _checked(self, region: Region) -> Region:
        try:
            values = np.array(region, dtype=np.float64).ravel()
        except (TypeError, ValueError):
            values = np.empty(0)
        if values.size < 4 or values.size % 2:
            shown = np.array2string(values, threshold=8) if values.size else repr(region)[:60]
            raise TrackerError(
                f"sequence '{self.item.sequence.name}', frame {self.command.frame + 1}: the tracker answered {shown}, "
                "which is no region: expected x, y, w, h or the corners of a polygon."
            )
        if not np.isfinite(values).all():
            self.invalid += 1
            return np.full(values.size, np.nan)
        return values

    def finished(self) -> Finished:
        """The outcome, once the protocol has ended."""
        assert self.trajectory is not None
        maps = self._recorder.maps() if self._recorder is not None else None
        return Finished(self.item, self.trajectory, self.invalid, self.decode_seconds, responses=maps)

    def failed(self, error: BaseException) -> Failed:
        """The outcome of a run that ends here."""
        self._protocol.close()
        self._advance(self.item.start.frames - self._advanced)
        return Failed(self.item, describe(error), fault_of(error), details=details_of(error))


def begin(item: WorkItem, advance: Advance) -> ActiveRun | Failed:
    """Begin a work item, or say why that cannot be."""
    try:
        return ActiveRun(item, advance)
    except InputError as error:
        advance(item.start.frames)
        return Failed(item, str(error), "data")
