"""A user's class, made and called where it lives: in its own process, or in this one for `--debug`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from siamfc_eval.adapters.classes.answers import AnswerError, printable
from siamfc_eval.adapters.classes.detection import style_of
from siamfc_eval.adapters.classes.importing import build, constructor_arguments, effective_arguments, import_class
from siamfc_eval.adapters.classes.naming import ClassRequest
from siamfc_eval.adapters.classes.sources import argument_facts, code_hashes
from siamfc_eval.adapters.classes.styles import Style
from siamfc_eval.adapters.classes.tracebacks import message_of, place_of, traceback_of
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.targets import start_target
from siamfc_eval.tracking.tracker import Output

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Description:
    """What is known of a tracker once it is made."""

    name: str
    style: str
    reads: str
    """Images and answers, in a few words."""
    is_deterministic: bool
    takes_polygons: bool
    device: str
    """"cuda" where the class has begun to use a GPU through torch, else "cpu"."""
    facts: dict[str, Any]
    """What decides its answers, as plain values."""
    notes: tuple[str, ...] = ()


class HostedClass:
    """An object of a user's class, called in the style in which it is written.

    Seconds are of the class's own code alone: images are decoded and brought into its form before.
    """

    def __init__(self, request: ClassRequest) -> None:
        """Import the class and make a tracker of it.

        Raises:
            InputError: there is no such class, it cannot be imported, its arguments are wrong or it fits no style.
            TrackerError: the constructor raised.
        """
        folder = os.getcwd()
        notes = []
        kind = import_class(request)
        if os.getcwd() != folder:
            notes.append(f"importing it changed the folder to {os.getcwd()}; that was undone")
            os.chdir(folder)
        arguments = constructor_arguments(kind, request)
        self._make: Callable[[], Any] = lambda: build(kind, arguments, request)
        self._tracker = self._make()
        self._style: Style = style_of(self._tracker, request.what, request.style)
        self._is_used = False
        self._frames = 0
        own = getattr(self._tracker, "name", None)
        name = own if isinstance(own, str) and own.strip() else request.name
        self.description = Description(
            name=printable(name).strip()[:_LONGEST_NAME],
            style=self._style.name,
            reads=self._style.reads,
            is_deterministic=bool(getattr(self._tracker, "is_deterministic", False)),
            takes_polygons=self._style.takes_polygons,
            device=_device(),
            facts=_facts(request, self._style, effective_arguments(kind, arguments)),
            notes=tuple(notes),
        )

    def init(self, frame: Frame, region: Region) -> float:
        """Start on a frame; returns the seconds that the class took.

        Raises:
            InputError: the frame cannot be read, or the region cannot be tracked.
            TrackerError: the class raised.
        """
        start_target(frame, region)
        if self._is_used and self._style.one_object_per_run:
            self._tracker = self._make()
        self._is_used, self._frames = True, 0
        arguments = self._style.start_arguments(frame, region)
        answer, seconds = self._call(self._style.start_method, arguments, frame)
        with self._readable(self._style.start_method, frame):
            self._style.started(answer, region)
        return seconds

    def update(self, frame: Frame) -> tuple[Output, float]:
        """Follow to the next frame; returns the answer and the seconds that the class took.

        Raises:
            InputError: the frame cannot be read.
            TrackerError: the class raised, or answered with something that is no region.
        """
        self._frames += 1
        arguments = self._style.follow_arguments(frame)
        answer, seconds = self._call(self._style.follow_method, arguments, frame)
        with self._readable(self._style.follow_method, frame):
            return self._style.read(answer), seconds

    def _call(self, method: str, arguments: tuple[Any, ...], frame: Frame) -> tuple[Any, float]:
        synchronize: Callable[[], None] = getattr(self._tracker, "synchronize", lambda: None)
        try:
            function = getattr(self._tracker, method)
            started = perf_counter()
            answer = function(*arguments)
            synchronize()
            return answer, perf_counter() - started
        except InputError:
            raise
        except BaseException as error:  # SystemExit, an interrupt that nobody sent, ...: all of it is the class's
            what = f"{self.description.name}: {method} on {self._shown(frame)}"
            message = f"{what} raised {message_of(error)}{place_of(error)}"
            raise TrackerError(message, traceback_of(error)) from error

    @contextlib.contextmanager
    def _readable(self, method: str, frame: Frame) -> Iterator[None]:
        try:
            yield
        except AnswerError as error:
            raise TrackerError(
                f"{self.description.name}: {method} on {self._shown(frame)} answered {error}."
            ) from error

    def _shown(self, frame: Frame) -> str:
        if frame.path is not None:
            return str(frame.path)
        return f"frame {self._frames + 1} of its run" if self._frames else "the first frame of its run"


def _device() -> str:
    torch = sys.modules.get("torch")
    return "cuda" if torch is not None and torch.cuda.is_initialized() else "cpu"


def _facts(request: ClassRequest, style: Style, arguments: dict[str, Any]) -> dict[str, Any]:
    """Device is no part of it, as for networks of ours: it decides the last bits and not the tracker."""
    named = {key: value for key, value in arguments.items() if key != "device"}
    file = Path(request.place) if request.is_file else None
    facts: dict[str, Any] = {"family": "class", "class": request.name, "style": style.name, "reads": style.reads}
    if not request.is_file:
        facts["module"] = request.place
    facts["arguments"] = argument_facts(named, Path.cwd())
    return facts | {f"code.{name}": value for name, value in code_hashes(file).items()}
