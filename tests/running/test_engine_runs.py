"""A run says what computed its network, and goes on with nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.synthetic.benchmark import embedded_benchmark

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
EXPERIMENT = parse_experiment({"name": "x", "protocols": [{"kind": "ope"}]}, "here")


def test_engine_and_precision_are_in_the_manifest_and_a_run_keeps_to_them(tmp_path: Path) -> None:
    dataset = embedded_benchmark(length=2, names=("disc-spins",))

    def run(engine: str | None = None) -> None:
        options = RunOptions.of(device="cpu", engine=engine)
        run_experiment(EXPERIMENT, ["siamfc-slim"], dataset, tmp_path, options=options)

    run("onnxruntime")
    (manifest,) = tmp_path.rglob("manifest.json")
    written = json.loads(manifest.read_text(encoding="utf-8"))
    assert (written["settings"]["engine"], written["settings"]["precision"]) == ("onnxruntime", "float32")
    assert written["identity"]["tracker.engine"] == "onnxruntime"
    run("onnxruntime")
    with pytest.raises(InputError, match=r"tracker\.engine"):
        run()


def test_a_run_without_an_engine_is_torchs_and_the_same_tracker_as_before(tmp_path: Path) -> None:
    dataset = embedded_benchmark(length=2, names=("disc-spins",))
    options = RunOptions.of(device="cpu", engine="auto", precision="float32")
    run_experiment(EXPERIMENT, ["siamfc-slim"], dataset, tmp_path, options=options)
    (manifest,) = tmp_path.rglob("manifest.json")
    written = json.loads(manifest.read_text(encoding="utf-8"))
    assert (written["settings"]["engine"], written["settings"]["precision"]) == ("torch", "float32")
    assert "tracker.engine" not in written["identity"]
    assert "tracker.precision" not in written["identity"]
