"""SHA-256 of files, compared with the list of them that lies beside weights. Needs no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path

from siamfc_eval.errors import InputError

CHECKSUMS = "SHA256SUMS"
"""File next to weights, in the form of `sha256sum`, that is compared with them where it names them."""


def file_sum(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listed_sum(folder: Path, name: str) -> str | None:
    """The SHA-256 that the list in a folder gives for a file name; None where no list names it."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    for line in lines:
        expected, _, listed = line.partition(" ")
        if listed.strip().lstrip("*") == name:
            return expected
    return None


def check_sums(path: Path) -> None:
    """Compare a file with SHA256SUMS in its folder, where there is one that names it.

    Raises:
        InputError: the file differs.
    """
    expected = listed_sum(path.parent, path.name)
    if expected is not None and (found := file_sum(path)) != expected:
        raise InputError(
            f"{path}: not the file that {CHECKSUMS} next to it names (SHA-256 {found[:12]}..., expected "
            f"{expected[:12]}...); it is damaged: fetch it again. If it was replaced on purpose, write its "
            f"line there anew: sha256sum {path.name}"
        )
