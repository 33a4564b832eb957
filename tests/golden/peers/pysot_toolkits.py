"""pysot (STVIR) and the pysot-toolkit: their own OPE, EAO and accuracy/robustness benchmarks.

Their data set classes want the images, so the benchmarks are given objects with the same attributes. The folder is a
checkout in which the extension `region` has been built (`python setup.py build_ext --inplace`).
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from reading import Found, annotations, attempt, main, rows, summary, trackers

VOT_TAGS = ("camera_motion", "illum_change", "motion_change", "size_change", "occlusion")


class Videos:
    """What a benchmark asks of a data set."""

    def __init__(self, name: str, videos: list[Any]) -> None:
        self.name = name
        self._videos = videos

    def __len__(self) -> int:
        return len(self._videos)

    def __getitem__(self, key: int | str) -> Any:
        if isinstance(key, int):
            return self._videos[key]
        return next(video for video in self._videos if video.name == key)


def _ope(material: Path, place: str, benchmark: Any) -> Found:
    def of_tracker(tracker: str) -> Found:
        videos = []
        for name, entry in annotations(material, place).items():
            results = rows(material / place / "results" / tracker / f"{name}.txt")
            video = SimpleNamespace(name=name, gt_traj=entry["gt_rect"], pred_trajs={tracker: results})
            if "absent" in entry:
                video.absent = np.array(entry["absent"], np.int8)
            videos.append(video)
        judge = benchmark(Videos(place, videos))
        success = judge.eval_success(tracker)[tracker]
        precision = judge.eval_precision(tracker)[tracker]
        norm = judge.eval_norm_precision(tracker)[tracker]
        each = {
            name: {
                "success_auc": float(np.mean(success[name])),
                "precision_20": float(precision[name][20]),
                "norm_precision_20": float(norm[name][20]),
            }
            for name in success
        }
        # As `show_result` averages them.
        overall = {
            "success_auc": float(np.mean(list(success.values()))),
            "precision_20": float(np.mean(list(precision.values()), axis=0)[20]),
            "norm_precision_20": float(np.mean(list(norm.values()), axis=0)[20]),
        }
        return summary(each, overall)

    with np.errstate(all="ignore"):
        return {tracker: attempt(lambda tracker=tracker: of_tracker(tracker)) for tracker in trackers(material, place)}


def _vot(material: Path, eao: Any, accuracy: Any) -> Found:
    def of_tracker(tracker: str) -> Found:
        videos = []
        for name, entry in annotations(material, "vot").items():
            files = sorted((material / "vot" / "results" / tracker / "baseline" / name).glob("*0*.txt"))
            files = files if len(files) == 15 else files[:1]  # as VOTVideo.load_tracker chooses them
            tags = {"all": [1] * len(entry["gt_rect"]), **{tag: entry[tag] for tag in VOT_TAGS}}
            videos.append(
                SimpleNamespace(
                    name=name,
                    gt_traj=entry["gt_rect"],
                    width=entry["width"],
                    height=entry["height"],
                    pred_trajs={tracker: [rows(file) for file in files]},
                    select_tag=lambda tag, start=0, end=0, tags=tags: tags[tag][start:end],
                )
            )
        dataset = Videos("VOT2018", videos)
        by_tag = eao(dataset, tags=["all", *VOT_TAGS]).eval(tracker)[tracker]
        found = accuracy(dataset).eval(tracker)[tracker]
        overlaps = [value for values in found["overlaps"].values() for value in values]
        values = {"eao": float(by_tag["all"]), "accuracy": float(np.nanmean(overlaps))}
        failures = list(found["failures"].values())
        if len({len(counts) for counts in failures}) == 1:  # else its `show_result` cannot add them
            lost = np.sum(failures, axis=0)
            # As `show_result` averages them.
            values["robustness"] = float(np.mean(lost / len(overlaps)) * 100)
            values["lost_number"] = float(np.mean(lost))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            each = {
                name: {"accuracy": float(np.nanmean(found["overlaps"][name])), "lost_number": float(np.mean(counts))}
                for name, counts in found["failures"].items()
            }
        return summary(each, values) | {"tags": {tag: {"eao": float(by_tag[tag])} for tag in VOT_TAGS}}

    return {tracker: attempt(lambda tracker=tracker: of_tracker(tracker)) for tracker in trackers(material, "vot")}


def score(material: Path, checkout: Path) -> Found:
    """The numbers of whichever of the two toolkits is in the folder."""
    sys.path.insert(0, str(checkout))
    if (checkout / "toolkit").is_dir():
        from toolkit.evaluation import AccuracyRobustnessBenchmark, EAOBenchmark, OPEBenchmark

        found: Found = {place: {"pysot": _ope(material, place, OPEBenchmark)} for place in ("otb", "uav", "lasot")}
        return found | {"vot": {"pysot-vot": _vot(material, EAOBenchmark, AccuracyRobustnessBenchmark)}}
    from pysot.evaluation import OPEBenchmark

    return {place: {"pysot-toolkit": _ope(material, place, OPEBenchmark)} for place in ("otb", "uav", "lasot")}


if __name__ == "__main__":
    main(score)
