"""The example in docs/training.md runs as it stands; only the number of steps and the sizes are cut."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.cli.verbs.train_verb import command

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"

CUT = """
extends = "example"
name = "my-res22"
model = { options = { planes = 4 } }
optimiser = { warmup = 0 }
loop = { steps = 1, batch = 2, workers = 0, cache_mb = 0 }
validation = { frames = 3 }
"""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the material that the example describes: images, and two data sets in OTB's layout."""
    rng = np.random.default_rng(3)
    for folder in (*(f"{part}/{name}/img" for part, name in (("videos", "Bird"), ("held-out", "Cup"))), "photographs"):
        place = tmp_path / "train" / folder
        place.mkdir(parents=True)
        for number in range(1, 5):
            image = cv2.resize(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8), (320, 240))
            cv2.imwrite(str(place / f"{number:04d}.jpg"), image)
        if folder != "photographs":
            (place.parent / "groundtruth_rect.txt").write_text("100,80,60,50\n" * 4)
    return tmp_path


def test_the_example_trains_and_its_tracker_loads(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    (home / "example.toml").write_text(_blocks("toml")[0], encoding="utf-8")
    (home / "my-res22.toml").write_text(CUT, encoding="utf-8")
    lines = [shlex.split(line) for block in _blocks("sh") for line in block.splitlines()]
    (train,) = [line[2:] for line in lines if line[:2] == ["siamfc-eval", "train"]]
    arguments = [word.replace("~", str(home)) for word in train]
    done = CliRunner().invoke(command, [*arguments, "--device", "cpu"], catch_exceptions=False)
    assert done.exit_code == 0
    (run,) = [line for line in lines if line[:2] == ["siamfc-eval", "run"]]
    assert load_tracker(run[run.index("--tracker") + 1], device="cpu").name == "my-res22"
