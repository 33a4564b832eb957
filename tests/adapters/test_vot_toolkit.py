"""The official vot-toolkit runs our trackers and foreign ones, and finds what our own runner and scores find."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("trax", reason="vot-trax is not installed (extra 'dev')")

from siamfc_eval.adapters.trax.client import TraxTimeouts, TraxTracker
from siamfc_eval.adapters.workspace import write_workspace
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.scoring import score
from siamfc_eval.metrics.vot.years import eao_interval
from siamfc_eval.results.raw import RawResults
from siamfc_eval.results.read import read_results
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.synthetic.benchmark import embedded_benchmark

pytestmark = [pytest.mark.peers, pytest.mark.shared]

REPETITIONS = 2
STACK = """\
title: Supervised only
experiments:
  baseline:
    type: supervised
    repetitions: {repetitions}
    skip_initialize: 5
    analyses:
      - type: supervised_average_ar
        sensitivity: 30
      - type: supervised_eao_score
        low: {low}
        high: {high}
"""
SUPERVISED = {"kind": "supervised", "repetitions": REPETITIONS, "failure": "vot-toolkit"}
TRACKERS = {
    "slim": f'"{sys.executable}" -m siamfc_eval trax siamfc-slim --device cpu',
    "drifting": f'"{sys.executable}" "{Path(__file__).parent / "trax_trackers" / "drifting.py"}" 1.5',
}
FRAMES = 70
WIRE_PRECISION = 0.1
"""Pixels: the start is rounded to four decimals, and a tracker feeds its answers back into its next search."""


EAO_PRECISION = 1e-6
"""The toolkit sums the curve in float32."""


@dataclass(frozen=True)
class Both:
    """The same experiment, run and scored by the toolkit and by us."""

    dataset: Dataset
    theirs: RawResults
    ours: RawResults
    analysis: dict[str, tuple[float, float, float]]
    """Tracker -> EAO, accuracy, robustness, as the toolkit found them."""


@pytest.fixture(scope="module")
def both(vot_toolkit: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    root = tmp_path_factory.mktemp("vot")
    dataset = _dataset(shared, root / "data")
    workspace = write_workspace(root / "workspace", dataset, [f"{name}={words}" for name, words in TRACKERS.items()])
    low, high, _ = eao_interval(dataset)
    (workspace / "stack.yaml").write_text(STACK.format(repetitions=REPETITIONS, low=low, high=high))
    (workspace / "config.yaml").write_text("registry:\n- ./trackers.ini\nstack: ./stack.yaml\n")
    _run(vot_toolkit, "evaluate", "--workspace", str(workspace), *TRACKERS)
    _run(vot_toolkit, "analyze", "--workspace", str(workspace), "--format", "json", "--name", "found", *TRACKERS)
    experiment = parse_experiment({"name": "peer", "protocols": [SUPERVISED]}, "peer")
    patient = TraxTimeouts(hello=280.0, initialize=120.0, frame=120.0)
    trackers = [TraxTracker(words, name, timeouts=patient) for name, words in TRACKERS.items()]
    summary = run_experiment(experiment, trackers, dataset, root / "runs", options=RunOptions(lanes=1))
    assert summary.exit_code == 0, summary.failures
    return Both(
        dataset,
        read_results(workspace / "results", dataset, protocol="baseline"),
        read_results(summary.out, dataset, protocol="baseline"),
        _analysis(workspace / "analysis" / "found.json"),
    )


def _dataset(shared: Path, folder: Path) -> Dataset:
    """The beginning of the real sequence and two drawn ones, read from files."""
    bag = load_dataset(shared / "data" / "sequences" / "VOT2018_bag").sequences[0]
    assert bag.frames is not None
    assert bag.regions is not None
    bag = replace(
        bag,
        name="bag",
        frames=bag.frames[:FRAMES],
        boxes=bag.boxes[:FRAMES],
        regions=bag.regions[:FRAMES],
        tags={tag: values[:FRAMES] for tag, values in bag.tags.items()},
    )
    drawn = embedded_benchmark(length=40, names=("ball-dashes", "jelly-drifts"))
    return Dataset("mixed", (bag, *load_dataset(render_to_folder(drawn, folder, "vot"))), "vot")


def _run(command: Path, *words: str) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(command), *words], capture_output=True, text=True, env=environment, timeout=400, check=False
    )
    # The toolkit's exit code is 0 even where a tracker could not be run.
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "rror" not in done.stdout + done.stderr, done.stdout[-3000:] + done.stderr[-3000:]


def _analysis(path: Path) -> dict[str, tuple[float, float, float]]:
    found = json.loads(path.read_text())
    averages, scores = found["results"]["baseline"]["results"]
    return {
        name: (scores[row][0], averages[row][0], averages[row][1]) for row, name in enumerate(found["trackers"].keys())
    }


@pytest.mark.parametrize("tracker", TRACKERS)
def test_both_runs_are_identical_region_by_region(both: Both, tracker: str) -> None:
    for sequence in both.dataset:
        theirs = both.theirs[tracker].runs[sequence.name]
        ours = both.ours[tracker].runs[sequence.name]
        assert len(theirs) == len(ours) == REPETITIONS
        for their, our in zip(theirs, ours, strict=True):
            assert np.array_equal(their.trajectory().codes, our.trajectory().codes)
            assert np.array_equal(their.trajectory().boxes(), our.trajectory().boxes(), equal_nan=True)
            told = np.asarray(our.trajectory().confidences), np.asarray(their.trajectory().confidences)
            reported = our.trajectory().codes == -1
            np.testing.assert_allclose(told[0][reported], told[1][reported], rtol=1e-6)


def test_the_foreign_tracker_was_reset_and_ours_moved(both: Both) -> None:
    lost = [run.trajectory().codes for runs in both.ours["drifting"].runs.values() for run in runs]
    assert sum(int((codes == 2).sum()) for codes in lost) >= 3
    followed = both.ours["slim"].runs["bag"][0].trajectory().boxes()
    assert np.nanstd(followed[:, :2]) > 1


@pytest.mark.parametrize("tracker", TRACKERS)
@pytest.mark.parametrize("results", ["theirs", "ours"])
def test_our_scores_are_the_toolkits_own(both: Both, tracker: str, results: str) -> None:
    found = score(getattr(both, results), both.dataset, "vot-toolkit").trackers[tracker].values
    eao, accuracy, robustness = both.analysis[tracker]
    assert found["eao"] == pytest.approx(eao, abs=EAO_PRECISION)
    assert found["accuracy"] == pytest.approx(accuracy, abs=1e-9)
    assert found["robustness"] == pytest.approx(robustness, abs=1e-9)


def test_our_tracker_answers_over_the_wire_as_in_process(both: Both, tmp_path: Path) -> None:
    """The wire carries four decimals, so answers drift apart a little in the course of a run, and no more."""
    experiment = parse_experiment({"name": "peer", "protocols": [SUPERVISED | {"repetitions": 1}]}, "peer")
    summary = run_experiment(
        experiment, ["siamfc-slim"], both.dataset, tmp_path, options=RunOptions.of(device="cpu", lanes=1)
    )
    inside = read_results(summary.out, both.dataset, protocol="baseline")["siamfc-slim"]
    for sequence in both.dataset:
        wire = both.theirs["slim"].runs[sequence.name][0].trajectory()
        own = inside.runs[sequence.name][0].trajectory()
        assert np.array_equal(wire.codes, own.codes)
        np.testing.assert_allclose(wire.boxes(), own.boxes(), atol=WIRE_PRECISION)
