"""Any tracker that speaks TraX, in any language, as one of ours."""

from __future__ import annotations

import atexit
import contextlib
import shlex
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from siamfc_eval.adapters.process import TrackerProcess
from siamfc_eval.adapters.trax.conversation import Answer, Conversation
from siamfc_eval.adapters.trax.images import format_image
from siamfc_eval.adapters.trax.messages import ProtocolError
from siamfc_eval.adapters.trax.regions import format_region
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import Output

_Said = TypeVar("_Said", Answer, Conversation)


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
    with its run, is started anew for each. A process that dies, hangs, or answers with something that is no region or
    with more than it was asked for, makes the call raise `TrackerError`; the next `init` starts a fresh one, which
    `restarts` counts.
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
        more_time: str = "",
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
            more_time: how a user gives it more time, for errors, as in "with --timeout SECONDS".
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
        """Processes started because the one before had died, hung or broken the protocol."""
        self.facts: Mapping[str, object] = {"family": "trax", "command": command}
        """What decides the answers, as far as this side knows."""
        self._more_time = more_time
        self._log = log
        self._folder = folder
        self._environment = dict(environment or {})
        self._run = 0
        self._initialised = False
        self._serves_one_run = False
        self._process: TrackerProcess | None = None
        self._conversation: Conversation | None = None
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
        conversation = self._connected()
        image = format_image(frame, conversation.hello.images, self._scratch_folder)
        text = format_region(region, conversation.hello.regions)
        self._call("while it was initialised", self.timeouts.initialize, lambda: conversation.initialize(image, text))
        self._initialised = True

    def update(self, state: TraxState, frame: Frame) -> tuple[TraxState, Output]:
        """Ask for the next frame.

        Raises:
            TrackerError: the process dies, hangs, or answers with no region or more than one; or the state is not the
                newest run's.
        """
        if state.run != self._run or self._conversation is None:
            raise TrackerError(
                f"{self.name}: a TraX process holds one run at a time, and this one was replaced by another"
            )
        conversation = self._conversation
        image = format_image(frame, conversation.hello.images, self._scratch_folder)
        answer = self._call("in the middle of a frame", self.timeouts.frame, lambda: conversation.frame(image))
        return state, Output(answer.region, answer.confidence)

    def close(self) -> None:
        """Tell the tracker to quit, and kill it if it does not."""
        conversation, process = self._conversation, self._process
        self._conversation = self._process = None
        self._initialised = False
        if process is None:
            return
        if conversation is not None and process.is_alive():
            with contextlib.suppress(EOFError, TimeoutError), process.deadline(self.timeouts.quit):
                conversation.quit()
        process.close(self.timeouts.quit)

    def _connected(self) -> Conversation:
        """The conversation with a running process, started now if there is none."""
        if self._conversation is not None and self._process is not None and self._process.is_alive():
            return self._conversation
        if self._process is not None:
            self.close()
            self.restarts += 1
        self._process = process = TrackerProcess(
            _words(self.command),
            f"the TraX tracker '{self.command}'",
            protocol="TraX",
            more_time=self._more_time,
            log=self._log,
            environment=self._environment,
            folder=self._folder,
        )
        conversation = self._call("before it said hello", self.timeouts.hello, lambda: Conversation(process))
        self._conversation = conversation
        self._serves_one_run = self._serves_one_run or conversation.hello.serves_one_run
        return conversation

    def _call(self, when: str, seconds: float, ask: Callable[[], _Said]) -> _Said:
        assert self._process is not None
        try:
            with self._process.deadline(seconds):
                return ask()
        except (ProtocolError, EOFError, TimeoutError) as error:
            raise self._broken(when, str(error)) from error

    def _broken(self, when: str, cause: str) -> TrackerError:
        """Diagnose the process, end it, and return the error to raise."""
        assert self._process is not None
        error = self._process.failure(when, cause)
        self._conversation = None
        self._process.close(grace=0.0)
        self._initialised = False
        return error


def name_of(command: str) -> str:
    """A name for folders and reports, made from the first words of a command line."""
    words = [Path(word).stem for word in command.split() if not word.startswith("-")]
    kept = "-".join(words[:3]) or "trax"
    return "".join(character if character.isalnum() or character in "-_" else "-" for character in kept)[:60]


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TrackerError(f"the TraX command '{command}' cannot be split into words: {error}") from error
    if not words:
        raise TrackerError("the TraX command is empty; give it as --tracker 'trax:COMMAND'")
    return words


def _close_if_alive(reference: weakref.ref[TraxTracker]) -> None:
    tracker = reference()
    if tracker is not None:
        tracker.close()
