"""What a run over TraX leaves behind when its tracker misbehaves, and what users can set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("trax", reason="vot-trax is not installed (extra 'trax')")

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.adapters.trax_client import TraxTracker
from siamfc_eval.datasets.synthetic import embedded_benchmark
from siamfc_eval.errors import InputError
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment

SCRIPT = Path(__file__).parent / "trax_trackers" / "misbehaving.py"
COMMAND = f'"{sys.executable}" "{SCRIPT}"'
EXPERIMENT = parse_experiment({"name": "one pass", "dataset": "embedded", "protocols": [{"kind": "ope"}]}, "test")


def test_a_crashing_tracker_fails_its_runs_is_restarted_and_noted(tmp_path: Path) -> None:
    dataset = embedded_benchmark(length=5, names=("ball-dashes", "jelly-drifts", "disc-spins"))
    tracker = TraxTracker(f"{COMMAND} dies-in-frame", "crashing")
    summary = run_experiment(EXPERIMENT, [tracker], dataset, tmp_path, options=RunOptions(lanes=1))
    assert summary.exit_code == 3
    assert len(summary.failures) == 3
    assert all("exit code 5" in failure.error for failure in summary.failures)
    assert summary.protocols[0].restarts == 2
    assert any("started again 2 times" in note for note in summary.notes)
    assert not list(tmp_path.rglob("*.txt"))
    # The same command, repaired, finishes what is missing.
    healthy = TraxTracker(f"{COMMAND} none", "crashing")
    again = run_experiment(EXPERIMENT, [healthy], dataset, tmp_path, options=RunOptions(lanes=1))
    assert again.exit_code == 0
    assert again.protocols[0].ran == 3
    assert not again.notes


def test_time_outs_and_the_folder_of_logs_are_set_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_TIMEOUT", "7.5")
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_LOGS", str(tmp_path / "logs"))
    tracker = load_tracker(f"trax:{COMMAND} none")
    assert isinstance(tracker, TraxTracker)
    limits = tracker.timeouts
    assert (limits.hello, limits.initialize, limits.frame) == (7.5, 7.5, 7.5)
    sequence = embedded_benchmark(length=2, names=("ball-dashes",)).sequences[0]
    assert sequence.frames is not None
    tracker.init(sequence.frames[0], sequence.boxes[0])
    tracker.close()
    (log,) = (tmp_path / "logs").iterdir()
    assert "about to show the fault none" in log.read_text()


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_time_out_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_TRAX_TIMEOUT", value)
    with pytest.raises(InputError, match=f"SIAMFC_EVAL_TRAX_TIMEOUT={value}"):
        load_tracker("trax:anything")
