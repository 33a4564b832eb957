"""Sufficient statistics that were computed before, found by the hash of everything that they depend on.

One file holds one tracker's rows on one data set under one convention. Each row carries its key: the hash of the result
file's content, the ground truth, the rules and this package's own code. A row whose key is not the one asked for is
never used, so a file can at worst be useless. Files are written beside their place and renamed: readers and other
writers see the old one or the new one.

A row carries a stamp as well, by which files are known unchanged without being read: their sizes, inodes and times of
change, which no program can set. Files that changed less than two seconds before they were read get no stamp, as a
second change could hide in the same tick of the clock; nor do files on systems without such times.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import siamfc_eval

Floats = NDArray[np.float64]
_CODE = ("geometry", "metrics", "protocols", "results")
"""The rooms whose code decides a row."""
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class Entry:
    """What is kept of one tracker on one sequence."""

    key: str
    """Hash of everything that the row depends on, hexadecimal."""
    row: Floats
    """Shape (k,)."""
    note: str = ""
    """What the measure says of the runs."""
    timing: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the measured frames: their number, their seconds, the sum of 1 / seconds."""
    tags: Mapping[str, Floats] = field(default_factory=dict)
    """Tag -> shape (k,)."""
    stamp: str = ""
    """Hash of everything that the row depends on, with stamps of files in place of their content; "" for none."""


@dataclass(frozen=True)
class Slot:
    """What is kept of one tracker on one data set under one convention."""

    entries: tuple[Entry, ...] = ()
    habits: tuple[str, ...] = ()
    """What was noticed of the tracker's files as a whole."""
    habits_of: str = ""
    """Hash of the keys of all sequences that the habits are of."""


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
        digest.update(b"%d:%s" % (len(data), data))
    return digest.hexdigest()


def file_stamp(paths: Iterable[Path]) -> str | None:
    """Stamps of files, to be taken before they are read; None where they prove nothing."""
    if os.name != "posix":
        return None
    recent = time.time_ns() - _SETTLED_NS
    parts = []
    for path in paths:
        try:
            found = os.stat(path)
        except OSError:
            return None
        if found.st_ctime_ns > recent:
            return None
        parts.append(f"{found.st_dev},{found.st_ino},{found.st_size},{found.st_mtime_ns},{found.st_ctime_ns}")
    return ";".join(parts)


def load(folder: Path, name: str) -> Slot:
    """What is kept in a slot; an empty slot where there is nothing usable.

    Args:
        folder: the cache.
        name: of the slot, a hash.
    """
    try:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as kept:
            texts, rows, timing = kept["texts"], kept["rows"], kept["timing"]
            names, owners, tag_rows = kept["tag_names"], kept["tag_owners"], kept["tag_rows"]
            habits = kept["habits"].tolist()
        tags: list[dict[str, Floats]] = [{} for _ in rows]
        for tag, owner, row in zip(names.tolist(), owners.tolist(), tag_rows, strict=True):
            tags[owner][tag] = row
        entries = tuple(
            Entry(key, row, note, (times[0], times[1], times[2]), of_tags, stamp)
            for (key, stamp, note), row, times, of_tags in zip(texts.tolist(), rows, timing.tolist(), tags, strict=True)
        )
        return Slot(entries, tuple(habits[1:]), habits[0])
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, zipfile.BadZipFile):
        # Absent, cut off or of another layout: what is missing is computed again.
        return Slot()


def store(folder: Path, name: str, slot: Slot) -> None:
    """Keep a slot, instead of what was there. A folder that cannot be written to is no error."""
    entries = slot.entries
    tagged = [(tag, owner, row) for owner, entry in enumerate(entries) for tag, row in entry.tags.items()]
    width = len(entries[0].row) if entries else 0
    partial = folder / f".{name}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(partial, "xb") as file:
            np.savez(
                file,
                texts=np.array([(entry.key, entry.stamp, entry.note) for entry in entries], dtype=np.str_),
                rows=np.array([entry.row for entry in entries], dtype=np.float64).reshape(-1, width),
                timing=np.array([entry.timing for entry in entries], dtype=np.float64).reshape(-1, 3),
                tag_names=np.array([tag for tag, _, _ in tagged], dtype=np.str_),
                tag_owners=np.array([owner for _, owner, _ in tagged], dtype=np.int64),
                tag_rows=np.array([row for _, _, row in tagged], dtype=np.float64).reshape(-1, width),
                habits=np.array([slot.habits_of, *slot.habits], dtype=np.str_),
            )
        partial.replace(folder / f"{name}.npz")
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
