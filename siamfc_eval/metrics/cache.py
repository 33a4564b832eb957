"""Sufficient statistics that were computed before, found by the hash of everything that they depend on.

One file holds one tracker's rows on one data set under one convention. Each row carries its key: the hash of the result
file's content, the ground truth, the rules and this package's own code. A row whose key is not the one asked for is
never used, and a file of which one bit changed is not read at all, so a file can at worst be useless.

A row carries a stamp as well, by which files are known unchanged without being read: their sizes, inodes and times of
change, which no program can set. Files that changed less than two seconds before they were read get no stamp, as a
second change could hide in the same tick of the clock; nor do files on systems without such times.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval import version
from siamfc_eval.storage import cache as storage

Floats = NDArray[np.float64]
_CODE = ("geometry", "metrics", "protocols", "results", "storage")
"""The rooms whose code decides a row; so does how it is compiled, which is at the top of the package."""
_SETTLED_NS = 2_000_000_000
_ENDING = ".statistics"
_VERSION = 2
"""Of the layout below, to be counted up when it changes."""


class Entry(NamedTuple):
    """What is cached of one tracker on one sequence."""

    key: str
    """Hash of everything that the row depends on, hexadecimal."""
    row: Floats
    """Shape (k,)."""
    note: str = ""
    """What the measure says of the runs."""
    timing: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of the measured frames: their number, their seconds, the sum of 1 / seconds."""
    tags: Mapping[str, Floats] = MappingProxyType({})
    """Tag -> shape (k,)."""
    stamp: str = ""
    """Hash of everything that the row depends on, with stamps of files in place of their content; "" for none."""


class Slot(NamedTuple):
    """What is cached of one tracker on one data set under one convention."""

    entries: tuple[Entry, ...] = ()
    """In the order of the sequences."""
    quirks: tuple[str, ...] = ()
    """What was noticed of the tracker's files as a whole."""
    quirks_of: str = ""
    """Hash of the keys of all sequences that the quirks are of."""
    stamp: str = ""
    """Hash of the stamps of all entries; "" if one has none."""


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the source files that decide a row: a change of code makes all that was cached useless."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(version.__file__).parent
    for path in code_files(package):
        digest.update(f"{path.relative_to(package).as_posix()}:".encode() + path.read_bytes())
    return digest.hexdigest()


def code_files(package: Path) -> list[Path]:
    """The source files and declarations that decide a row: those of some rooms, however deep, and at the top."""
    found = [path for room in _CODE for path in (package / room).rglob("*")]
    return sorted(path for path in (*package.iterdir(), *found) if path.suffix in {".py", ".toml"})


def hash_of(*parts: str) -> str:
    """Hash of texts, hexadecimal; parts do not run into each other."""
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return hashlib.blake2b(framed.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def settled_before() -> int:
    """Files that changed after this time, in ns, get no stamp (see above); to be taken before any is looked at."""
    return time.time_ns() - _SETTLED_NS if os.name == "posix" else 0


def file_stamp(paths: Iterable[str | Path], settled: int | None = None) -> str | None:
    """Stamps of files, to be taken before they are read; None where they prove nothing.

    Args:
        paths: the files.
        settled: what `settled_before` says, if it was asked already.
    """
    since = settled_before() if settled is None else settled
    parts = []
    for path in paths:
        part = one_stamp(path, since)
        if part is None:
            return None
        parts.append(part)
    return ";".join(parts)


def one_stamp(path: str | Path, settled: int) -> str | None:
    """`file_stamp` of one file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    changed = found.st_ctime_ns
    if changed > settled:
        return None
    return f"{found.st_dev},{found.st_ino},{found.st_size},{found.st_mtime_ns},{changed}"


def load(folder: Path, name: str) -> Slot:
    """What is cached in a slot; an empty slot where there is nothing usable.

    Args:
        folder: the cache.
        name: of the slot, a hash.
    """
    record = storage.load(folder / f"{name}{_ENDING}")
    if record is None:
        return Slot()  # Absent, damaged or of another layout: what is missing is computed again.
    version, *rest = record.head
    if version != _VERSION:
        return Slot()
    entries, quirks, quirks_of, stamp = rest
    rows, timings = iter(record.tables[0]), record.tables[1].tolist()
    found = [
        Entry(key, next(rows), note, (timing[0], timing[1], timing[2]), {tag: next(rows) for tag in tags}, own)
        for (key, own, note, tags), timing in zip(entries, timings, strict=True)
    ]
    return Slot(tuple(found), tuple(quirks), quirks_of, stamp)


def store(folder: Path, name: str, slot: Slot) -> None:
    """Store a slot, instead of what was there. A folder that cannot be written to is no error."""
    rows = [row for entry in slot.entries for row in (entry.row, *entry.tags.values())]
    entries = [[entry.key, entry.stamp, entry.note, list(entry.tags)] for entry in slot.entries]
    timings = np.array([entry.timing for entry in slot.entries], dtype=np.float64).reshape(-1, 3)
    head = [_VERSION, entries, list(slot.quirks), slot.quirks_of, slot.stamp]
    storage.store(folder / f"{name}{_ENDING}", head, [np.array(rows), timings])
