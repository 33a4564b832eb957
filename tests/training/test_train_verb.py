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

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.cli.verbs import train_verb
from siamfc_eval.cli.verbs.train_verb import command
from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.tracking.families.siamese.inference import resolve_device

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
    tracker = load_tracker(str(tmp_path / "out" / "tiny.toml"), device="cpu")
    assert tracker.name == "tiny"
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"tiny.md", "curves.png", "log.jsonl", "last.pt"}
    damaged = bytearray((tmp_path / "out" / "tiny.safetensors").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "damaged.safetensors").write_bytes(damaged)
    with pytest.raises(InputError, match="its tensors are not those that were written"):
        load_model(tmp_path / "damaged.safetensors")
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "continuing at step 3" in again.output


def test_workers_of_the_command_line_make_the_same_pairs(
    file: Path, training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for name, more, much in (("file", [], 0.0), ("option", ["--workers", "1"], 1.0)):
        monkeypatch.setattr(train_verb, "MUCH", much)
        out = tmp_path / name
        arguments = [str(file), "--data", str(training_folder), "--out", str(out), "--device", "cpu", *more]
        done = CliRunner().invoke(command, arguments, catch_exceptions=False)
        assert done.exit_code == 0
        assert ("(--workers 0 made them; try more)" in done.stderr) == (not more)
        losses.append([json.loads(line)["loss"] for line in (out / "log.jsonl").read_text().splitlines()])
    assert losses[0] == losses[1]


def _train_in_two_processes(program: list[str]) -> subprocess.CompletedProcess[str]:
    launched = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*launched, *program],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_two_processes_train_one_network(file: Path, training_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["train", str(file), "--data", str(training_folder), "--out", str(out), "--device", "cpu"]
    done = _train_in_two_processes(["-m", "siamfc_eval", *arguments])
    assert done.stdout.count("trained 3 steps") == 1
    records = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [1, 2, 3]
    assert torch.load(out / "last.pt", weights_only=True)["step"] == 3


THREADS = """
import sys
from pathlib import Path

from siamfc_eval.training.configuration import read_configuration
from siamfc_eval.training.distributed import joined
from siamfc_eval.training.loop import Training

def report(place, moment):
    names = [(thread / "comm").read_text() for thread in Path("/proc/self/task").iterdir()]
    with Path(sys.argv[4], f"{moment}-{place.rank}").open("x") as file:
        file.write(str(sum("gloo" in name for name in names)))

with joined("cpu") as place:
    run = Training(read_configuration(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]), place)
    run.run()
    report(place, "inside")
report(place, "after")
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads in /proc, which only Linux has")
def test_no_thread_of_the_process_group_outlives_it(file: Path, training_folder: Path, tmp_path: Path) -> None:
    # One that does can abort its process when the interpreter ends, after the training succeeded.
    program = tmp_path / "threads.py"
    program.write_text(THREADS)
    counts = tmp_path / "counts"  # A file each: the lines of two processes may run into one another.
    counts.mkdir()
    _train_in_two_processes([str(program), str(file), str(training_folder), str(tmp_path / "out"), str(counts)])
    found = {path.name: int(path.read_text()) for path in counts.iterdir()}
    assert found["inside-0"] > 0
    assert found["inside-1"] > 0
    assert found["after-0"] == found["after-1"] == 0


def test_a_device_that_is_not_there_is_refused_as_run_refuses_it(file: Path, training_folder: Path) -> None:
    arguments = [str(file), "--data", str(training_folder), "--device", "toaster"]
    outcome = CliRunner().invoke(command, arguments)
    assert isinstance(outcome.exception, InputError)
    with pytest.raises(InputError) as refused:
        resolve_device("toaster")
    assert str(outcome.exception) == str(refused.value)


def test_the_tracker_file_never_takes_the_place_of_the_training_file(file: Path, training_folder: Path) -> None:
    outcome = CliRunner().invoke(command, [str(file), "--data", str(training_folder), "--out", str(file.parent)])
    assert isinstance(outcome.exception, InputError)
    assert "Give another --out" in str(outcome.exception)
    assert file.read_text() == FILE
