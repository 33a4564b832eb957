"""A small OTB on disk for the tests of scoring; property tests have no deadline, as a busy machine is no mistake."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.metrics.scoring import score
from siamfc_eval.results.read import read_results

settings.register_profile("metrics", deadline=None, max_examples=60)
settings.load_profile("metrics")

LENGTH = 12


def truth(start: float) -> np.ndarray:
    """A target of 20 x 20 that walks to the right, 1-based."""
    rows = np.tile([start, 30.0, 20.0, 20.0], (LENGTH, 1))
    rows[:, 0] += np.arange(LENGTH)
    return rows


@dataclass
class Bench:
    """A small OTB: an annotation file, and two trackers that drift apart from the target at different paces."""

    folder: Path

    @property
    def annotations(self) -> Path:
        return self.folder / "otb.json"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def dataset(self) -> Dataset:
        return load_dataset(self.annotations, "otb2015")

    def write(self, tracker: str, sequence: str, boxes: np.ndarray) -> None:
        place = self.results / tracker
        place.mkdir(parents=True, exist_ok=True)
        np.savetxt(place / f"{sequence}.txt", boxes, fmt="%.17g", delimiter=",")

    @staticmethod
    def truth(start: float) -> np.ndarray:
        """What the trackers should find, 1-based."""
        return truth(start)

    def score(self, convention: str = "otb-matlab", **options: Any) -> Scores:
        dataset = self.dataset()
        return score(read_results(self.results, dataset), dataset, convention, **options)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path)
    sequences = {}
    for number, (name, attributes) in enumerate({"Car4": ["IV", "SV"], "Dog": ["SV"], "Fish": []}.items()):
        boxes = truth(10.0 + number)
        sequences[name] = {
            "gt_rect": boxes.tolist(),
            "n_frames": LENGTH,
            "attributes": {"matlab_hc": attributes, "pytracking": ["OCC"]},
        }
        for tracker, pace in (("near", 0.4), ("far", 2.0)):
            drift = np.arange(LENGTH)[:, None] * pace * (number + 1) * np.array([1.0, 0, 0, 0])
            bench.write(tracker, name, boxes + drift)
    bench.annotations.write_text(json.dumps({"dataset": "OTB2015", "box": "x,y,w,h; 1-based", "sequences": sequences}))
    return bench


Unpack = Callable[..., Path]


@pytest.fixture(scope="session")
def unpack(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Unpack:
    """unpack("vot2018_official", wanted): a folder with the members of a published archive whose names are wanted."""
    done: dict[tuple[str, Any], Path] = {}

    def do(archive: str, wanted: Callable[[str], bool] = lambda name: True) -> Path:
        key = (archive, wanted)
        if key not in done:
            done[key] = tmp_path_factory.mktemp(archive)
            with tarfile.open(shared / "data/published" / f"{archive}.tar.xz") as packed:
                for member in packed:
                    if member.isfile() and wanted(member.name.removeprefix("./")):
                        packed.extract(member, done[key], filter="data")
        return done[key]

    return do
