"""A training on a graphics card: it learns, tracks what validates, continues, and its weights are anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.distributed import Place
from siamfc_eval.training.export import hand_over
from siamfc_eval.training.journal import read_journal
from siamfc_eval.training.loop import Training

RPN = {"channels": [4, 4, 6, 6, 4], "hidden": 4, "stretched": True}
CHANGES: dict[str, dict[str, Any]] = {
    "responses": {"loop": {"workers": 2}},
    "half": {"loop": {"precision": "float16"}},
    "anchors": {
        "model": {"name": "SiamRPN", "options": RPN},
        "loss": {"box_loss": "giou", "best_anchors": 4, "scores_overlap": True, "hard_negatives": 0.25},
    },
    "bank": {
        "model": {"name": "SiamRPN", "options": RPN},
        "loss": {"box_loss": "giou", "best_anchors": 4},
        "optimiser": {"backbone_from": 8},
        "bank": {"pairs": 20, "margin": 16},
    },
}


@pytest.mark.gpu
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_a_training_on_a_card_validates_continues_and_hands_over(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, changes: dict[str, Any], card: torch.device
) -> None:
    for section, values in changes.items():
        declared[section] = values if section in ("model", "loss") else {**declared.get(section, {}), **values}
    declared["validation"] = {
        "every": 4,
        "frames": 5,
        "source": "crops",
        "tracks": ["dog"],
        "stills": "stills",
        "still_pattern": "[01].jpg",
        "still_clips": 1,
    }
    configuration = TrainingConfiguration.model_validate(declared)
    place = Place(0, 1, card)
    Training(configuration, training_folder, tmp_path, place).run(stop_after=6)
    training = Training(configuration, training_folder, tmp_path, place)
    assert training.resume()
    assert training.step == 4
    training.run()
    assert next(training.model.parameters()).device.type == "cuda"
    records = read_journal(tmp_path / "log.jsonl")
    assert [record["step"] for record in records if "validation" in record] == [4, 8]
    weights, tracker_file, *_ = hand_over(training)
    assert load_model(weights).name == configuration.model.name
    assert load_tracker(str(tracker_file), device="cpu").name == "tiny"
