"""Which files of a folder are results: the layouts of got10k, pysot, vot-toolkit, OTB and plain folders.

<tracker>/<sequence>.txt                               got10k (OTB and kin), pysot, plain
<tracker>/times/<sequence>_time.txt                    its times
<tracker>/<sequence>/<sequence>_001.txt                GOT-10k; `<sequence>_time.txt` has one column per repetition
<tracker>/<protocol>/<sequence>/<sequence>_001.txt   VOT as written by got10k, pysot and vot-toolkit (also .bin)
<tracker>/<sequence>.json                              OTB in Python, one file for all segments or shifts
<sequence>_<tracker>.mat                               OTB in MATLAB, all trackers in one folder
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from siamfc_eval.errors import InputError
from siamfc_eval.results.names import SequenceNames

_RESULT = {"txt", "bin", "json", "csv"}
_COMPANION = re.compile(r"_(time|confidence|[a-z]+)\.(txt|value)$")
_NUMBER = re.compile(r"^(?P<name>.+)_(?P<number>\d{3,8})$")
_BESIDE = {"times", "confidences"}
_NO_RESULT = {"manifest.json", "performance.json", "readme.txt", "list.txt"}


class Found(NamedTuple):
    """A file that is a result of a sequence."""

    sequence: str
    number: int
    """1-based repetition; the anchor frame for an eight-digit number."""
    place: str
    """The file: as text, as there are thousands, and few are looked at any closer."""
    spelling: str
    """The sequence's name as the file has it."""
    anchor: bool = False

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.place)


@dataclass
class Listing:
    """The result files in a tracker's folder."""

    found: list[Found] = field(default_factory=list)
    unmatched: list[Path] = field(default_factory=list)
    """Files that look like results and mean no sequence of the data set."""


def visible_entries(folder: Path) -> list[os.DirEntry[str]]:
    """The entries of a folder by name, without dot files (which is where unfinished writes are).

    Raises:
        InputError: no such folder, or unreadable.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot list this results folder ({error.strerror}). Check the path.") from error


def list_results(folder: Path, names: SequenceNames) -> Listing:
    """The results directly in a folder and in its folders that are named after sequences."""
    listing = Listing()
    for entry in visible_entries(folder):
        if entry.is_dir():
            if entry.name not in _BESIDE and names.find(entry.name) is not None:
                _list_sequence_folder(Path(entry.path), names, listing)
        else:
            _classify(entry, names, listing, None)
    return listing


def _list_sequence_folder(folder: Path, names: SequenceNames, listing: Listing) -> None:
    for entry in visible_entries(folder):
        if entry.is_file():
            _classify(entry, names, listing, folder.name)


def _classify(entry: os.DirEntry[str], names: SequenceNames, listing: Listing, folder: str | None) -> None:
    """Put a file where it belongs: a result, a companion of one (ignored here), or unmatched."""
    stem, _, suffix = entry.name.rpartition(".")
    if suffix.lower() not in _RESULT or entry.name.lower() in _NO_RESULT:
        return
    number, anchor, spelling = 1, False, stem
    sequence = names.find(stem) if folder is None or stem == folder else None
    if sequence is None and (numbered := _NUMBER.match(stem)):
        spelling, digits = numbered["name"], numbered["number"]
        # Inside a folder named after a sequence, the folder is what counts.
        sequence = names.find(folder if folder is not None and spelling == folder else spelling)
        number, anchor = int(digits), len(digits) == 8
    if sequence is None:
        if not _COMPANION.search(entry.name):
            listing.unmatched.append(Path(entry.path))
        return
    listing.found.append(Found(sequence, number, entry.path, spelling, anchor))


def protocol_folders(folder: Path, names: SequenceNames) -> dict[str, Path]:
    """The protocols in a tracker's folder: folders that hold results of sequences and are not named after one."""
    found = {}
    for entry in visible_entries(folder):
        if entry.is_dir() and entry.name not in _BESIDE and names.find(entry.name) is None:
            path = Path(entry.path)
            if list_results(path, names).found:
                found[entry.name] = path
    return found


def list_matlab(folder: Path, names: SequenceNames) -> dict[str, Listing]:
    """Tracker -> its files in a folder of `<sequence>_<tracker>.mat`."""
    trackers: dict[str, Listing] = {}
    for entry in visible_entries(folder):
        if not entry.name.lower().endswith(".mat") or not entry.is_file():
            continue
        path = Path(entry.path)
        for spelling, tracker in _splits(path.stem):
            sequence = names.find(spelling)
            if sequence is not None:
                trackers.setdefault(tracker, Listing()).found.append(Found(sequence, 1, entry.path, spelling))
                break
        else:
            trackers.setdefault("", Listing()).unmatched.append(path)
    return trackers


def _splits(stem: str) -> Iterator[tuple[str, str]]:
    """Ways to cut `<sequence>_<tracker>` in two, the longest sequence first: either may hold `_`."""
    cuts = [index for index, letter in enumerate(stem) if letter == "_" and 0 < index < len(stem) - 1]
    for cut in reversed(cuts):
        yield stem[:cut], stem[cut + 1 :]
