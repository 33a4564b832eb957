"""Signals that ask a program to end, put off until what is at work is saved."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from types import TracebackType
from typing import Any, Self

ONE_REQUEST = 0.5
"""Seconds within which several signals are one request: Ctrl-C reaches torchrun and its processes, to which torchrun
sends it again; `timeout` signals a program and then its group."""


def ending_signals() -> frozenset[signal.Signals]:
    """The signals that ask a program to end, as far as this system has them."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


class Interruption:
    """Notes the first request to end, and acts on it when its context is left; a second one acts at once.

    To act is what would have happened without this: for Ctrl-C, a KeyboardInterrupt. Signals that are ignored stay so.
    Elsewhere than in the main thread, where Python delivers no signals, this does nothing.

    Args:
        notice: printed to standard error at the first request; "" prints nothing.
    """

    def __init__(self, notice: str = "") -> None:
        self._notice = notice
        self._before: dict[int, Any] = {}
        self._number: int | None = None
        self._asked = 0.0

    @property
    def is_requested(self) -> bool:
        """Whether the program was asked to end."""
        return self._number is not None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in ending_signals():
                before = signal.getsignal(number)
                if before not in (None, signal.SIG_IGN):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()
        if self._number is not None and error is None:
            signal.raise_signal(self._number)

    def _restore(self) -> None:
        while self._before:
            signal.signal(*self._before.popitem())

    def _note(self, number: int, _: object) -> None:
        now = time.monotonic()
        if self._number is None:
            self._number, self._asked = number, now
            if self._notice:
                # Not print: the signal may have come in the middle of one.
                with contextlib.suppress(OSError):
                    os.write(2, f"\n{self._notice}\n".encode())
        elif now - self._asked >= ONE_REQUEST:
            self._restore()
            signal.raise_signal(number)
