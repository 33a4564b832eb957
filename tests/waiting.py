"""Waiting for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 60.0


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail where it does not within a minute."""
    end = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
