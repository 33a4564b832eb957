"""Bounded reading of a result file that somebody else wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

from siamfc_eval.errors import InputError
from siamfc_eval.storage.reading import MOST_TEXT, read_bounded

MANIFEST = "manifest.json"
"""Name of what a run says of itself, in its folder."""
MAX_BYTES = MOST_TEXT
"""Largest result file that is read."""


def read_content(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a result file.

    Raises:
        InputError: no regular file, unreadable, empty, or larger than `limit` (refused without reading it).
    """
    data = read_bounded(path, limit, "a result file")
    if not data or data.isspace():
        raise InputError(
            f"{path}: the file is empty; expected one line per frame. Delete it and run that sequence again."
        )
    return data


def content_digest(data: bytes) -> str:
    """Hash of a file's content, by which cached statistics are found: 128 bits of SHA-256, hexadecimal.

    Of the hashes that no accident and no one can make collide it is the fastest: processors have instructions for it.
    """
    return hashlib.sha256(data).hexdigest()[:32]
