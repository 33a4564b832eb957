"""Cached between processes, to save time. It can be absent, damaged or of another version: then it is made again.

A file begins with the hash of its own name and of all that follows, so that no damaged file, and no file under the name
of another, is ever taken for what it is not. The content is plain JSON and numbers: reading it runs nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import write_atomic

Floats = NDArray[np.float64]
_DIGEST = 32
_ALIGNED = 8


class Record(NamedTuple):
    """What one file holds."""

    head: Any
    """Anything that JSON can say exactly."""
    tables: list[Floats]
    """Arrays of any shape; those that were read cannot be written to."""


def default_folder() -> Path | None:
    """Where it is: SIAMFC_EVAL_CACHE, or the user's cache folder; None if the variable is empty or "off"."""
    named = os.environ.get("SIAMFC_EVAL_CACHE")
    if named is not None:
        return None if named.lower() in {"", "off", "0"} else Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("siamfc-eval", appauthor=False))


def load(path: Path) -> Record | None:
    """What `store` wrote; None where there is nothing, or it is damaged."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    data = memoryview(content)[_DIGEST:]
    if content[:_DIGEST] != _digest(path, data):
        return None
    end = _ALIGNED + int.from_bytes(data[:_ALIGNED], "little")
    head, shapes = orjson.loads(data[_ALIGNED:end])
    tables, at = [], end
    for shape in shapes:
        size = int(np.prod(shape, dtype=np.int64))
        tables.append(np.frombuffer(data, count=size, offset=at).reshape(shape))
        at += size * _ALIGNED
    return Record(head, tables)


def store(path: Path, head: Any, tables: Sequence[Floats] = ()) -> bool:
    """Store a record; readers and other writers see the old file or the new one.

    Returns:
        Whether it was written. What JSON cannot say exactly (NaN, a whole number beyond 64 bits) is not stored, and
        a folder that cannot be written to costs time and nothing else.
    """
    try:
        text = orjson.dumps([head, [table.shape for table in tables]])
    except TypeError:
        return False
    if orjson.loads(text)[0] != head:
        return False
    text += b" " * (-len(text) % _ALIGNED)  # so that the tables are aligned
    parts = [len(text).to_bytes(_ALIGNED, "little"), text]
    parts += [np.ascontiguousarray(table, dtype=np.float64).tobytes() for table in tables]
    data = b"".join(parts)
    try:
        write_atomic(path, _digest(path, data) + data, durable=False)
    except InputError:
        return False
    return True


def _digest(path: Path, data: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(f"{path.name}\0".encode("utf-8", "surrogatepass"))
    digest.update(data)
    return digest.digest()
