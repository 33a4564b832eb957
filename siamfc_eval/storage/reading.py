"""Bounded reading of files that somebody else wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from siamfc_eval.errors import InputError

MOST_TEXT = 64 * 2**20
"""Bytes of the largest text file of boxes that is read; 200,000 frames, more than any sequence has, need a third."""


def read_bounded(path: str | Path, limit: int, what: str) -> bytes:
    """The bytes of a file.

    Args:
        path: the file.
        limit: most bytes; a larger file is refused without being read.
        what: the file is expected to be, with its article, e.g. "a result file".

    Raises:
        InputError: no regular file, unreadable, or too large.
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path}: expected {what}, found a folder, a device or a pipe.")
            if status.st_size > limit:
                raise InputError(
                    f"{path}: {status.st_size:,} bytes, and {what} is read up to {limit:,}. "
                    f"It is not {what}, or it is damaged; take it out of the folder."
                )
            return _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); expected {what}.") from error


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The values of a TOML file.

    Args:
        path: the file.
        what: it is, for errors: "experiment".

    Raises:
        InputError: it cannot be read, or is no TOML.
    """
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot read this {what} ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}.") from error


def _read(descriptor: int, size: int) -> bytes:
    """The bytes of an open file, as many as it said it has; a file object would take longer than reading."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data
