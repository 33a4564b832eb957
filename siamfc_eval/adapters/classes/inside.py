"""A class of a user's own in this process, for looking at it in a debugger."""

from __future__ import annotations

import contextlib
import pdb
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from siamfc_eval.adapters.classes.hosted import HostedClass
from siamfc_eval.adapters.classes.naming import ClassRequest
from siamfc_eval.adapters.classes.tracker import ClassState
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, SiamfcEvalError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import CallTimes, Output


class DebuggedTracker:
    """As `ClassTracker`, but nothing stands between the class and this process: what it raises stops in the debugger.

    When the debugger is left the run ends, as after an interrupt.
    """

    def __init__(self, request: ClassRequest, name: str | None = None, *, folder: Path | None = None) -> None:
        """As `ClassTracker`.

        Raises:
            InputError: there is no such class, its arguments are wrong or it fits no style.
        """
        self._folder = folder or Path()
        self.last_call = CallTimes(float("nan"), 0.0)
        self._run = 0
        with self._debugged():
            self._hosted = HostedClass(request)
        described = self._hosted.description
        self.name = name or described.name
        self.is_deterministic = described.is_deterministic
        self.accepts_polygons = described.takes_polygons
        self.device = described.device
        self.facts: Mapping[str, Any] = {"name": self.name, **described.facts}
        self.notes = (
            f"{self.name}: taken for {described.style} style: {described.reads}.",
            *(f"{self.name}: {note}." for note in described.notes),
        )

    def init(self, frame: Frame, region: Region) -> ClassState:
        """See `ClassTracker.init`."""
        with self._debugged():
            self.last_call = CallTimes(self._hosted.init(frame, region), 0.0)
        self._run += 1
        return ClassState(self._run)

    def update(self, state: ClassState, frame: Frame) -> tuple[ClassState, Output]:
        """See `ClassTracker.update`."""
        with self._debugged():
            output, seconds = self._hosted.update(frame)
        self.last_call = CallTimes(seconds, 0.0)
        return state, output

    @contextlib.contextmanager
    def _debugged(self) -> Iterator[None]:
        try:
            with contextlib.chdir(self._folder):
                yield
        except SiamfcEvalError as error:
            cause = error.__cause__
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            if isinstance(error, InputError) and (cause is None or isinstance(cause, SiamfcEvalError)):
                raise
            sys.stderr.write(f"{error}\n{getattr(error, 'details', '')}\n")
            pdb.post_mortem((cause or error).__traceback__)
            raise KeyboardInterrupt from error
