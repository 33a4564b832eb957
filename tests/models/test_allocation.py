"""Freed memory that is kept: asked for again, it comes without the system clearing its pages anew."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

from siamfc_eval.models import allocation

PROGRAM = """
import ctypes, resource, sys
import torch
from siamfc_eval.models.allocation import keep_freed_memory

print(keep_freed_memory() if sys.argv[1] == "kept" else "")
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # PR_SET_THP_DISABLE: where all memory has huge pages, few are counted
torch.ones(1 << 24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    torch.ones(1 << 24)  # 64 MiB
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
IS_GLIBC = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")


def _pages(how: str, **variables: str) -> tuple[str, int]:
    """What was said of keeping, and how many pages were cleared."""
    environment = {name: value for name, value in os.environ.items() if name not in allocation.OF_THE_USER}
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, check=True)
    said, pages = done.stdout.splitlines()
    return said, int(pages)


@pytest.mark.skipif(not IS_GLIBC, reason="another C library than glibc")
def test_memory_that_was_freed_is_not_cleared_again() -> None:
    (_, plain), (said, kept) = _pages("plain"), _pages("kept")
    assert said == "True"
    assert kept < plain / 2


@pytest.mark.skipif(not IS_GLIBC, reason="another C library than glibc")
def test_what_the_user_says_of_malloc_stands() -> None:
    said, _ = _pages("kept", MALLOC_TRIM_THRESHOLD_="1000000")
    assert said == "False"


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allocation.keep_freed_memory.__wrapped__()
