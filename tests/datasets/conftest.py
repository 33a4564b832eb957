"""Small data sets on disk, in every layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.synthetic.benchmark import embedded_benchmark

MakeImages = Callable[..., Path]
Write = Callable[[Path, str], Path]

_JPEG = cv2.imencode(".jpg", np.full((24, 32, 3), 90, dtype=np.uint8))[1].tobytes()


@pytest.fixture
def make_images() -> MakeImages:
    """make_images(folder, 1, 5, "{:04d}.jpg"): a folder with images 1 to 5, each 32 x 24 pixels."""

    def make(folder: Path, first: int, last: int, name: str = "{:08d}.jpg") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(first, last + 1):
            (folder / name.format(number)).write_bytes(_JPEG)
        return folder

    return make


@pytest.fixture
def write() -> Write:
    """write(path, text): a text file, with its folders."""

    def do(path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return do


@pytest.fixture(scope="session")
def small_benchmark() -> Dataset:
    """Two synthetic sequences of six small frames."""
    return embedded_benchmark(size=(96, 72), length=6, names=("disc-spins", "twins-meet"))
