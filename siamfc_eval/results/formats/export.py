"""Results in the layouts of other toolkits, so that they can be scored and submitted there.

Text is written at full precision, so got10k, pysot and plain layouts read back as the same numbers; vot-toolkit's
binary layout rounds to float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import few
from siamfc_eval.protocols.trajectory import Code
from siamfc_eval.results.content import MANIFEST
from siamfc_eval.results.formats.aliases import (
    dataset_folder,
    require_distinct,
    tracker_identifier,
    written_sequence,
)
from siamfc_eval.results.formats.binary import format_binary
from siamfc_eval.results.formats.write_text import format_columns, format_rows
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.names import path_part
from siamfc_eval.results.raw import RawResults, RawRun, TrackerResults
from siamfc_eval.results.rows import Rows
from siamfc_eval.storage.writing import write_atomic

Layout = Literal["got10k", "pysot", "vot-toolkit", "plain"]
LAYOUTS: tuple[Layout, ...] = ("got10k", "pysot", "vot-toolkit", "plain")


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    """Where the trackers' folders are."""
    files: int
    notes: tuple[str, ...] = ()
    """What another toolkit should know, or what its layout cannot hold."""


def export_results(results: RawResults, out: Path, layout: Layout, binary: bool = True) -> Exported:
    """Write results as another toolkit has them.

    Args:
        results: what to write.
        out: the toolkit's folder of results (got10k, pysot, plain), or the workspace (vot-toolkit).
        layout: whose.
        binary: vot-toolkit only: `.bin`, its default, or `.txt`, which keeps full precision.

    Raises:
        InputError: results that cannot be read, names that the layout cannot tell apart, or a folder that cannot be
            written.
    """
    dataset, toolkit = results.dataset, str(layout)
    require_distinct([(name, written_sequence(name, dataset.name, toolkit)) for name in dataset.names], "sequences")
    trackers = [(name, tracker_identifier(name) if layout == "vot-toolkit" else path_part(name)) for name in results]
    require_distinct(trackers, "trackers")
    out = Path(out).expanduser()
    folder = out / (
        "results" if layout == "vot-toolkit" else "" if layout == "plain" else dataset_folder(dataset.name, toolkit)
    )
    files, notes = 0, []
    for name, written in trackers:
        if written != name:
            notes.append(f"Tracker '{name}' is written as '{written}'.")
        one = results[name]
        if not one.runs:
            continue
        if one.missing:
            notes.append(f"{name}: no result of {few(one.missing)}.")
        if layout == "vot-toolkit":
            files += _write_vot_toolkit(one, dataset, folder / written, binary)
            if written != name:
                _write_name(name, dataset, folder / written)
        else:
            files += _write_text(one, dataset, folder / written, layout)
    if layout == "vot-toolkit":
        notes += _vot_toolkit_notes(results, binary)
    return Exported(folder, files, tuple(notes))


def _write_text(results: TrackerResults, dataset: Dataset, folder: Path, layout: Layout) -> int:
    """got10k, pysot and plain: a file for a sequence, or a folder where it may have several."""
    protocol = results.protocol
    several = protocol is not None or any(len(runs) > 1 or runs[0].start for runs in results.runs.values())
    in_folders = several or (layout != "plain" and dataset_folder(dataset.name, layout) == "GOT-10k")
    if protocol is not None:
        folder = folder / path_part(protocol)
    files = 0
    for sequence in dataset:
        runs = results.runs.get(sequence.name)
        if runs is None:
            continue
        name = written_sequence(sequence.name, dataset.name, layout)
        place = folder / name if in_folders else folder
        for run, stem in zip(runs, _stems(name, runs) if in_folders else [name], strict=True):
            _write(place / f"{stem}.txt", format_rows(rows_at(run, sequence.origin)))
            if run.confidences is not None:
                companions = place if in_folders else place / "confidences"
                _write(companions / f"{stem}_confidence.txt", format_columns(run.confidences))
            files += 1
        _write_times(runs, name, place, in_folders)
    return files


def starts_differ(runs: Sequence[RawRun]) -> bool:
    """True for runs that start on different frames (TRE segments, multi-start anchors), and are named by those."""
    return any(run.start or run.number == 0 for run in runs)


def _stems(name: str, runs: Sequence[RawRun]) -> list[str]:
    """File names of the runs of one sequence, without ending."""
    if starts_differ(runs):
        return [f"{name}_{run.start:08d}" for run in runs]
    return [f"{name}_{run.number:03d}" for run in runs]


def _write_times(runs: Sequence[RawRun], name: str, place: Path, in_folders: bool) -> None:
    """Times as got10k has them: one file for a sequence, with a column for each repetition."""
    timed = [run.times for run in runs]
    known = [times for times in timed if times is not None]
    if not known:
        return
    if not in_folders:
        _write(place / "times" / f"{name}_time.txt", format_columns(known[0]))
    elif [run.number for run in runs] == [*range(1, len(runs) + 1)] and len({len(run) for run in runs}) == 1:
        columns = [np.full(len(runs[0]), np.nan) if times is None else times for times in timed]
        _write(place / f"{name}_time.txt", format_columns(np.stack(columns, axis=1)))
    else:
        for stem, times in zip(_stems(name, runs), timed, strict=True):
            if times is not None:
                _write(place / f"{stem}_time.txt", format_columns(times))


def rows_at(run: RawRun, origin: float) -> Rows:
    """A run's rows in coordinates with `origin` added to 0-based; untouched where the file has them so."""
    return run.rows.moved(origin - run.origin)


def _write_vot_toolkit(results: TrackerResults, dataset: Dataset, folder: Path, binary: bool) -> int:
    """vot-toolkit: 0-based, one folder per protocol and sequence; a one-pass run is its `unsupervised` experiment."""
    protocol = results.protocol or "unsupervised"
    files = 0
    for sequence in dataset:
        name = written_sequence(sequence.name, dataset.name, "vot-toolkit")
        runs = results.runs.get(sequence.name, ())
        for run, stem in zip(runs, _stems(name, runs), strict=True):
            rows = rows_at(run, 0.0)
            if results.protocol is None:
                rows = _initialized(rows)
            place = folder / tracker_identifier(protocol) / name
            content: bytes | str = format_binary(rows) if binary else format_rows(rows)
            _write(place / f"{stem}.{'bin' if binary else 'txt'}", content)
            # vot-toolkit would read the other of the two, if one were left over.
            (place / f"{stem}.{'txt' if binary else 'bin'}").unlink(missing_ok=True)
            times = run.times if run.times is not None else np.full(len(rows), np.nan)
            _write(place / f"{stem}_time.value", format_columns(times))
            if run.confidences is not None:
                _write(place / f"{stem}_confidence.value", format_columns(run.confidences))
            files += 1
    return files


def _write_name(tracker: str, dataset: Dataset, folder: Path) -> None:
    """A manifest with the name that the toolkit does not allow, so that reading the results gives it back."""
    manifest = Manifest(dataset=dataset.name, tracker=tracker, source="siamfc-eval export results")
    _write(folder / MANIFEST, manifest.model_dump_json(indent=1) + "\n")


def _write(path: Path, content: str | bytes) -> None:
    """What is exported can be exported again, so nothing waits for the disk."""
    write_atomic(path, content, durable=False)


def _initialized(rows: Rows) -> Rows:
    """The rows with the code of an initialisation first, as vot-toolkit marks the frame that it gave."""
    boxes, codes = rows.boxes.copy(), rows.codes.copy()
    boxes[0], codes[0] = np.nan, int(Code.INITIALIZED)
    return Rows(boxes, codes, {row: polygon for row, polygon in rows.polygons.items() if row})


def _vot_toolkit_notes(results: RawResults, binary: bool) -> list[str]:
    notes = []
    if binary:
        notes.append("Coordinates are rounded to float32, as vot-toolkit's binary layout has them.")
    if any(one.protocol is None for one in results.values()):
        notes.append(
            "One-pass runs are the experiment 'unsupervised'; their first box is the code of an initialisation."
        )
    return notes


def require_boxes(run: RawRun, frames: int) -> None:
    """Refuse a run that is not one box for each frame.

    Raises:
        InputError: naming file and row.
    """
    if len(run) != frames:
        raise InputError(f"{run.path}: expected {frames} rows, one per frame, found {len(run)}. Run it again.")
    bad = np.flatnonzero(~np.isfinite(run.rows.boxes).all(axis=1))
    if len(bad):
        raise InputError(
            f"{run.path}:{bad[0] + 1}: expected a box in every row, found {'a code' if run.rows.has_codes else 'NaN'} "
            f"({len(bad)} such rows). An evaluation server takes one-pass results only, with a box for every frame."
        )
