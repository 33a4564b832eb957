"""vot-toolkit, in its own environment: the analyses of its four kinds of experiments.

They are given runs and ground truth that its own reader has parsed, without a workspace, which would want images.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from reading import Found, annotations, attempt, main, summary, trackers
from vot.analysis import accuracy as unsupervised
from vot.analysis import longterm, multistart
from vot.analysis.supervised import AccuracyRobustness, AverageAccuracyRobustness, EAOCurve
from vot.experiment.multirun import UnsupervisedExperiment
from vot.region.io import parse_region
from vot.tracker.results import Results, Trajectory
from vot.utilities.data import Grid
from vot.workspace.storage import LocalStorage

LOW, HIGH = 100, 356
"""The interval of VOT2018, as its stack has it."""
LOW_2020, HIGH_2020 = 115, 755


class Video:
    """What the analyses ask of a sequence."""

    def __init__(self, name: str, rows: list[str], size: tuple[int, int], anchors: list[float] | None = None) -> None:
        self.name = name
        self.size = size
        self._truth = [parse_region(row) for row in rows]
        self._anchors = anchors

    def __len__(self) -> int:
        return len(self._truth)

    def groundtruth(self, index: int | None = None) -> Any:
        return self._truth if index is None else self._truth[index]

    def objects(self) -> list[str]:
        return ["target"]

    def object(self, name: str, index: int | None = None) -> Any:
        return self.groundtruth(index) if name == "target" else None  # there are no masks of what to ignore

    def values(self, index: int) -> dict[str, float]:
        return {"anchor": self._anchors[index]} if self._anchors is not None else {}


def _from_json(material: Path, place: str) -> list[Video]:
    return [
        Video(name, [",".join(map(repr, row)) for row in entry["gt_rect"]], (entry["width"], entry["height"]))
        for name, entry in annotations(material, place).items()
    ]


def _from_folder(folder: Path) -> list[Video]:
    videos = []
    for name in (folder / "list.txt").read_text().split():
        facts = dict(line.split("=") for line in (folder / name / "sequence").read_text().splitlines())
        file = folder / name / "anchor.value"
        anchors = [float(line) for line in file.read_text().splitlines()] if file.is_file() else None
        rows = (folder / name / "groundtruth.txt").read_text().splitlines()
        videos.append(Video(name, rows, (int(facts["width"]), int(facts["height"])), anchors))
    return videos


class Runs(UnsupervisedExperiment):
    """What they ask of an experiment."""

    anchor = "anchor"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def results(self, tracker: Any, sequence: Video) -> Results:
        return Results(LocalStorage(str(self.folder / sequence.name)))

    def gather(self, tracker: Any, sequence: Video, objects: Any = None) -> list[Trajectory]:
        files = sorted((self.folder / sequence.name).glob("*.txt"))
        return [Trajectory.read(self.results(tracker, sequence), file.stem) for file in files]


def _supervised(videos: list[Video], runs: Runs) -> Found:
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


def _average_overlap(videos: list[Video], runs: Runs) -> Found:
    single, average = unsupervised.SequenceAccuracy(), unsupervised.AverageAccuracy()
    parts = [single.subcompute(runs, None, video, []) for video in videos]
    (accuracy,) = average.aggregate(None, videos, _column(parts))
    each = {video.name: {"average_overlap": float(part[0])} for video, part in zip(videos, parts, strict=True)}
    return summary(each, {"average_overlap": float(accuracy)})


def _multi_start(videos: list[Video], runs: Runs) -> Found:
    single, average = multistart.AccuracyRobustness(), multistart.AverageAccuracyRobustness()
    curves = multistart.EAOCurves(high=HIGH_2020)
    parts = [single.subcompute(runs, None, video, []) for video in videos]
    accuracy, robustness, *_ = average.aggregate(None, videos, parts)
    of_videos = [curves.subcompute(runs, None, video, []) for video in videos]
    (expected,) = multistart.EAOCurve.aggregate(SimpleNamespace(curves=curves), None, videos, of_videos)
    values = {
        "eao": float(np.mean(expected[LOW_2020 : HIGH_2020 + 1])),  # as EAOScore.compute does it
        "accuracy": float(accuracy),
        "robustness": float(robustness),
    }
    each = {
        video.name: {"accuracy": float(part[0]), "robustness": float(part[1])}
        for video, part in zip(videos, parts, strict=True)
    }
    return summary(each, values)


def _long_term(videos: list[Video], runs: Runs) -> Found:
    scores, thresholds = longterm._ConfidenceScores(), longterm._Thresholds()
    curves, average = longterm.PrecisionRecallCurves(), longterm.PrecisionRecallCurve()
    (chosen,) = thresholds.aggregate(None, videos, [scores.subcompute(runs, None, video, []) for video in videos])
    given = _column([(chosen,)])
    parts = [curves.subcompute(runs, None, video, given) for video in videos]
    joined = _column([average.aggregate(None, videos, parts)])
    scored = longterm.FScoreCurve().compute(runs, [None], videos, [joined])
    best = longterm.PrecisionRecall().compute(runs, [None], videos, [joined, scored])
    precision, recall, f_score = best[0, 0]
    names = ("tracking_precision", "tracking_recall", "f_score")
    return summary({}, dict(zip(names, map(float, (precision, recall, f_score)), strict=True)))


def _column(results: list[Any]) -> Grid:
    """Results as its processor hands them on."""
    grid = Grid(len(results), 1)
    for row, result in enumerate(results):
        grid[row, 0] = result
    return grid


def score(material: Path, checkout: Path) -> Found:
    """The scores of every tracker under each experiment; `checkout` is not used, as it is installed."""
    cases = {
        "vot": ("vot-toolkit", "baseline", _supervised, _from_json(material, "vot")),
        "free": ("vot-toolkit-ao", "unsupervised", _average_overlap, _from_json(material, "free")),
        "anchored": (
            "vot-toolkit-multistart",
            "multi-start",
            _multi_start,
            _from_folder(material / "anchored" / "VOT2020"),
        ),
        "long-term": (
            "vot-toolkit-longterm",
            "longterm",
            _long_term,
            _from_folder(material / "long-term" / "VOT2018-LT"),
        ),
    }
    found: Found = {}
    for place, (convention, protocol, of_tracker, videos) in cases.items():
        results = material / place / "results"
        found[place] = {
            convention: {
                name: attempt(partial(of_tracker, videos, Runs(results / name / protocol)))
                for name in trackers(material, place)
            }
        }
    return found


if __name__ == "__main__":
    main(score)
