"""vot-toolkit, in its own environment: the analyses of the supervised experiment.

They are given runs and ground truth that its own reader has parsed, without a workspace, which would want images.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from reading import Found, annotations, attempt, main, summary, trackers
from vot.analysis.supervised import AccuracyRobustness, AverageAccuracyRobustness, EAOCurve
from vot.region.io import parse_region

LOW, HIGH = 100, 356
"""The interval of VOT2018, as its stack has it."""


class Video:
    """What the analyses ask of a sequence."""

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self.name = name
        self.size = (entry["width"], entry["height"])
        self._truth = [parse_region(",".join(map(repr, row))) for row in entry["gt_rect"]]

    def __len__(self) -> int:
        return len(self._truth)

    def groundtruth(self) -> list[Any]:
        return self._truth


class Runs:
    """What they ask of an experiment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def gather(self, tracker: Any, sequence: Video) -> list[Any]:
        files = sorted((self._folder / sequence.name).glob("*.txt"))
        parsed = [[parse_region(line) for line in file.read_text().splitlines()] for file in files]
        return [SimpleNamespace(regions=lambda regions=regions: regions) for regions in parsed]


def _of_tracker(material: Path, tracker: str) -> Found:
    videos = [Video(name, entry) for name, entry in annotations(material, "vot").items()]
    runs = Runs(material / "vot" / "results" / tracker / "baseline")
    single, average, curve = AccuracyRobustness(), AverageAccuracyRobustness(), EAOCurve()
    parts = [single.subcompute(runs, None, video, []) for video in videos]
    accuracy, failures, point, _ = average.aggregate(None, videos, parts)
    (expected,) = curve.subcompute(runs, None, videos, [])
    values = {
        "eao": float(np.mean(expected[LOW : HIGH + 1])),  # as EAOScore.compute does it
        "accuracy": float(accuracy),
        "robustness": float(failures),
        "reliability": float(point[0]),
    }
    each = {
        video.name: {"accuracy": float(part[0]), "lost_number": float(part[1])}
        for video, part in zip(videos, parts, strict=True)
    }
    return summary(each, values)


def score(material: Path, checkout: Path) -> Found:
    """The supervised scores of every tracker; `checkout` is not used, as it is installed."""
    names = trackers(material, "vot")
    return {"vot": {"vot-toolkit": {name: attempt(lambda name=name: _of_tracker(material, name)) for name in names}}}


if __name__ == "__main__":
    main(score)
