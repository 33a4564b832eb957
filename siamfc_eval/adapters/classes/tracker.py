"""Any Python class as one of our trackers, in a process of its own.

Whatever the class does there (exit, crash, hang, print, change directory, leave processes behind) costs the run that it
was in and nothing else: the call raises `TrackerError`, and the next run starts with a fresh process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from siamfc_eval.adapters.classes.answers import printable
from siamfc_eval.adapters.classes.naming import ClassRequest
from siamfc_eval.adapters.classes.wire import Channel, MalformedError
from siamfc_eval.adapters.process import TrackerProcess
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import CallTimes, Output

_LONGEST_REGION = 10_000 * 8
_PACKAGE = Path(__file__).resolve().parents[3]
_START = "import sys; sys.path.append({!r}); from siamfc_eval.adapters.classes.serve import main; main()"
_QUIT_SECONDS = 2.0


@dataclass(frozen=True)
class ClassState:
    """Handle to the run that a class's process is in; the process itself holds the state."""

    run: int
    """Counts initialisations: only the newest run can go on."""


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Described(_Message):
    name: str = Field(min_length=1, max_length=200)
    style: str
    reads: str
    is_deterministic: bool
    takes_polygons: bool
    device: Literal["cpu", "cuda"]
    facts: dict[str, Any]
    notes: list[str]


class _Loaded(_Message):
    loaded: _Described


class _Problem(_Message):
    problem: Literal["input", "tracker"]
    message: str
    details: str


class _Started(_Message):
    seconds: float = Field(ge=0)
    decode_seconds: float = Field(ge=0)


class _Followed(_Started):
    confidence: float


_ANSWERS: TypeAdapter[_Loaded | _Problem | _Followed | _Started] = TypeAdapter(
    _Loaded | _Problem | _Followed | _Started
)


class ClassTracker:
    """A class of a user's own, driven one run at a time in a process of its own.

    The process is started when the tracker is made, to learn the name and what decides the answers, and serves one run
    after the other until one fails.
    """

    reads_files = True
    """Frames with a path are sent as paths and decoded on the other side."""

    def __init__(
        self,
        request: ClassRequest,
        name: str | None = None,
        *,
        timeout: float = 60.0,
        more_time: str = "",
        log: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        """Starts the process and makes the tracker there.

        Args:
            request: the class, its style and its arguments.
            name: for folders and reports; default: the object's own `name`, else its class's.
            timeout: seconds for making the tracker, and for each call.
            more_time: how a user gives it more, for errors: "with --timeout SECONDS".
            log: file that what the class prints is appended to; default: a temporary file.
            folder: in which the process runs; default: the present one.

        Raises:
            InputError: there is no such class, it cannot be imported, its arguments are wrong or it fits no style.
            TrackerError: its constructor raised, or the process died or hung.
        """
        self.restarts = 0
        """Processes started because the one before had failed."""
        self.last_call = CallTimes(float("nan"), 0.0)
        self._request = request
        self._timeout, self._more_time = timeout, more_time
        self._log, self._folder = log, folder
        self._process: TrackerProcess | None = None
        self._channel: Channel | None = None
        self._has_failed = False
        self._seed: int | None = None
        self._run = self._frames = 0
        self._at_end: Callable[[], object] = lambda: None
        described = self._start()
        self.name = name or printable(described.name)
        self.is_deterministic = described.is_deterministic
        self.accepts_polygons = described.takes_polygons
        self.device = described.device
        self.facts: Mapping[str, Any] = {"name": self.name, **described.facts}
        self._described = described
        taken = f"{self.name}: taken for {described.style} style: {described.reads}."
        self.notes = (printable(taken), *(printable(f"{self.name}: {note}.") for note in described.notes))
        """What the user should know of how the class was read."""

    def make_ready(self) -> None:
        """Have a process that waits for its initialisation; `init` does so too.

        Raises:
            TrackerError: the process cannot be started again, or the class has changed since.
        """
        if self._process is not None and self._process.is_alive():
            return
        try:
            described = self._start()
        except InputError as error:  # no fault of the data: the class could be loaded before
            raise TrackerError(str(error)) from error
        if described != self._described:
            self.close()
            raise TrackerError(
                f"{self.name}: its code or its files have changed since the run began, so its results would not belong "
                "together. Start the run again."
            )

    def seed(self, seed: int) -> None:
        """Seed every random generator of the process before the next run."""
        self._seed = seed

    def init(self, frame: Frame, region: Region) -> ClassState:
        """Start a run.

        Raises:
            InputError: the frame cannot be read, or the region cannot be tracked.
            TrackerError: the class raised, or its process died or hung.
        """
        self.make_ready()
        self._frames = 0
        request = {"do": "init", "region": [float(value) for value in region], "seed": self._seed}
        self._seed = None
        answer, _ = self._ask(request, frame, f"while it started on {self._shown(frame)}")
        if not isinstance(answer, _Started):
            raise self._broken("while it started", "an answer of another kind")
        self._run += 1
        return ClassState(self._run)

    def update(self, state: ClassState, frame: Frame) -> tuple[ClassState, Output]:
        """Follow to the next frame.

        Raises:
            InputError: the frame cannot be read.
            TrackerError: the class raised or answered with something that is no region, its process died or hung, or
                the state is not the newest run's.
        """
        if state.run != self._run or self._process is None:
            raise TrackerError(f"{self.name}: this run has ended, the tracker was initialised again since.")
        self._frames += 1
        when = f"on {self._shown(frame)}"
        answer, payload = self._ask({"do": "update"}, frame, when)
        if not isinstance(answer, _Followed) or len(payload) % 16 or len(payload) < 32:
            raise self._broken(when, "an answer of another kind")
        region = np.frombuffer(payload, dtype="<f8").astype(np.float64)
        return state, Output(region, answer.confidence)

    def close(self) -> None:
        """End the process."""
        process, channel = self._process, self._channel
        self._process = self._channel = None
        if process is None or channel is None:
            return
        with contextlib.suppress(EOFError, TimeoutError), process.deadline(_QUIT_SECONDS):
            channel.send({"do": "quit"})
        self._at_end()
        process.close(_QUIT_SECONDS)

    def _start(self) -> _Described:
        """A process with a tracker in it."""
        if self._has_failed:
            self.restarts += 1
        self.close()
        try:
            return self._load()
        except BaseException:
            self._end()
            raise

    def _load(self) -> _Described:
        words = [sys.executable, "-P", "-c", _START.format(str(_PACKAGE))]
        process = self._process = TrackerProcess(
            words,
            f"the process of {self._request.what}",
            protocol="a message of this program's",
            more_time=self._more_time,
            log=self._log,
            folder=self._folder,
        )
        # Whatever ends this program in an orderly way, or forgets this tracker, ends the other process too.
        self._at_end = weakref.finalize(self, process.close, 0.0).detach
        self._channel = Channel(process.send, process.receive, _LONGEST_REGION)
        answer, _ = self._ask({"do": "load", "request": dataclasses.asdict(self._request)}, None, "while it was loaded")
        if not isinstance(answer, _Loaded):
            raise self._broken("while it was loaded", "an answer of another kind")
        return answer.loaded

    def _ask(self, request: dict[str, Any], frame: Frame | None, when: str) -> tuple[BaseModel, bytearray]:
        """Send a request, with a frame, and have its answer."""
        assert self._process is not None
        assert self._channel is not None
        payload = b""
        if frame is not None and frame.path is not None:
            request |= {"path": str(frame.path.absolute())}
        elif frame is not None:
            pixels = np.ascontiguousarray(frame.pixels, dtype=np.uint8)
            request |= {"path": None, "shape": pixels.shape}
            payload = pixels.tobytes()
        with self._diagnosed(when), self._process.deadline(self._timeout):
            self._channel.send(request, payload)
            header, data = self._channel.receive()
        try:
            answer = _ANSWERS.validate_python(header)
        except ValidationError as error:
            raise self._broken(when, "a message that does not belong here") from error
        if isinstance(answer, _Problem):
            raise self._failed(answer)
        if isinstance(answer, _Started):
            self.last_call = CallTimes(answer.seconds, answer.decode_seconds)
        return answer, data

    @contextlib.contextmanager
    def _diagnosed(self, when: str) -> Iterator[None]:
        try:
            yield
        except (EOFError, TimeoutError) as error:
            raise self._broken(when) from error
        except MalformedError as error:
            raise self._broken(when, str(error)) from error
        except BaseException:  # an interrupt: what was asked would be answered in the place of what is asked next
            self._end()
            raise

    def _failed(self, problem: _Problem) -> InputError | TrackerError:
        """The error to raise for what went wrong on the other side; a class that raised gets a fresh process."""
        message = printable(problem.message)
        if problem.problem == "input":
            return InputError(message)
        self._end()
        return TrackerError(message, printable(problem.details))

    def _broken(self, when: str, cause: str = "") -> TrackerError:
        """Diagnose the process, end it, and return the error to raise."""
        assert self._process is not None
        error = self._process.failure(when, cause)
        self._end()
        return error

    def _end(self) -> None:
        """End a process in which something failed; the next run has a fresh one."""
        self._has_failed = True
        process, self._process, self._channel = self._process, None, None
        if process is not None:
            self._at_end()
            process.close(grace=0.0)

    def _shown(self, frame: Frame) -> str:
        return str(frame.path) if frame.path is not None else f"frame {self._frames + 1} of its run"
