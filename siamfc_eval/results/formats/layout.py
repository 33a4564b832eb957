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

from siamfc_eval.results.folders import ResultFolder
from siamfc_eval.results.names import SequenceNames

_RESULT = {"txt", "bin", "json", "csv"}
_COMPANION = re.compile(r"_(time|confidence|[a-z]+)\.(txt|value)$")
_NUMBER = re.compile(r"^(?P<name>.+)_(?P<number>\d{3,8})$")
_COMPANION_FOLDERS = {"times", "confidences"}
_NO_RESULT = {"manifest.json", "performance.json", "readme.txt", "list.txt"}


class Found(NamedTuple):
    """A file that is a result of a sequence."""

    sequence: str
    number: int
    """1-based repetition; the anchor frame for an eight-digit number."""
    place: str
    """The file: as text, as there are thousands, and few are looked at any closer."""
    written: str
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


class Listings:
    """The result files of one data set's sequences, folder by folder; each folder is sorted out once."""

    def __init__(self, source: ResultFolder, names: SequenceNames) -> None:
        """
        Args:
            source: lists folders.
            names: the data set's sequences, by which files are recognised.
        """
        self.source = source
        self._names = names
        self._results: dict[Path, Listing] = {}

    def results(self, folder: Path) -> Listing:
        """The results directly in a folder and in its folders that are named after sequences.

        Raises:
            InputError: the folder cannot be listed, as for all of these.
        """
        if folder not in self._results:
            listing = self._results[folder] = Listing()
            for entry in self.source.entries(folder):
                if not entry.is_dir():
                    self._classify(entry, listing, None)
                elif entry.name not in _COMPANION_FOLDERS and self._names.find(entry.name) is not None:
                    for file in self.source.entries(Path(entry.path)):
                        if file.is_file():
                            self._classify(file, listing, entry.name)
        return self._results[folder]

    def protocols(self, folder: Path) -> dict[str, Path]:
        """The protocols in a tracker's folder: folders with results of sequences that are not named after one."""
        return {
            path.name: path
            for path in self.source.folders(folder)
            if path.name not in _COMPANION_FOLDERS and self._names.find(path.name) is None and self.results(path).found
        }

    def matlab(self, folder: Path) -> dict[str, Listing]:
        """Tracker -> its files in a folder of `<sequence>_<tracker>.mat`; "" -> those that mean no sequence."""
        trackers: dict[str, Listing] = {}
        for entry in self.source.entries(folder):
            if not entry.name.lower().endswith(".mat") or not entry.is_file():
                continue
            path = Path(entry.path)
            for written, tracker in _splits(path.stem):
                sequence = self._names.find(written)
                if sequence is not None:
                    trackers.setdefault(tracker, Listing()).found.append(Found(sequence, 1, entry.path, written))
                    break
            else:
                trackers.setdefault("", Listing()).unmatched.append(path)
        return trackers

    def companions(self, folder: Path, listing: Listing) -> tuple[Path, ...]:
        """Files of times, confidences and other values that lie with the results of a tracker.

        Args:
            folder: the tracker's, or its protocol's.
            listing: its results.
        """
        folders = {str(folder), *(found.place[: found.place.rfind(os.sep)] for found in listing.found)}
        files: list[Path] = []
        for place in sorted(folders):
            for entry in self.source.entries(Path(place)):
                name = entry.name
                if "time" in name or "confidence" in name or name.endswith(".value"):
                    path = Path(entry.path)
                    files += [Path(each.path) for each in self.source.entries(path)] if entry.is_dir() else [path]
        return tuple(sorted(files))

    def _classify(self, entry: os.DirEntry[str], listing: Listing, folder: str | None) -> None:
        """Put a file where it belongs: a result, a companion of one (ignored here), or unmatched."""
        stem, _, suffix = entry.name.rpartition(".")
        if suffix.lower() not in _RESULT or entry.name.lower() in _NO_RESULT:
            return
        number, anchor, written = 1, False, stem
        sequence = self._names.find(stem) if folder is None or stem == folder else None
        if sequence is None and (numbered := _NUMBER.match(stem)):
            written, digits = numbered["name"], numbered["number"]
            # Inside a folder named after a sequence, the folder is what counts.
            sequence = self._names.find(folder if folder is not None and written == folder else written)
            number, anchor = int(digits), len(digits) == 8
        if sequence is None:
            if not _COMPANION.search(entry.name):
                listing.unmatched.append(Path(entry.path))
            return
        listing.found.append(Found(sequence, number, entry.path, written, anchor))


def _splits(stem: str) -> Iterator[tuple[str, str]]:
    """Ways to cut `<sequence>_<tracker>` in two, the longest sequence first: either may hold `_`."""
    cuts = [index for index, letter in enumerate(stem) if letter == "_" and 0 < index < len(stem) - 1]
    for cut in reversed(cuts):
        yield stem[:cut], stem[cut + 1 :]
