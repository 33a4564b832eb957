"""Sufficient statistics that were computed before, found by the hash of everything that they depend on.

One file holds one tracker's rows on one data set under one convention. Each row carries its key: the hash of the result
file's content, the ground truth, the rules and this package's own code. A row whose key is not the one asked for is
never used, so a file can at worst be useless. Files are written beside their place and renamed: readers and other
writers see the old one or the new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import siamfc_eval

Floats = NDArray[np.float64]
_CODE = ("geometry", "metrics", "protocols", "results")
"""The rooms whose code decides a row."""


@dataclass(frozen=True)
class Entry:
    """What is kept of one tracker on one sequence."""

    key: str
    """Hash of everything that the row depends on, hexadecimal."""
    row: Floats
    """Shape (k,)."""
    note: str = ""
    """What the measure says of the runs."""
    tags: Mapping[str, Floats] = field(default_factory=dict)
    """Tag -> shape (k,)."""


def default_folder() -> Path | None:
    """Where things are kept: SIAMFC_EVAL_CACHE, or the user's cache folder; None if the variable is empty or "off"."""
    named = os.environ.get("SIAMFC_EVAL_CACHE")
    if named is not None:
        return None if named.lower() in {"", "off", "0"} else Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("siamfc-eval", appauthor=False))


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the source files that decide a row: a change of code makes all that was kept useless."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(siamfc_eval.__file__).parent
    for room in _CODE:
        for path in sorted((package / room).glob("*.py")):
            digest.update(f"{room}/{path.name}:".encode() + path.read_bytes())
    return digest.hexdigest()


def hash_of(*parts: str) -> str:
    """Hash of texts, hexadecimal; parts do not run into each other."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode()
        digest.update(f"{len(data)}:".encode() + data)
    return digest.hexdigest()


def load(folder: Path, slot: str) -> dict[str, Entry]:
    """Key -> entry, of what is kept in a slot; empty where there is nothing usable.

    Args:
        folder: the cache.
        slot: name of the file, a hash.
    """
    try:
        with np.load(folder / f"{slot}.npz", allow_pickle=False) as kept:
            keys, rows, notes = kept["keys"], kept["rows"], kept["notes"]
            names, owners, tag_rows = kept["tag_names"], kept["tag_owners"], kept["tag_rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # Absent, cut off or of another layout: what is missing is computed again.
        return {}
    if not (rows.ndim == 2 and len(keys) == len(rows) == len(notes) and len(names) == len(owners) == len(tag_rows)):
        return {}
    tags: list[dict[str, Floats]] = [{} for _ in keys]
    for name, owner, row in zip(names.tolist(), owners.tolist(), tag_rows, strict=True):
        tags[owner][name] = row
    return {
        key: Entry(key, row, note, of_tags)
        for key, row, note, of_tags in zip(keys.tolist(), rows, notes.tolist(), tags, strict=True)
    }


def store(folder: Path, slot: str, entries: list[Entry]) -> None:
    """Keep the entries of a slot, instead of what was there. A folder that cannot be written to is no error."""
    tagged = [(name, owner, row) for owner, entry in enumerate(entries) for name, row in entry.tags.items()]
    width = len(entries[0].row) if entries else 0
    partial = folder / f".{slot}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(partial, "xb") as file:
            np.savez(
                file,
                keys=np.array([entry.key for entry in entries], dtype=np.str_),
                rows=np.array([entry.row for entry in entries], dtype=np.float64).reshape(-1, width),
                notes=np.array([entry.note for entry in entries], dtype=np.str_),
                tag_names=np.array([name for name, _, _ in tagged], dtype=np.str_),
                tag_owners=np.array([owner for _, owner, _ in tagged], dtype=np.int64),
                tag_rows=np.array([row for _, _, row in tagged], dtype=np.float64).reshape(-1, width),
            )
        partial.replace(folder / f"{slot}.npz")
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
