"""The archive that the GOT-10k server takes."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import IncompleteError
from siamfc_eval.results.formats.export import require_boxes, rows_at
from siamfc_eval.results.formats.write_text import format_columns, format_rows
from siamfc_eval.results.names import path_part
from siamfc_eval.results.raw import TrackerResults
from siamfc_eval.storage.writing import write_atomic

_DATE = (1980, 1, 1, 0, 0, 0)
"""Of every entry, so that the same results make the same archive."""


def write_got10k_submission(results: TrackerResults, dataset: Dataset, path: Path) -> Path:
    """Write `<sequence>/<sequence>_001.txt` and `<sequence>/<sequence>_time.txt` of every sequence into a zip archive.

    Args:
        results: of one tracker, on GOT-10k's test subset (or any other data set, for a trial).
        dataset: what the results are of; gives the number of frames.
        path: the archive; `.zip` is added where it has no ending.

    Returns:
        Where it was written.

    Raises:
        IncompleteError: sequences without a result, or without times; all are named.
        InputError: a run that is not one box per frame.
    """
    if results.missing:
        raise IncompleteError(
            f"{results.name}: no result of {len(results.missing)} of {len(dataset)} sequences "
            f"({', '.join(results.missing[:8])}{' ...' if len(results.missing) > 8 else ''}). "
            "The server takes all or none."
        )
    untimed = [name for name, runs in results.runs.items() if any(run.times is None for run in runs)]
    if untimed:
        raise IncompleteError(
            f"{results.name}: no times of {len(untimed)} sequences ({', '.join(untimed[:8])}). The server wants them; "
            "run the tracker with this program, or put `<sequence>_time.txt` next to its results."
        )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for sequence in dataset:
            name, runs = path_part(sequence.name), results.runs[sequence.name]
            for number, run in enumerate(runs, start=1):
                require_boxes(run, len(sequence))
                _add(archive, f"{name}/{name}_{number:03d}.txt", format_rows(rows_at(run, sequence.origin)))
            times = np.stack([run.times for run in runs if run.times is not None], axis=1)
            _add(archive, f"{name}/{name}_time.txt", format_columns(times))
    path = Path(path).expanduser()
    path = path if path.suffix else path.with_suffix(".zip")
    write_atomic(path, buffer.getvalue())
    return path


def _add(archive: zipfile.ZipFile, name: str, content: str) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
