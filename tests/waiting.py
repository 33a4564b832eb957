"""Waiting for what another process does, and for its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil

_SECONDS = 120.0


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail where it does not within two minutes."""
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def numbers_in(file: Path) -> list[int]:
    """The numbers of the line that another process writes to a file, once it is whole."""
    wait_for(lambda: file.is_file() and file.read_text().endswith("\n"))
    return [int(word) for word in file.read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended; one that only waits to be asked how it ended has."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
