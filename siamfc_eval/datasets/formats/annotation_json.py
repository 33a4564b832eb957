"""Annotation files in JSON: parsed once, however often their content is asked for, and kept for later processes.

Parsing the text takes most of the time that it takes to score results which were scored before. What is kept lies under
the hash of the file's content and of this code, so that it can be useless but never stale.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import marshal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from siamfc_eval.errors import InputError
from siamfc_eval.kept_files import default_folder, load_kept, store_kept

TABLE = "gt_rect"
"""The key of a table of regions."""
_last: dict[tuple[Any, ...], Any] = {}
"""The file that was asked for last, as it was then -> its content."""


def load_json(path: Path) -> Any:
    """The content of a JSON file, which is shared between callers and must not be changed.

    Values of `TABLE` that are rows of equally many numbers are arrays of shape (rows, numbers), float64.

    Raises:
        InputError: unreadable, or not JSON.
    """
    try:
        found = path.stat()
        state = (path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        # Recognising a file needs all of it, so the reader that follows takes the content from here.
        if state not in _last:
            forget_json()
            _last[state] = _content(path, path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    return _last[state]


def forget_json() -> None:
    """Let go of the content that is shared: its many small lists slow down every pass of the garbage collector."""
    _last.clear()


def _content(path: Path, data: bytes) -> Any:
    folder = default_folder()
    digest = hashlib.sha256(sys.version.encode() + Path(__file__).read_bytes())
    digest.update(data)
    key = digest.hexdigest()[:32]
    kept = load_kept(folder / "annotations" / key) if folder else None
    if kept is not None:
        return _with_arrays(marshal.loads(kept))
    collecting = gc.isenabled()
    gc.disable()  # Nothing that is made here is garbage, and looking for it takes a third of the time.
    try:
        content = _parsed(data)
    except ValueError as error:
        raise InputError(f"{path}: not valid JSON ({error}).") from error
    except RecursionError:
        raise InputError(f"{path}: not valid JSON (lists within lists without end).") from None
    finally:
        if collecting:
            gc.enable()
    flat = _with_bytes(content)
    if folder and flat is not None:
        with contextlib.suppress(ValueError):  # nested too deeply for marshal
            store_kept(folder / "annotations" / key, marshal.dumps(flat))
    return _with_arrays(flat) if flat is not None else content


def _parsed(data: bytes) -> Any:
    """Through orjson, which is twice as fast; through `json` what only that takes, NaN above all."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data.decode("utf-8"))


def _with_bytes(content: Any) -> Any:
    """The content with the bytes of arrays in place of tables; None for what has none."""
    if not isinstance(content, dict):
        return None
    sequences = content.get("sequences", content)
    if not isinstance(sequences, dict) or not any(isinstance(v, dict) and TABLE in v for v in sequences.values()):
        return None
    flat = {key: _flat_entry(entry) if isinstance(entry, dict) else entry for key, entry in sequences.items()}
    return {**content, "sequences": flat} if sequences is not content else flat


def _flat_entry(entry: dict[str, Any]) -> dict[str, Any]:
    try:
        table = np.array(entry.get(TABLE), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return entry
    if table.ndim != 2:
        return entry
    return {**entry, TABLE: (table.shape, table.tobytes())}


def _with_arrays(flat: Any) -> Any:
    """The content with arrays in place of bytes."""
    sequences = flat["sequences"] if isinstance(flat.get("sequences"), dict) else flat
    for entry in sequences.values():
        if isinstance(entry, dict) and isinstance(entry.get(TABLE), tuple):
            shape, data = entry[TABLE]
            entry[TABLE] = np.frombuffer(data).reshape(shape)
    return flat
