"""The one way in which files are written: whole or not at all, with a message where that cannot be done."""

from __future__ import annotations

import contextlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from siamfc_eval.errors import InputError

UNFINISHED = ".*.tmp*"
"""Pattern of the names of files that are being written; those that a killed process left can be removed."""
_OF_PROCESS = re.compile(r"\.(\d+)-[0-9a-f]{8}\.tmp")
_FRESH = 60.0
"""Seconds."""
_swept: set[Path] = set()
_REMEDY = "Free some space or write to another folder."


def write_atomic(path: Path, content: str | bytes, durable: bool = True, remedy: str = _REMEDY) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a part.

    Args:
        path: the file; its folders are made.
        content: all of it; text is written as UTF-8.
        durable: wait until the disk has it, so that a power cut cannot take it back; slow for thousands of files, and
            needless for those that can be made again.
        remedy: what to do where it cannot be written; one sentence.

    Raises:
        InputError: the folder cannot be written to, or the disk is full; nothing is left behind.
    """
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    with replacing(path, durable=durable, remedy=remedy) as unfinished, unfinished.open("xb") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, durable: bool = True, remedy: str = _REMEDY, ending: str = "") -> Iterator[Path]:
    """`write_atomic` for what writes its files itself: gives the place to write to; moves the file when all is done.

    Args:
        path: the file; its folders are made.
        durable, remedy: as for `write_atomic`.
        ending: of the place to write to, for writers that go by it, e.g. ".mp4".

    Raises:
        InputError: as `write_atomic`, for every OSError inside.
    """
    # A dot file: readers of results and of data sets skip it, should a crash leave it.
    unfinished = path.with_name(f".{path.name[:100]}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp{ending}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        yield unfinished
        if durable:
            _sync(unfinished)
        unfinished.replace(path)
        if durable:
            with contextlib.suppress(OSError):  # Not every system lets a folder be opened.
                _sync(path.parent)
    except OSError as error:
        raise cannot_write(path, error, remedy) from error
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def make_folder(path: Path, remedy: str = _REMEDY) -> None:
    """Make a folder and those above it.

    Raises:
        InputError: that cannot be done, or a file is in the way.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot make this folder ({error.strerror or error}). {remedy}") from error


def append_line(path: Path, line: str) -> None:
    """Add a line to a file that grows, such as a journal.

    Raises:
        InputError: it cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path | str, error: OSError, remedy: str = _REMEDY) -> InputError:
    """The error for a file that the system refuses to write."""
    return InputError(f"{path}: cannot write this file ({error.strerror or error}). {remedy}")


def _sweep(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder, the first time that this process writes there."""
    if os.name != "posix" or folder in _swept:
        return
    _swept.add(folder)
    for path in folder.glob(UNFINISHED):
        found = _OF_PROCESS.search(path.name)
        with contextlib.suppress(OSError):
            # A folder can be another machine's too, whose processes are not known here: what is new is let alone.
            if found is not None and time.time() - path.stat().st_mtime > _FRESH and not _is_alive(int(found[1])):
                path.unlink()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
