"""A small training folder: three tracks of crops, six stills, and a configuration that trains on it in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from siamfc_eval.training.configuration import TrainingConfiguration


def _texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    coarse = rng.integers(0, 256, (height // 12 + 1, width // 12 + 1, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def training_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`crops/` with an index, and `stills/`."""
    root = tmp_path_factory.mktemp("train")
    rng = np.random.default_rng(7)
    sequences: dict[str, list[tuple[str, float, float]]] = {}
    for track in ("ball", "car", "dog"):
        folder = root / "crops" / track
        folder.mkdir(parents=True)
        target = _texture(rng, 60, 60)
        rows = []
        for number in range(0, 24, 2):
            image = _texture(rng, 287, 287)
            image[114:174, 114:174] = target
            cv2.imwrite(str(folder / f"{number:06d}.jpg"), image)
            rows.append((f"{number:06d}.jpg", 60.0, 60.0))
        sequences[track] = rows
    (root / "crops" / "index.json").write_text(json.dumps({"crop_size": 287, "sequences": sequences}))
    (root / "stills").mkdir()
    for number in range(6):
        cv2.imwrite(str(root / "stills" / f"{number}.jpg"), _texture(rng, 160, 200))
    return root


@pytest.fixture
def declared() -> dict[str, Any]:
    """The values of a small training file, to be changed by tests."""
    return {
        "name": "tiny",
        "model": {"name": "SiamFC", "options": {"channels": [4, 4, 6, 6, 4], "scale": 0.05}},
        "crops": {"search": 143},
        "sources": [
            {"name": "crops", "kind": "crops", "path": "crops", "weight": 0.5, "gap": 8},
            {"name": "stills", "kind": "stills", "path": "stills", "weight": 0.5},
        ],
        "loss": {"bias": -1.0, "batch_negatives": 1.0},
        "optimiser": {"rate": 0.02, "warmup": 2, "clip": 10.0},
        "loop": {"steps": 8, "batch": 4, "workers": 0, "average": 0.9, "log_every": 2, "save_every": 4},
    }


@pytest.fixture
def configuration(declared: dict[str, Any]) -> TrainingConfiguration:
    """A small training."""
    return TrainingConfiguration.model_validate(declared)
