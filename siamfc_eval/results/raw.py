"""Raw results as they lie on disk: which file holds which run, read and parsed when asked for."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.raster import PackedRegions
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.plain_text import few
from siamfc_eval.protocols.trajectory import Entry, RunPlace, Trajectory
from siamfc_eval.results.content import content_digest, read_content
from siamfc_eval.results.rows import Rows, rows_of

_HEAD = 2**17
"""Bytes that hold a first line for certain."""

Values = NDArray[np.float64]
"""Shape (n,): one number per frame."""


class RecordedTrajectory(Trajectory):
    """A trajectory backed by arrays, whose entries, times and confidences are made when asked for."""

    def __init__(
        self,
        entries: tuple[Entry, ...] | None = None,
        times: Values | None = None,
        confidences: Values | None = None,
        place: RunPlace | None = None,
        *,
        run: RawRun | None = None,
    ) -> None:
        # `dataclasses.replace` passes the fields of `Trajectory`, so those are taken too.
        rows = run.rows if run is not None else rows_of(entries or ())
        given = {"rows": rows, "origin": run.origin if run is not None else 0.0, "run": run}
        if run is None:
            given |= {"times": times, "confidences": confidences, "place": place}
        self.__dict__.update(given)

    rows: Rows
    """The content of the file, in its own coordinates."""
    origin: float
    """What the file adds to 0-based coordinates."""
    run: RawRun | None
    """Where it was read from."""

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """One per frame: a region (0-based pixels) or a code."""
        return self.rows.entries(self.origin)

    @cached_property
    def times(self) -> Values | None:
        """Shape (n,): seconds per frame; None where no file has them."""
        return self.run.times if self.run is not None else None

    @cached_property
    def confidences(self) -> Values | None:
        """Shape (n,): the tracker's own scores; None where no file has them."""
        return self.run.confidences if self.run is not None else None

    @cached_property
    def place(self) -> RunPlace | None:
        """Where the file says that the run lies in its sequence."""
        run = self.run
        return RunPlace(run.file.place, run.start, run.label, run.segments) if run is not None else None

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """Shape (n,): the number of the `Code` of each frame; -1 for a region."""
        return self.rows.codes

    @cached_property
    def packed(self) -> PackedRegions:
        """The regions, 0-based, as kernels read them; rectangles are not taken apart."""
        if self.rows.polygons:
            return super().packed
        # A code is a row of NaN here, which overlaps nothing.
        boxes = np.ascontiguousarray(self.boxes(0.0), dtype=np.float64)
        return PackedRegions(boxes.reshape(-1), 4 * np.arange(len(boxes) + 1))

    def __len__(self) -> int:
        return len(self.rows)

    def boxes(self, origin: float = 0.0) -> Boxes:
        """Shape (n, 4): bounding boxes of the regions; NaN rows for codes.

        Args:
            origin: what to add to 0-based coordinates; with the file's own, no number is touched.
        """
        return self.rows.boxes_at(self.origin, origin)


class ResultFile:
    """One file of raw results: read once, hashed without being parsed, parsed once."""

    def __init__(
        self, place: str, parse: Callable[[bytes, str], collections.abc.Sequence[Rows]], line_wise: bool = False
    ) -> None:
        """
        Args:
            place: the file.
            parse: makes rows of its content.
            line_wise: the content is one run, one line per frame, so that its head can be parsed alone.
        """
        self.place = place
        self._parse = parse
        self._line_wise = line_wise
        self._data: bytes | None = None
        self._digest: str | None = None
        self._rows: collections.abc.Sequence[Rows] | None = None

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.place)

    def _content(self) -> bytes:
        if self._data is None:
            self._data = read_content(self.place)
        return self._data

    @property
    def digest(self) -> str:
        """Hash of the file's content.

        Raises:
            InputError: the file cannot be read, is empty or too large.
        """
        if self._digest is None:
            self._digest = content_digest(self._content())
        return self._digest

    @property
    def rows(self) -> collections.abc.Sequence[Rows]:
        """The runs that the file holds, one for most layouts.

        Raises:
            InputError: with file and line, where the content is not what the layout says.
        """
        if self._rows is None:
            data = self._content()
            if self._digest is None:  # Of the bytes that are parsed: they are read once, whatever becomes of the file.
                self._digest = content_digest(data)
            self._rows = self._parse(data, self.place)
            self._data = None
        return self._rows

    def release(self) -> None:
        """Let go of the content; whoever asks for it again reads the file again, as it is then."""
        self._data = self._digest = self._rows = None

    def first(self, index: int) -> Rows:
        """The first row of a run, without parsing the rest where that is possible.

        Raises:
            InputError: as for `rows`.
        """
        if self._rows is None and self._line_wise:
            data = self._content()
            end = data.find(b"\n", 0, _HEAD)
            head = data[: end if end >= 0 else _HEAD]
            return self._parse(head.partition(b"\r")[0], self.place)[0]
        return self.rows[index].head()


REPAIRED = "Repaired on request: "
"""How a note of an import begins that says what was changed in the results."""


@dataclass(eq=False)
class RawRun:
    """One run of one tracker over one sequence: what one file, or one entry of a file, holds."""

    sequence: str
    """The data set's own name of the sequence."""
    number: int
    """1-based number of the repetition, segment or shift; of a multi-start run the anchor frame (0-based)."""
    file: ResultFile
    index: int = 0
    """Which of the file's runs this is."""
    load_times: Callable[[int], Values | None] | None = None
    """Reads the times for that many frames; None where there are none."""
    load_confidences: Callable[[int], Values | None] | None = None
    """Reads the confidences for that many frames; None where there are none."""
    origin: float = 0.0
    """What the file adds to 0-based coordinates."""
    start: int = 0
    """0-based frame of the sequence to which the first row belongs (TRE segments, multi-start anchors)."""
    label: str = ""
    """What sets this run apart, e.g. the shift of an SRE run; "" for repetitions."""
    segments: int = 1
    """How many runs the file holds that belong together (TRE, SRE); 1 also for one that was taken out of them."""
    repaired: Rows | None = None
    """What the caller put in place of the file's content; None (nearly always): the content as it is."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def digest(self) -> str:
        """Hash of what is scored: of the file's content, marked where this is one run of many or was repaired.

        Raises:
            InputError: the file cannot be read.
        """
        marks = f"#{self.index}" if self.index or self.start or self.label else ""
        return self.file.digest + marks + ("" if self.repaired is None else "+" + _rows_digest(self.repaired))

    @property
    def rows(self) -> Rows:
        """One entry per frame, in the file's own coordinates.

        Raises:
            InputError: with file and line, where it cannot be read.
        """
        return self.repaired if self.repaired is not None else self.file.rows[self.index]

    @property
    def first_row(self) -> Rows:
        """The first row alone, which is cheap to have."""
        return self.repaired.head() if self.repaired is not None else self.file.first(self.index)

    def __len__(self) -> int:
        return len(self.rows)

    def raw_boxes(self) -> Boxes:
        """Shape (n, 4): x, y, w, h exactly as in the file; NaN rows for codes."""
        return self.rows.boxes

    def boxes(self, origin: float = 0.0) -> Boxes:
        """Shape (n, 4): x, y, w, h with `origin` added to 0-based coordinates; NaN rows for codes.

        With the data set's own origin these are comparable with `Sequence.published_boxes`, and exactly the file's
        numbers where the file is in that origin too.
        """
        return self.rows.boxes_at(self.origin, origin)

    @cached_property
    def times(self) -> Values | None:
        """Shape (n,): seconds per frame; None where no file has them."""
        return self.load_times(len(self)) if self.load_times else None

    @cached_property
    def confidences(self) -> Values | None:
        """Shape (n,): the tracker's own scores; None where no file has them."""
        return self.load_confidences(len(self)) if self.load_confidences else None

    def trajectory(self) -> RecordedTrajectory:
        """The run as scoring takes it, 0-based."""
        return RecordedTrajectory(run=self)


def _rows_digest(rows: Rows) -> str:
    return content_digest(rows.boxes.tobytes() + rows.codes.tobytes())


@dataclass(frozen=True, eq=False)
class TrackerResults:
    """All runs of one tracker under one protocol."""

    name: str
    folder: Path
    """The folder (or the file) that was read."""
    protocol: str | None
    """The protocol's folder, e.g. "baseline"; None where the layout has none."""
    runs: Mapping[str, tuple[RawRun, ...]]
    """Sequence -> its repetitions in order, for the sequences that have any, in the data set's order."""
    missing: tuple[str, ...]
    """Sequences of the data set without a result."""
    notes: tuple[str, ...] = ()
    """What was assumed or noticed, one sentence each."""
    kind: str | None = None
    """Kind of the protocol, by the manifest of the run or the folder's name; under a clock, the one that the clock is
    over. None where it is not known."""
    ground_truth: str = ""
    """Hash of the ground truth that the runs were made on; "" where no manifest says it."""
    timed: tuple[Mapping[str, str], ...] = ()
    """How times were measured, as `Manifest.timed` says it; empty where there are none or no manifest says it."""
    companions: tuple[Path, ...] = ()
    """Files of times, confidences and other values that lie with the result files, as they were listed."""
    unreadable: tuple[str, ...] = ()
    """What is wrong with files that could not be opened, one message each; other files are only opened when used."""

    def readable(self) -> TrackerResults:
        """Without the files that cannot be read, which `unreadable` names and `missing` names; reads every file."""
        runs: dict[str, tuple[RawRun, ...]] = {}
        wrong: list[str] = []
        for name, several in self.runs.items():
            good = []
            for run in several:
                try:
                    len(run)
                except InputError as error:
                    wrong.append(str(error))
                else:
                    good.append(run)
            if good:
                runs[name] = tuple(good)
        if not wrong:
            return self
        lost = {name for name in self.runs if name not in runs}
        return replace(
            self,
            runs=runs,
            missing=(*self.missing, *(name for name in self.runs if name in lost)),
            unreadable=(*self.unreadable, *dict.fromkeys(wrong)),
        )

    def trajectories(self) -> dict[str, tuple[Trajectory, ...]]:
        """Sequence -> its runs as scoring takes them, 0-based."""
        return {name: tuple(run.trajectory() for run in runs) for name, runs in self.runs.items()}


@dataclass(frozen=True, eq=False)
class RawResults(collections.abc.Mapping[str, TrackerResults]):
    """Raw results of several trackers on one data set."""

    dataset: Dataset
    folder: Path
    trackers: Mapping[str, TrackerResults]
    notes: tuple[str, ...] = ()
    """What was noticed of the folder as a whole."""

    def readable(self) -> RawResults:
        """Without the files that cannot be read; see `TrackerResults.readable`.

        Raises:
            InputError: there are no others.
        """
        trackers = {name: one.readable() for name, one in self.trackers.items()}
        if not any(one.runs for one in trackers.values()):
            raise InputError(few([message for one in trackers.values() for message in one.unreadable]))
        return replace(self, trackers=trackers)

    def __getitem__(self, name: str) -> TrackerResults:
        return self.trackers[name]

    def __iter__(self) -> collections.abc.Iterator[str]:
        return iter(self.trackers)

    def __len__(self) -> int:
        return len(self.trackers)
