"""Our trackers run in got10k's own experiments and give there what they give here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import TrackerError
from siamfc_eval.models.registry import build_model
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker

pytest.importorskip("got10k")

_OTB_NAMES = ("Crossing", "Couple")


@pytest.fixture(scope="module")
def tracker() -> SiamFCTracker:
    torch.manual_seed(0)
    network = build_model("SiamFC", channels=(4, 6, 8, 8, 6), groups=(1, 2, 1, 2, 2))
    return SiamFCTracker("narrow", network, device="cpu")


def test_experiment_otb_writes_the_boxes_of_our_own_loop(
    tmp_path: Path, tracker: SiamFCTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from got10k.datasets import OTB
    from got10k.experiments import ExperimentOTB

    from siamfc_eval.adapters.got10k import Got10kTracker

    # got10k knows OTB's sequences by name and downloads those that are absent: ours take two names, and it must not.
    made = embedded_benchmark(length=6, names=("van-approaches", "disc-spins"))
    renamed = [dataclasses.replace(sequence, name=name) for sequence, name in zip(made, _OTB_NAMES, strict=True)]
    root = render_to_folder(Dataset("otb", tuple(renamed)), tmp_path / "otb", "otb")
    monkeypatch.setattr(OTB, "_download", lambda *_: None)
    ExperimentOTB(str(root), result_dir=str(tmp_path / "results")).run(Got10kTracker(tracker, origin=1))

    dataset = load_dataset(root, "otb")
    assert len(dataset) == 2
    for sequence in dataset:
        assert sequence.frames is not None
        state = tracker.init(sequence.frames[0], sequence.boxes[0])
        boxes = [sequence.boxes[0]]
        for frame in list(sequence.frames)[1:]:
            state, output = tracker.update(state, frame)
            boxes.append(output.region)
        theirs = np.loadtxt(tmp_path / "results" / "OTB2015" / "narrow" / f"{sequence.name}.txt", delimiter=",")
        # got10k writes three decimals.
        np.testing.assert_allclose(theirs, np.array(boxes) + np.array([1, 1, 0, 0]), atol=1e-3)


def test_update_before_init_is_told() -> None:
    from siamfc_eval.adapters.got10k import load_got10k_tracker

    tracker = load_got10k_tracker("static", origin=0)
    with pytest.raises(TrackerError, match="update before init"):
        tracker.update(None)
