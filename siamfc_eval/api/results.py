"""Data sets and raw results, read."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from siamfc_eval.api.selection import Reading, dataset_of
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.plain_text import counted
from siamfc_eval.results.folders import ResultFolder
from siamfc_eval.results.raw import RawResults, TrackerResults
from siamfc_eval.results.read import read_results

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "load_dataset", "load_results"]


@dataclass(frozen=True, eq=False, repr=False)
class Results(RawResults):
    """Raw results of several trackers on one data set: tracker -> its runs, by sequence."""

    def __repr__(self) -> str:
        return f"<Results of {counted(len(self), 'tracker')} on {self.dataset.name}: {', '.join(list(self)[:8])}>"

    def to_frame(self) -> pd.DataFrame:
        """A row for each run: tracker, sequence, number of the run, frames."""
        import pandas as pd

        rows = [
            {"tracker": name, "sequence": sequence, "run": run.number, "frames": len(run)}
            for name, tracker in self.items()
            for sequence, runs in tracker.runs.items()
            for run in runs
        ]
        return pd.DataFrame(rows, columns=["tracker", "sequence", "run", "frames"])

    def boxes(self, tracker: str, sequence: str, run: int = 0) -> Any:
        """Bounding boxes of one run.

        Args:
            tracker, sequence: names.
            run: which of the repetitions, from 0.

        Returns:
            Shape (n, 4): x, y, w, h in 0-based pixels; NaN rows where there is no region.
        """
        return self[tracker].runs[sequence][run].boxes()


def load_results(
    results: Path | str,
    *,
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    **reading: Unpack[Reading],
) -> Results:
    """Raw results, whatever toolkit wrote them. Files are found now and parsed when they are asked for.

    Args:
        results: a folder of trackers, or one tracker's.
        data: the ground truth: a data set, or its folder or annotation file; None: as the results' manifest says.
        dataset: benchmark or layout, where it is not recognised.
        reading: see `siamfc_eval.api.selection.Reading`.

    Raises:
        InputError: no such folder, nothing in it fits the data set, or no ground truth.
        UnknownNameError: a tracker that is not there.
    """
    folder = ResultFolder(results)
    truth = truth_of(folder, data, dataset)
    trackers = reading.get("trackers") or None
    raw = read_results(folder, truth, trackers, reading.get("protocol"), reading.get("segment"))
    return Results(raw.dataset, raw.folder, raw.trackers, raw.notes)


def truth_of(results: Path | ResultFolder, data: Path | str | Dataset | None, dataset: str | None) -> Dataset:
    """The ground truth of results, as a caller gave it or as the results say.

    Raises:
        InputError: nothing leads to annotations.
    """
    if isinstance(data, Dataset):
        return data
    return dataset_of(results, dataset, Path(data) if data is not None else None)


def tracker_of(raw: collections.abc.Mapping[str, TrackerResults], name: str | None) -> TrackerResults:
    """The tracker of that name, or the only one."""
    from siamfc_eval.errors import InputError, UnknownNameError

    if name is not None:
        if name not in raw:
            raise UnknownNameError("tracker", name, raw)
        return raw[name]
    if len(raw) != 1:
        raise InputError(f"which tracker? Give one of: {', '.join(sorted(raw))}.")
    return next(iter(raw.values()))
