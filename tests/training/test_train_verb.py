"""`siamfc-eval train` trains, continues, and trains in several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from siamfc_eval.cli.train_verb import command
from siamfc_eval.models.checkpoints import load_model

FILE = """
name = "tiny"
model = { name = "SiamFC", options = { channels = [4, 4, 6, 6, 4] } }
crops = { search = 143 }
sources = [{ name = "stills", kind = "stills", path = "stills" }]
loss = { bias = -1.0, batch_negatives = 1.0 }
optimiser = { rate = 0.01, clip = 1.0 }
loop = { steps = 3, batch = 2, workers = 0, log_every = 1, save_every = 1, threads = 1 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A training file."""
    path = tmp_path / "tiny.toml"
    path.write_text(FILE)
    return path


def test_the_verb_leaves_weights_card_and_curves_and_continues(
    file: Path, training_folder: Path, tmp_path: Path
) -> None:
    arguments = [str(file), "--data", str(training_folder), "--out", str(tmp_path / "out"), "--device", "cpu"]
    first = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert first.exit_code == 0
    assert "trained 3 steps" in first.output
    assert load_model(tmp_path / "out" / "tiny.safetensors").options["channels"] == [4, 4, 6, 6, 4]
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"tiny.md", "curves.png", "log.jsonl", "last.pt"}
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "continuing at step 3" in again.output


def test_two_processes_train_one_network(file: Path, training_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["train", str(file), "--data", str(training_folder), "--out", str(out), "--device", "cpu"]
    launched = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launched, "-m", "siamfc_eval", *arguments],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("trained 3 steps") == 1
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [1, 2, 3]
    assert torch.load(out / "last.pt", weights_only=True)["step"] == 3
