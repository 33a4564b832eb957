"""A tracker and data of one's own: a class to begin with, a trial of it, data sets looked at and converted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from siamfc_eval.adapters import trial
from siamfc_eval.adapters.classes.starting import write_tracker
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.adapters.trial import TrackerReport
from siamfc_eval.datasets.check import DatasetReport, check_dataset
from siamfc_eval.datasets.convert import convert_dataset
from siamfc_eval.tracking.tracker import Tracker

__all__ = ["DatasetReport", "TrackerReport", "check_dataset", "check_tracker", "convert_dataset", "write_tracker"]


def check_tracker(tracker: str | Callable[[], Tracker], **options: Any) -> TrackerReport:
    """Run a tracker on five drawn frames and say what is wrong with its answers.

    Args:
        tracker: whatever `load_tracker` takes, e.g. "my_tracker.py:MyTracker", or a function that makes a tracker,
            which is called twice.
        options: of loading, e.g. `style="pysot"`, `device="cpu"`; for names only.

    Returns:
        The findings; `report.ok` where nothing is wrong, `report.text` as lines.

    Raises:
        InputError: the tracker cannot be loaded.
        TrackerError: it failed in its first run.
    """
    if isinstance(tracker, str):
        spec = tracker
        return trial.check_tracker(lambda: load_tracker(spec, **options))
    return trial.check_tracker(tracker)
