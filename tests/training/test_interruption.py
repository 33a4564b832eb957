"""A training that is asked to end saves what it has, in whatever it is at work on, and goes on from there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker
from siamfc_eval.training import interruption, loop
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.interruption import Interruption
from siamfc_eval.training.journal import Journal, read_journal
from siamfc_eval.training.loop import SINGLE, Training

VALIDATION = {"every": 3, "source": "crops", "tracks": ["dog"], "frames": 4}


def _asked_twice() -> list[str]:
    """What is reached by work that is asked to end at its start and once more in the middle."""
    reached = []
    with contextlib.suppress(KeyboardInterrupt):
        with Interruption() as request:
            signal.raise_signal(signal.SIGINT)
            reached.append("middle" if request.is_requested else "nothing")
            signal.raise_signal(signal.SIGINT)
            reached.append("end")
        reached.append("after")
    return reached


def test_the_first_request_waits_for_the_end_of_the_work() -> None:
    assert _asked_twice() == ["middle", "end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_request_acts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "ONE_REQUEST", 0.0)
    assert _asked_twice() == ["middle"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interruption() as request:
            signal.raise_signal(signal.SIGTERM)
        assert not request.is_requested
    finally:
        signal.signal(signal.SIGTERM, before)


def _train(declared: dict[str, Any], data: Path, out: Path, interrupted_at: int | None = None) -> Training:
    """A training that ran as far as it was let, from where the folder has it."""

    def observe(step: int, values: dict[str, float]) -> None:
        if step == interrupted_at:
            signal.raise_signal(signal.SIGINT)

    training = Training(TrainingConfiguration.model_validate(declared), data, out, SINGLE, observe)
    training.resume()
    training.run()
    return training


def _equal(first: Path, second: Path) -> None:
    whole, cut = (torch.load(folder / "last.pt", weights_only=True) for folder in (first, second))
    assert whole["step"] == cut["step"]
    for part in ("model", "average"):
        for name, value in whole[part].items():
            assert torch.equal(value, cut[part][name]), f"{part} {name}"


def test_the_same_command_goes_on_from_any_step_also_from_within_a_validation(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared["loop"] = {**declared["loop"], "steps": 4, "log_every": 1, "save_every": 0}
    declared["validation"] = VALIDATION
    _train(declared, training_folder, tmp_path / "whole")
    cut = tmp_path / "cut"
    with pytest.raises(KeyboardInterrupt):
        _train(declared, training_folder, cut, interrupted_at=1)
    assert torch.load(cut / "last.pt", weights_only=True)["step"] == 1

    tracked = SiamFCTracker.update_batch

    def interrupting(self: SiamFCTracker, *arguments: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return tracked(self, *arguments)

    monkeypatch.setattr(SiamFCTracker, "update_batch", interrupting)
    with pytest.raises(KeyboardInterrupt):
        _train(declared, training_folder, cut)
    monkeypatch.undo()
    kept = torch.load(cut / "last.pt", weights_only=True)
    assert (kept["step"], kept["validation_due"]) == (3, True)
    assert not (cut / "best.pt").exists()

    training = _train(declared, training_folder, cut)
    _equal(tmp_path / "whole", cut)
    scores = [
        [(record["step"], record["validation"]) for record in read_journal(folder / "log.jsonl") if "best" in record]
        for folder in (tmp_path / "whole", cut)
    ]
    assert [step for step, _ in scores[1]] == [3, 4]
    assert scores[0] == scores[1]
    assert training.best == pytest.approx(max(score for _, score in scores[1]), abs=1e-6)


def test_without_save_every_the_clock_decides(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared["loop"] = {**declared["loop"], "steps": 3, "save_every": 0}
    written = []
    monkeypatch.setattr(loop, "save_state", lambda state, path: written.append((path.name, state["step"])))
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    _train(declared, training_folder, tmp_path)
    monkeypatch.setattr(loop, "SAVE_SECONDS", 1e6)
    _train(declared, training_folder, tmp_path)
    assert written == [("last.pt", step) for step in (1, 2, 3, 3)]


def test_a_line_that_a_kill_cut_short_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "lo')
    journal = Journal(tmp_path)
    journal.write(2, 0.5, {"loss": 1.0})
    journal.close()
    assert [record["loss"] for record in read_journal(tmp_path / "log.jsonl")] == [2.0, 1.0]


FILE = """
name = "long"
model = { name = "SiamFC", options = { channels = [4, 4, 6, 6, 4] } }
crops = { search = 143 }
sources = [{ name = "stills", kind = "stills", path = "stills" }]
optimiser = { rate = 0.01, clip = 1.0 }
loop = { steps = 1000000, batch = 2, workers = 1, log_every = 1, threads = 1 }
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups are of POSIX")
def test_a_signal_to_the_whole_group_ends_the_program_with_last_pt_written(
    training_folder: Path, tmp_path: Path
) -> None:
    # As Ctrl-C in a terminal and `timeout` do: the process that makes pairs is in the group too.
    (tmp_path / "long.toml").write_text(FILE)
    out = tmp_path / "out"
    arguments = ["train", str(tmp_path / "long.toml"), "--data", str(training_folder), "--out", str(out)]
    program = subprocess.Popen(
        [sys.executable, "-m", "siamfc_eval", *arguments, "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        deadline = time.monotonic() + 240
        log = out / "log.jsonl"
        while not (log.is_file() and log.read_text().count("\n") > 2):
            assert program.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        os.killpg(program.pid, signal.SIGTERM)
        _, complaint = program.communicate(timeout=240)
    finally:
        program.kill()
    assert program.returncode == 128 + signal.SIGTERM, complaint
    assert "Traceback" not in complaint
    step = torch.load(out / "last.pt", weights_only=True)["step"]
    assert f"last.pt has step {step}: the same command continues there" in complaint.replace("\n", " ")
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == list(range(1, step + 1))
