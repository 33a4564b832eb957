"""Any tracker that speaks TraX, in any language, as one of ours."""

from __future__ import annotations

import atexit
import contextlib
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from siamfc_eval.adapters.trax_process import TrackerProcess
from siamfc_eval.adapters.trax_regions import to_trax, to_trax_image
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import MissingDependencyError, TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import Output

if TYPE_CHECKING:
    from siamfc_eval.adapters.trax_wire import Answer, Connection


@dataclass(frozen=True)
class TraxTimeouts:
    """Seconds that a TraX tracker may take before it is killed."""

    hello: float = 60.0
    """From the start of the process to its hello; a network loads in this time."""
    initialize: float = 60.0
    frame: float = 60.0
    quit: float = 2.0


@dataclass(frozen=True)
class TraxState:
    """Handle to the run that a TraX process is in; the process itself holds the state."""

    run: int
    """Counts initialisations: only the newest run of a process can go on."""


class TraxTracker:
    """A tracker in another process, driven over TraX.

    One process serves one run at a time and is initialised again for the next; a classic vot.py script, which ends
    with its run, is started anew for each. A process that dies, hangs or answers with something that is no region makes
    the call raise `TrackerError`; the next `init` starts a fresh one, which `restarts` counts.
    """

    reads_files = True
    """Frames with a path are sent as paths, so that nothing needs to be decoded on this side."""
    accepts_polygons = True
    """A polygon is sent as it is to a process that declares to understand it, and as its bounding box to any other."""

    def __init__(
        self,
        command: str,
        name: str | None = None,
        *,
        timeouts: TraxTimeouts | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        deterministic: bool = False,
        folder: Path | None = None,
    ) -> None:
        """Nothing is started until the first `init`.

        Args:
            command: the tracker's command line, split as a shell splits words.
            name: for folders and reports; default: made from the command.
            timeouts: see `TraxTimeouts`.
            log: file that the tracker's standard error is appended to; default: a new temporary file.
            environment: variables added to the tracker's environment.
            deterministic: whether the tracker promises the same answers every time.
            folder: in which the command is started; default: the present one.
        """
        self.command = command
        self.name = name or name_of(command)
        self.is_deterministic = deterministic
        self.timeouts = timeouts or TraxTimeouts()
        self.restarts = 0
        """Processes started because the one before had died, hung or answered with something that is no region."""
        self.facts: Mapping[str, object] = {"family": "trax", "command": command}
        """What decides the answers, as far as this side knows."""
        self._log = log
        self._folder = folder
        self._environment = dict(environment or {})
        self._run = 0
        self._initialised = False
        self._serves_one_run = False
        self._process: TrackerProcess | None = None
        self._connection: Connection | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="siamfc-eval-trax-")
        self._scratch_folder = Path(self._scratch.name)
        # Whatever ends this process in an orderly way ends the tracker's process too.
        reference = weakref.ref(self)
        atexit.register(_close_if_alive, reference)

    def make_ready(self) -> None:
        """Have a process that waits for its initialisation; `init` does so too, in the time that is measured.

        Raises:
            TrackerError: the process cannot be started, dies or hangs.
        """
        if self._initialised and self._serves_one_run:
            self.close()
        self._connected()

    def init(self, frame: Frame, region: Region) -> TraxState:
        """Start a run; starts the process if there is none, else initialises it again.

        Raises:
            TrackerError: the process cannot be started, dies, hangs or says no.
        """
        self.make_ready()
        again = self._initialised
        try:
            self._initialize(frame, region)
        except TrackerError:
            # A classic script that does not say that it is one: it took the second initialisation for the end.
            if not again or self._process is None or self._process.exit_code != 0:
                raise
            self.close()
            self._serves_one_run = True
            self._initialize(frame, region)
        self._run += 1
        return TraxState(self._run)

    def _initialize(self, frame: Frame, region: Region) -> None:
        connection = self._connected()
        image = to_trax_image(frame, connection.image_formats, self._scratch_folder)
        wire = to_trax(region, connection.region_formats)
        self._call("while it was initialised", self.timeouts.initialize, lambda: connection.initialize(image, wire))
        self._initialised = True

    def update(self, state: TraxState, frame: Frame) -> tuple[TraxState, Output]:
        """Ask for the next frame.

        Raises:
            TrackerError: the process dies, hangs, or answers with no region; or the state is not the newest run's.
        """
        if state.run != self._run or self._connection is None:
            raise TrackerError(
                f"{self.name}: a TraX process holds one run at a time, and this one was replaced by another"
            )
        connection = self._connection
        image = to_trax_image(frame, connection.image_formats, self._scratch_folder)
        objects = self._call("in the middle of a frame", self.timeouts.frame, lambda: connection.frame(image))
        if len(objects) != 1:
            raise self._broken("in the middle of a frame", f"{len(objects)} objects in its answer, 1 expected")
        region, confidence = objects[0]
        return state, Output(region, confidence)

    def close(self) -> None:
        """Tell the tracker to quit, and kill it if it does not."""
        connection, process = self._connection, self._process
        self._connection = self._process = None
        self._initialised = False
        if process is None:
            return
        if connection is not None and process.is_alive():
            with contextlib.suppress(Exception), process.deadline(self.timeouts.quit):
                connection.quit()
        if connection is not None:
            connection.release()
        process.close(self.timeouts.quit)

    def _connected(self) -> Connection:
        """The client of a running process, started now if there is none."""
        if self._connection is not None and self._process is not None and self._process.is_alive():
            return self._connection
        try:
            from trax import TraxException

            from siamfc_eval.adapters.trax_wire import Connection
        except ImportError as error:
            raise MissingDependencyError("vot-trax", "trax", "a TraX tracker") from error
        if self._process is not None:
            self.close()
            self.restarts += 1
        process = TrackerProcess(self.command, self._log, self._environment, self._folder)
        self._process = process
        try:
            with process.deadline(self.timeouts.hello):
                self._connection = Connection(*process.pipes)
        except TraxException as error:
            raise self._broken("before it said hello", str(error)) from error
        self._serves_one_run = self._serves_one_run or self._connection.serves_one_run
        return self._connection

    def _call(self, when: str, seconds: float, ask: Callable[[], list[Answer]]) -> list[Answer]:
        from trax import TraxException

        assert self._process is not None
        try:
            with self._process.deadline(seconds):
                return ask()
        except TraxException as error:
            raise self._broken(when, str(error)) from error

    def _broken(self, when: str, cause: str = "") -> TrackerError:
        """Diagnose the process, end it, and return the error to raise."""
        assert self._process is not None
        error = self._process.failure(when, cause)
        if self._connection is not None:
            self._connection.release()
            self._connection = None
        self._process.close(grace=0.0)
        self._initialised = False
        return error


def name_of(command: str) -> str:
    """A name for folders and reports, made from the first words of a command line."""
    words = [Path(word).stem for word in command.split() if not word.startswith("-")]
    kept = "-".join(words[:3]) or "trax"
    return "".join(character if character.isalnum() or character in "-_" else "-" for character in kept)[:60]


def _close_if_alive(reference: weakref.ref[TraxTracker]) -> None:
    tracker = reference()
    if tracker is not None:
        tracker.close()
