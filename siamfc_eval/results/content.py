"""Bounded reading of a file that somebody else wrote."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from siamfc_eval.errors import InputError

MAX_BYTES = 64 * 2**20
"""Largest result file that is read; the longest sequences in use (200,000 frames) need a third of it."""


def read_content(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a result file.

    Raises:
        InputError: no regular file, unreadable, empty, or larger than `limit` (refused without reading it).
    """
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InputError(f"{path}: expected a result file, found a folder, a device or a pipe.")
            if status.st_size > limit:
                raise InputError(
                    f"{path}: {status.st_size:,} bytes, and result files are read up to {limit:,}. "
                    "It is no result file, or it is damaged; take it out of the folder."
                )
            data = _read(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"{path}: cannot read this result file ({error.strerror or error}).") from error
    if not data or data.isspace():
        raise InputError(
            f"{path}: the file is empty; expected one line per frame. Delete it and run that sequence again."
        )
    return data


def _read(descriptor: int, size: int) -> bytes:
    """The bytes of an open file, as many as it said it has; a file object would take longer than reading."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


def content_digest(data: bytes) -> str:
    """Hash of a file's content, by which cached statistics are found: 128 bits of SHA-256, hexadecimal.

    Of the hashes that no accident and no one can make collide it is the fastest: processors have instructions for it.
    """
    return hashlib.sha256(data).hexdigest()[:32]
