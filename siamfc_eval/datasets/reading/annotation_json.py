"""Annotation files in JSON: parsed once, however often their content is asked for, and cached for later processes.

Parsing the text takes most of the time that it takes to score results which were scored before. The cache lies under
the hash of the file's content and of this code, so that it can be useless but never stale.
"""

from __future__ import annotations

import gc
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from siamfc_eval.errors import InputError
from siamfc_eval.storage import cache
from siamfc_eval.storage.reading import read_bounded

TABLE = "gt_rect"
"""The key of a table of regions."""
_MOST_BYTES = 2**29
"""Of a file; that of all 1,400 sequences of LaSOT has half of it."""
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
            _last[state] = _content(path, read_bounded(path, _MOST_BYTES, "an annotation file"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}).") from error
    return _last[state]


def forget_json() -> None:
    """Let go of the content that is shared: its many small lists slow down every pass of the garbage collector."""
    _last.clear()


def _content(path: Path, data: bytes) -> Any:
    folder = cache.default_folder()
    place = None
    if folder is not None:
        digest = hashlib.sha256(sys.version.encode() + Path(__file__).read_bytes())
        digest.update(data)
        place = folder / "annotations" / digest.hexdigest()[:32]
        record = cache.load(place)
        if record is not None:
            content, names = record.head
            return _put_tables(content, zip(names, record.tables, strict=True))
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
    sequences = _sequences(content)
    if sequences is None:
        return content
    tables = _take_tables(sequences)
    if place is not None:
        cache.store(place, [content, list(tables)], list(tables.values()))
    return _put_tables(content, tables.items())


def _parsed(data: bytes) -> Any:
    """Through orjson, which is twice as fast; through `json` what only that takes, NaN above all."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data.decode("utf-8"))


def _sequences(content: Any) -> dict[str, Any] | None:
    """The part of an annotation file that has a table for each sequence; None where the content is something else."""
    if not isinstance(content, dict):
        return None
    found = content.get("sequences", content)
    is_annotation = isinstance(found, dict) and any(isinstance(v, dict) and TABLE in v for v in found.values())
    return found if is_annotation else None


def _take_tables(sequences: dict[str, Any]) -> dict[str, cache.Floats]:
    """Take the tables out of the sequences, by the name of each; what is no table of numbers stays where it is."""
    tables: dict[str, cache.Floats] = {}
    for name, entry in sequences.items():
        if not isinstance(entry, dict):
            continue
        try:
            table = np.array(entry.get(TABLE), dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            continue
        if table.ndim == 2:
            tables[name] = table
            del entry[TABLE]
    return tables


def _put_tables(content: Any, tables: Iterable[tuple[str, cache.Floats]]) -> Any:
    """The content with its tables as arrays."""
    sequences = content["sequences"] if isinstance(content.get("sequences"), dict) else content
    for name, table in tables:
        sequences[name][TABLE] = table
    return content
