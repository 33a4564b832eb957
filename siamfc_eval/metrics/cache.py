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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import siamfc_eval

Floats = NDArray[np.float64]
_CODE = ("geometry", "metrics", "protocols", "results")
"""The rooms whose code decides a row."""
_SETTLED_NS = 2_000_000_000
_ROW, _TAG, _HABIT = "row", "tag:", "habit"


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
    """In the order of the sequences."""
    habits: tuple[str, ...] = ()
    """What was noticed of the tracker's files as a whole."""
    habits_of: str = ""
    """Hash of the keys of all sequences that the habits are of."""
    stamp: str = ""
    """Hash of the stamps of all entries; "" if one has none."""


@lru_cache(maxsize=1)
def code_hash() -> str:
    """Hash of the source files that decide a row: a change of code makes all that was kept useless."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(siamfc_eval.__file__).parent
    for room in _CODE:
        for path in sorted(path for path in (package / room).iterdir() if path.suffix in {".py", ".toml"}):
            digest.update(f"{room}/{path.name}:".encode() + path.read_bytes())
    return digest.hexdigest()


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
    recent = settled_before() if settled is None else settled
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
        with open(folder / f"{name}.npy", "rb") as file:
            return _slot(np.lib.format.read_array(file, allow_pickle=False))
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError):
        # Absent, cut off or of another layout: what is missing is computed again.
        return Slot()


def _slot(records: NDArray[np.void]) -> Slot:
    """The slot that `_records` made into an array."""
    columns = zip(*(records[field].tolist() for field in ("what", "key", "stamp", "note", "timing")), strict=True)
    entries: list[Entry] = []
    tags: list[dict[str, Floats]] = []
    habits: list[str] = []
    of = stamp = ""
    for (what, key, own, note, times), row in zip(columns, records["row"], strict=True):
        if what == _ROW:
            tags.append({})
            entries.append(Entry(key, row, note, tuple(times), tags[-1], own))
        elif what.startswith(_TAG):
            tags[-1][what.removeprefix(_TAG)] = row
        else:
            habits += [note] if note else []
            of, stamp = key, own
    return Slot(tuple(entries), tuple(habits), of, stamp)


def _records(slot: Slot) -> NDArray[np.void]:
    """A slot as one array: its entries, each with its tags behind it, then what was noticed of the whole."""
    nothing = np.full_like(slot.entries[0].row, np.nan) if slot.entries else np.zeros(0)
    records: list[tuple[str, str, str, str, tuple[float, ...], Floats]] = []
    for entry in slot.entries:
        records.append((_ROW, entry.key, entry.stamp, entry.note, entry.timing, entry.row))
        records += [(_TAG + tag, "", "", "", (0.0, 0.0, 0.0), row) for tag, row in entry.tags.items()]
    for habit in slot.habits or ("",):
        records.append((_HABIT, slot.habits_of, slot.stamp, habit, (0.0, 0.0, 0.0), nothing))
    texts = [max(1, *(len(str(record[column])) for record in records)) for column in range(4)]
    names = ("what", "key", "stamp", "note")
    layout: list[Any] = [(field, np.str_, width) for field, width in zip(names, texts, strict=True)]
    return np.array(records, dtype=[*layout, ("timing", np.float64, 3), ("row", np.float64, len(nothing))])


def store(folder: Path, name: str, slot: Slot) -> None:
    """Keep a slot, instead of what was there. A folder that cannot be written to is no error."""
    partial = folder / f".{name}.{os.getpid()}.{os.urandom(4).hex()}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(partial, "xb") as file:
            np.save(file, _records(slot), allow_pickle=False)
        partial.replace(folder / f"{name}.npy")
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
