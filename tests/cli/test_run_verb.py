"""`siamfc-eval run`, as a user meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from siamfc_eval.cli.verbs.run_verb import command
from siamfc_eval.cli.verbs.score_verb import command as score_command
from siamfc_eval.errors import InputError, UnknownNameError

EXPERIMENT = """
description = "two short sequences"
dataset = "embedded"
conventions = ["otb-matlab"]
trackers = ["static"]

[dataset_options]
length = 12
size = [160, 120]
names = ["disc-spins", "kite-dives"]

[[protocols]]
kind = "ope"
"""

SLOW_TRACKER = """
import time

class Slow:
    name = "slow"
    is_deterministic = True

    def init(self, image, box):
        self.box = box

    def update(self, image):
        time.sleep(0.15)
        return self.box

class Broken(Slow):
    name = "broken"

    def update(self, image):
        raise RuntimeError("out of targets")
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """An experiment of two short synthetic sequences."""
    path = tmp_path / "short.toml"
    path.write_text(EXPERIMENT)
    return path


def _run(experiment: Path, *arguments: str) -> Result:
    options = ["--out", str(experiment.parent / "runs"), *arguments]
    return CliRunner().invoke(command, [str(experiment), *options], standalone_mode=False)


def test_a_run_ends_with_a_ranking_the_place_of_the_results_and_the_next_command(experiment: Path) -> None:
    result = _run(experiment)
    assert result.exception is None
    assert result.return_value == 0
    assert "Ranking" in result.stdout
    assert "AUC" in result.stdout
    assert f"next: siamfc-eval report {experiment.parent / 'runs' / 'synthetic'}" in result.stdout
    assert (experiment.parent / "runs/synthetic/static/disc-spins.txt").is_file()


def test_a_report_of_what_was_run_is_written_where_it_is_asked_for(experiment: Path) -> None:
    result = _run(experiment, "--tracker", "static", "--report", "--no-score")
    page = experiment.parent / "runs/synthetic/report/report.html"
    assert result.return_value == 0
    assert f"report: {page}" in result.stdout
    assert "static" in page.read_text(encoding="utf-8")


def test_results_on_a_shortened_benchmark_are_scored_on_it_later(experiment: Path) -> None:
    _run(experiment, "--tracker", "static", "--no-score")
    folder = experiment.parent / "runs/synthetic"
    result = CliRunner().invoke(score_command, [str(folder), "--json"], standalone_mode=False)
    assert result.exception is None
    assert set(json.loads(result.stdout)["trackers"]["static"]["sequences"]) == {"disc-spins", "kite-dives"}


def test_what_was_assumed_of_the_weights_is_printed(experiment: Path) -> None:
    import torch

    from siamfc_eval.models.registry import build_model

    weights = experiment.parent / "narrow.pth"
    plain = build_model("SiamFC", channels=(4, 6, 8, 8, 6)).state_dict()
    torch.save({"state_dict": plain, "ema": plain}, weights)
    options = ("--tracker", "siamfc", "--weights", str(weights), "--device", "cpu", "--sequence", "disc-spins")
    result = _run(experiment, *options, "--no-score", "--fresh")
    assert result.return_value == 0
    assert f"siamfc: {weights}: taken: 'state_dict'; the file also holds weights under 'ema'" in result.stderr
    chosen = _run(experiment, *options, "--weights-key", "ema", "--json", "--fresh")
    assert json.loads(chosen.stdout)["notes"] == []


def test_a_second_run_keeps_what_is_there(experiment: Path) -> None:
    _run(experiment, "--no-score")
    assert "are there already" in _run(experiment, "--no-score").stderr


def test_json_is_all_that_is_printed(experiment: Path) -> None:
    plain = json.loads(_run(experiment, "--json").stdout)
    assert plain["exit_code"] == 0
    assert [(run["tracker"], run["protocol"], run["ran"]) for run in plain["runs"]] == [("static", "ope", 2)]


def test_a_tracker_that_fails_gives_exit_code_3_and_its_cause(experiment: Path) -> None:
    script = experiment.parent / "mine.py"
    script.write_text(SLOW_TRACKER)
    result = _run(experiment, "--tracker", f"{script}:Broken", "--tracker", "static", "--lanes", "1")
    assert result.return_value == 3
    assert "out of targets" in result.stderr
    assert (experiment.parent / "runs/synthetic/static/disc-spins.txt").is_file()


def test_unknown_names_are_answered_with_near_ones(experiment: Path) -> None:
    assert isinstance(_run(experiment, "--tracker", "statik").exception, UnknownNameError)
    result = CliRunner().invoke(command, ["embeded"], standalone_mode=False)
    assert "Did you mean embedded" in str(result.exception)


def test_a_benchmark_without_images_says_what_to_give(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        command, ["otb2015", "--tracker", "static", "--out", str(tmp_path)], standalone_mode=False
    )
    assert isinstance(result.exception, InputError)
    assert "--data" in str(result.exception)


def test_every_protocol_is_run_and_scored(tmp_path: Path) -> None:
    conventions = {
        "ope": "otb-matlab",
        "tre": "otb-tre",
        "sre": "otb-sre",
        "supervised": "vot-official",
        "realtime": "",
        "unsupervised": "vot-official-ao",
        "multi-start": "vot-multistart",
        "long-term": "vot-longterm",
    }
    head, _, _ = EXPERIMENT.partition("[[protocols]]")
    names = json.dumps([name for name in conventions.values() if name])
    path = tmp_path / "all.toml"
    path.write_text(
        head.replace('["otb-matlab"]', names).replace("length = 12", "length = 30")
        + "".join(f'[[protocols]]\nkind = "{kind}"\n' for kind in conventions)
    )
    result = _run(path)
    assert result.exception is None
    assert result.return_value == 0
    assert "not scored" not in result.stderr
    for kind, convention in conventions.items():
        assert f"{kind}, by the rules of {convention or 'vot-official'}" in result.stdout


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_run_that_is_ended_loses_the_item_in_flight_at_most(experiment: Path, end: signal.Signals) -> None:
    script = experiment.parent / "mine.py"
    script.write_text(SLOW_TRACKER)
    out = experiment.parent / "runs"
    arguments = [str(experiment), "--tracker", f"{script}:Slow", "--out", str(out), "--lanes", "1", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "siamfc_eval", "run", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background jobs, and what they start, ignore SIGINT; a user's terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    deadline = time.monotonic() + 60
    while not (found := list(out.rglob("disc-spins.txt"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(end)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (-end if end == signal.SIGKILL else 128 + end)
    assert end == signal.SIGKILL or "interrupted; what was finished is kept" in said
    assert found
    assert not list(out.rglob("kite-dives.txt")), "it was ended in time"
    before = found[0].read_bytes()
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    [run] = json.loads(result.stdout)["runs"]
    assert (run["ran"], run["kept"]) == (1, 1)
    assert found[0].read_bytes() == before
    assert all(status["seed"] for path in out.rglob("manifest.json") for status in _items(path).values())


def _items(manifest: Path) -> dict[str, dict[str, Any]]:
    items: dict[str, dict[str, Any]] = json.loads(manifest.read_text())["items"]
    return items
