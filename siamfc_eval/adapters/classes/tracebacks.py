"""Tracebacks of a user's own code: from her file on, without the calls of this program above it."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType

from siamfc_eval.adapters.classes.answers import printable

_OURS = str(Path(__file__).resolve().parents[2]) + "/"
_LONGEST = 16_000


def traceback_of(error: BaseException) -> str:
    """The traceback of an error, from the first line outside this package on; all of it where there is none."""
    error = error.with_traceback(_from_foreign_code(error.__traceback__))
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # an error whose own text cannot be made
        text = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    text = printable(text.rstrip())
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n...\n{text[-_LONGEST // 2 :]}"
    return text


def message_of(error: BaseException) -> str:
    """Type and text of an error in one line."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return printable(f"{type(error).__name__}: {text}" if text else type(error).__name__)[:1000]


def place_of(error: BaseException) -> str:
    """Where an error was raised: " (FILE, line N: SOURCE)" of the last line outside this package; "" if none is."""
    found = ""
    for entry in traceback.extract_tb(error.__traceback__):
        if not _is_ours(entry.filename) and not entry.filename.startswith("<"):
            found = f" ({entry.filename}, line {entry.lineno}: {printable(entry.line or '')[:200]})"
    return found


def _from_foreign_code(trace: TracebackType | None) -> TracebackType | None:
    start = trace
    while start is not None and (
        _is_ours(start.tb_frame.f_code.co_filename) or start.tb_frame.f_code.co_filename.startswith("<frozen")
    ):
        start = start.tb_next
    return start or trace


def _is_ours(filename: str) -> bool:
    return filename.startswith(_OURS) or "/importlib/" in filename
