"""got10k 0.1.3, imported: its own reports on OTB, UAV123 and GOT-10k."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from reading import Found, annotations, attempt, main, summary, trackers

matplotlib.use("Agg")

from got10k.experiments import ExperimentGOT10k, ExperimentOTB, ExperimentUAV123

KEYS = {"success_auc": "success_score", "precision_20": "precision_score", "success_rate_50": "success_rate"}
AO_KEYS = {"ao": "ao", "sr_50": "sr"}


class Annotated:
    """What a report asks of a data set: names, and (images, boxes) for each."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.seq_names = list(entries)
        self._boxes = [np.array(entry["gt_rect"]) for entry in entries.values()]

    def __len__(self) -> int:
        return len(self._boxes)

    def __getitem__(self, index: int) -> tuple[None, np.ndarray]:
        return None, self._boxes[index].copy()


def _in_our_words(found: dict[str, Any], keys: dict[str, str]) -> Found:
    """A report of its own, with our names of the metrics."""
    each = {name: {ours: one[theirs] for ours, theirs in keys.items()} for name, one in found["seq_wise"].items()}
    return summary(each, {ours: found["overall"][theirs] for ours, theirs in keys.items()})


def _one_pass(experiment: type, material: Path, place: str) -> Found:
    entries = annotations(material, place)

    def report(tracker: str) -> Found:
        with tempfile.TemporaryDirectory() as reports:
            # Made without its data set class, which wants the images of the real one.
            judge = experiment.__new__(experiment)
            judge.dataset, judge.nbins_iou, judge.nbins_ce = Annotated(entries), 21, 51
            judge.result_dir, judge.report_dir = str(material / place / "results"), reports
            judge.plot_curves = lambda names: None
            found = judge.report([tracker])[tracker]
        return _in_our_words(found, KEYS)

    return {tracker: attempt(lambda tracker=tracker: report(tracker)) for tracker in trackers(material, place)}


def _average_overlap(material: Path) -> Found:
    def report(tracker: str) -> Found:
        with tempfile.TemporaryDirectory() as work:
            results = Path(work) / "GOT-10k" / tracker
            results.parent.mkdir()
            os.symlink(material / "got10k" / "results" / tracker, results)
            judge = ExperimentGOT10k(
                str(material / "got10k" / "data"), subset="val", result_dir=work, report_dir=f"{work}/reports"
            )
            judge.plot_curves = lambda files, names: None
            found = judge.report([tracker])[tracker]
        return _in_our_words(found, AO_KEYS)

    return {tracker: attempt(lambda tracker=tracker: report(tracker)) for tracker in trackers(material, "got10k")}


def score(material: Path, checkout: Path) -> Found:
    """Every report that got10k has for the material; `checkout` is not used, as it is installed."""
    return {
        "otb": {"got10k": _one_pass(ExperimentOTB, material, "otb")},
        "uav": {"got10k": _one_pass(ExperimentUAV123, material, "uav")},
        "lasot": {"got10k": _one_pass(ExperimentOTB, material, "lasot")},
        "got10k": {"got10k-ao": _average_overlap(material)},
    }


if __name__ == "__main__":
    main(score)
