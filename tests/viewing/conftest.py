"""Two drawn sequences as image files, and what two trackers did on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import siamfc_eval as se
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.synthetic.benchmark import embedded_benchmark

HOSTILE = "b</script><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sequence of thirty frames as image files."""
    drawn = embedded_benchmark(length=30, names=("ball-dashes", "jelly-drifts"))
    return render_to_folder(drawn, tmp_path_factory.mktemp("data"), "vot")


@pytest.fixture(scope="module")
def results(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracker that is right, and one with a hostile name that loses the target in the 21st frame."""
    folder = tmp_path_factory.mktemp("results")
    for name, lost in (("a", 99), (HOSTILE.replace("/", "\u2215"), 20)):
        (folder / name).mkdir()
        for sequence in se.load_dataset(data):
            boxes = sequence.boxes.copy()
            boxes[lost:, 0] += 5000.0
            np.savetxt(folder / name / f"{sequence.name}.txt", boxes, delimiter=",")
    return folder
