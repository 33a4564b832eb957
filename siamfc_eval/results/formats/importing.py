"""Raw results of other toolkits, brought into this program's own folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.results.content import content_digest
from siamfc_eval.results.formats.export import rows_at, starts_differ
from siamfc_eval.results.formats.quirks import detect_quirks, length_notes
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.raw import RawResults, RawRun, TrackerResults
from siamfc_eval.results.store import ResultItem, ResultStore
from siamfc_eval.version import __version__


@dataclass(frozen=True)
class Imported:
    """What became of one tracker."""

    tracker: str
    folder: Path
    files: int
    missing: tuple[str, ...]
    """Sequences without a result."""
    notes: tuple[str, ...]
    """What was detected, assumed or repaired."""


def import_results(
    results: RawResults, out: Path, command: Sequence[str] = (), restart: bool = False
) -> tuple[Imported, ...]:
    """Write results in this program's own layout, at full precision, with a manifest that says where they came from.

    Args:
        results: as `read_results` found them, perhaps repaired.
        out: the folder of all results.
        command: for the manifest.
        restart: replace what was imported from another source under the same name.

    Raises:
        InputError: a file that cannot be read, or a folder that holds other results.
    """
    return tuple(_import_tracker(one, results.dataset, out, command, restart) for one in results.values() if one.runs)


def _import_tracker(
    results: TrackerResults, dataset: Dataset, out: Path, command: Sequence[str], restart: bool
) -> Imported:
    runs = [run for of_sequence in results.runs.values() for run in of_sequence]
    digest = content_digest("\n".join(f"{run.sequence} {run.number} {run.digest}" for run in runs).encode())
    quirks = tuple(str(quirk) for quirk in detect_quirks(results, dataset))
    notes = (*results.notes, *quirks, *length_notes(results, dataset))
    manifest = Manifest(
        dataset=dataset.name,
        tracker=results.name,
        experiment=results.protocol,
        identity={"source": digest},
        versions={"siamfc-eval": __version__, "numpy": np.__version__},
        command=list(command),
        source="/".join(results.folder.resolve().parts[-3:]),
        notes=list(notes),
    )
    single = results.protocol is None and all(
        len(of_sequence) == 1 and not of_sequence[0].start for of_sequence in results.runs.values()
    )
    origins = {sequence.name: sequence.origin for sequence in dataset}
    items = {
        _item(run, single, starts_differ(of_sequence)): run
        for of_sequence in results.runs.values()
        for run in of_sequence
    }
    if len(items) != len(runs):
        raise InputError(
            f"{results.folder}: several runs of {results.name} would have one name. Import them one by one."
        )
    with ResultStore(out, manifest, restart, durable=False) as store:
        for item in store.missing(items):
            run = items[item]
            store.write_rows(item, rows_at(run, origins[run.sequence]), run.times, run.confidences)
        folder = store.folder
    return Imported(results.name, folder, len(runs), results.missing, notes)


def _item(run: RawRun, single: bool, by_start: bool) -> ResultItem:
    if single:
        return ResultItem(run.sequence, len(run))
    if by_start:
        return ResultItem(run.sequence, len(run), anchor=run.start)
    return ResultItem(run.sequence, len(run), repetition=run.number)
