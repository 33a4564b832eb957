"""What a folder of raw results holds, and what is odd about it, without scoring anything."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.results.formats.quirks import detect_quirks, length_notes
from siamfc_eval.results.raw import RawResults, TrackerResults


@dataclass(frozen=True)
class TrackerCheck:
    """One tracker's results."""

    tracker: str
    protocol: str | None
    files: int
    rows: int
    missing: tuple[str, ...]
    """Sequences without a result."""
    unreadable: tuple[str, ...]
    """What is wrong with files that cannot be used, one message each."""
    quirks: tuple[str, ...]
    """Quirks of the toolkit that wrote them."""
    notes: tuple[str, ...]
    """What was assumed, and what rows are odd."""
    timed: int
    """Files with times."""

    @property
    def usable(self) -> bool:
        """True if every file there can be read."""
        return not self.unreadable

    def to_json(self) -> dict[str, Any]:
        """The fields, for a program; the protocol is there under its old name too."""
        return {**asdict(self), "experiment": self.protocol}


def check_results(results: RawResults) -> tuple[TrackerCheck, ...]:
    """Read every file of every tracker and say what is there; nothing is raised for a file that is wrong."""
    return tuple(_check(tracker, results.dataset) for tracker in results.values())


def _check(results: TrackerResults, dataset: Dataset) -> TrackerCheck:
    unreadable = list(results.unreadable)
    rows, timed, files, good = 0, 0, len(unreadable), {}
    for name, runs in results.runs.items():
        kept = []
        for run in runs:
            files += 1
            try:
                rows += len(run)
                kept.append(run)
                timed += run.times is not None
            except InputError as error:
                unreadable.append(str(error))
        if kept:
            good[name] = tuple(kept)
    readable = TrackerResults(results.name, results.folder, results.protocol, good, results.missing, results.notes)
    return TrackerCheck(
        tracker=results.name,
        protocol=results.protocol,
        files=files,
        rows=rows,
        missing=results.missing,
        unreadable=tuple(unreadable),
        quirks=tuple(str(quirk) for quirk in detect_quirks(readable, dataset)),
        notes=(*results.notes, *length_notes(readable, dataset)),
        timed=timed,
    )
