"""Waiting for what another process does, and for its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return once the condition holds; fail where it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def numbers_in(file: Path, seconds: float = 60.0) -> list[int]:
    """The numbers of the line that another process writes to a file, once it is whole."""
    wait_for(lambda: file.is_file() and file.read_text().endswith("\n"), seconds)
    return [int(word) for word in file.read_text().split()]


def commands() -> dict[int, str]:
    """Command lines of the processes that are there, by their numbers."""
    return {found.pid: " ".join(found.info["cmdline"] or []) for found in psutil.process_iter(["cmdline"])}


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended; one that only waits to be asked how it ended has."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
