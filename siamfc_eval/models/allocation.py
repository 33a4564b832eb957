"""Memory that one layer frees is kept for the next."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Numbers of options in glibc's malloc.h."""
OF_THE_USER = ("MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


@cache
def keep_freed_memory() -> bool:
    """Keep what this process frees for what it asks for next; True where that could be said.

    The features of a layer are megabytes. The C library of Linux gives so large a piece back to the system when it is
    freed, and the system clears every page of it when the next layer asks: a quarter of the time of a frame with three
    search regions. A process has what it kept until it ends; its peak is nearly the same. Where malloc is set up by its
    environment variables, that stands; another C library is left alone.
    """
    if sys.platform != "linux" or any(name in os.environ for name in OF_THE_USER):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, -1))
