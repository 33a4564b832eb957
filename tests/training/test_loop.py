"""A training learns, stops, continues and says what went wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from siamfc_eval.errors import IncompleteError, InputError
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.models.preprocessing import Preprocessing
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model
from siamfc_eval.tracking.catalogue import read_catalogue
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.export import hand_over
from siamfc_eval.training.journal import read_journal
from siamfc_eval.training.loop import Training


def _weights(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "last.pt", weights_only=True)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimiser": {"schedule": "cosine", "warmup": 3, "backbone_from": 3, "backbone_rate": 0.1}},
        {"loop": {"accumulate": 2, "workers": 1}},
        {"optimiser": {"kind": "adamw", "rate": 0.001}},
    ],
    ids=["plain", "frozen-backbone", "accumulated-in-a-worker", "adamw"],
)
def test_a_killed_training_resumes_to_the_weights_of_the_uninterrupted_one(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    for section, values in changes.items():
        declared[section] = {**declared[section], **values}
    configuration = TrainingConfiguration.model_validate(declared)
    Training(configuration, training_folder, tmp_path / "whole").run()
    Training(configuration, training_folder, tmp_path / "cut").run(stop_after=6)
    again = Training(configuration, training_folder, tmp_path / "cut")
    assert again.resume()
    assert again.step == 4
    again.run()
    whole, cut = _weights(tmp_path / "whole"), _weights(tmp_path / "cut")
    for part in ("model", "average", "objective"):
        for name, value in whole[part].items():
            assert torch.equal(value, cut[part][name]), f"{part} {name}"


def test_the_loss_falls(declared: dict[str, Any], training_folder: Path, tmp_path: Path) -> None:
    declared["loop"] = {**declared["loop"], "steps": 60, "log_every": 20}
    declared["optimiser"] = {"rate": 0.03, "schedule": "cosine", "clip": 10.0}
    declared["augmentation"] = dict.fromkeys(("background", "distractor", "occlusion", "bend", "rotation", "zoom"), 0.0)
    declared["photometric"] = dict.fromkeys(
        ("brightness", "contrast", "gamma", "colour", "blur", "low_resolution"), 0.0
    )
    Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).run()
    losses = [record["loss"] for record in read_journal(tmp_path / "log.jsonl") if "loss" in record]
    assert losses[-1] < 0.9 * losses[0]


def test_a_frozen_backbone_stays_and_is_released_on_time(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    declared["optimiser"] = {**declared["optimiser"], "backbone_from": 4}
    training = Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path)
    before = {name: value.clone() for name, value in training.model.backbone.state_dict().items()}
    training.run(stop_after=4)
    assert all(torch.equal(value, before[name]) for name, value in training.model.backbone.state_dict().items())
    training.run(stop_after=5)
    assert not torch.equal(training.model.backbone.state_dict()["conv1.0.weight"], before["conv1.0.weight"])


def test_the_best_checkpoint_is_chosen_by_tracking_and_handed_over(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    declared["validation"] = {
        "every": 4,
        "source": "crops",
        "tracks": ["dog"],
        "stills": "stills",
        "still_pattern": "[45].jpg",
        "still_clips": 1,
        "frames": 4,
    }
    training = Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path)
    sampled = {track.name for source in training.sampler.sources for track in source.material.tracks}
    stills = {path.name for source in training.sampler.sources for path in source.material.stills}
    assert sampled == {"ball", "car"}
    assert not stills & {"4.jpg", "5.jpg"}
    training.run()
    scores = [record["validation"] for record in read_journal(tmp_path / "log.jsonl") if "validation" in record]
    assert len(scores) == 2
    assert training.best == pytest.approx(max(scores), abs=1e-6)
    weights, tracker, card, page, curves = hand_over(training)
    model = load_model(weights)
    assert model.name == "SiamFC"
    assert model.options["channels"] == [4, 4, 6, 6, 4]
    assert read_catalogue(str(tracker)).definition.weights == "tiny.safetensors"
    assert "dog" in card.read_text()
    assert "dog" in page.read_text()
    assert "Validation: mean overlap" in page.read_text()
    assert curves.stat().st_size > 0


def test_a_network_trained_on_is_handed_over_with_the_options_and_preprocessing_of_its_start(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    start = build_model("SiamFC", channels=[4, 4, 6, 6, 4], scale=0.07)
    start.set_preprocessing(Preprocessing(order="BGR"))
    save_model(start, tmp_path / "start.safetensors")
    declared["model"] = {"name": "SiamFC", "weights": str(tmp_path / "start.safetensors")}
    declared["loop"] = {**declared["loop"], "steps": 1}
    declared["optimiser"] = {"rate": 0.001}
    training = Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path / "out")
    training.run()
    weights, _, card, *_ = hand_over(training)
    model = load_model(weights)
    assert model.preprocessing.order == "BGR"
    assert model.options["scale"] == 0.07
    assert "0.07" in card.read_text()


def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_batch(
    configuration: TrainingConfiguration, training_folder: Path, tmp_path: Path
) -> None:
    training = Training(configuration, training_folder, tmp_path)
    with torch.no_grad():
        next(training.model.parameters()).fill_(float("nan"))
    with pytest.raises(IncompleteError, match=r"nan at step 0.*nan-batch\.pt"):
        training.run()
    kept = torch.load(tmp_path / "nan-batch.pt", weights_only=True)
    assert kept["batch"]["exemplars"].shape == (4, 3, 127, 127)


def test_broken_images_are_named_and_skipped_up_to_a_limit(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(training_folder, data)
    for number in (0, 1):
        (data / "stills" / f"{number}.jpg").write_bytes(b"not a picture")
    Training(TrainingConfiguration.model_validate(declared), data, tmp_path / "tolerant").run()
    notes = [
        json.loads(line).get("note", "") for line in (tmp_path / "tolerant" / "log.jsonl").read_text().splitlines()
    ]
    assert sum("skipped" in note and ("0.jpg" in note or "1.jpg" in note) for note in notes) == 2
    declared["loop"] = {**declared["loop"], "broken_limit": 1}
    strict = Training(TrainingConfiguration.model_validate(declared), data, tmp_path / "strict")
    with pytest.raises(InputError, match=r"2 training images cannot be read, more than loop.broken_limit 1"):
        strict.run()


def test_a_checkpoint_of_another_configuration_is_refused(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    declared["loop"] = {**declared["loop"], "steps": 4}
    Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).run()
    declared["model"]["options"]["channels"] = [4, 4, 6, 6, 8]
    with pytest.raises(InputError, match="a checkpoint of another training, it differs in model"):
        Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).resume()


def test_worker_count_and_logging_may_change_when_resuming(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).run(stop_after=5)
    declared["loop"] = {**declared["loop"], "cache_mb": 1, "log_every": 1, "threads": 1}
    assert Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).resume()


def test_reduced_precision_trains(declared: dict[str, Any], training_folder: Path, tmp_path: Path) -> None:
    declared["loop"] = {**declared["loop"], "steps": 3, "precision": "bfloat16"}
    Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path).run()
    assert _weights(tmp_path)["step"] == 3


def test_a_teacher_is_imitated_and_neither_learns_nor_is_saved(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    declared["loss"] = {"bias": -1.0, "teacher": "siamfc-slim", "teacher_weight": 5.0}
    declared["loop"] = {**declared["loop"], "steps": 80, "log_every": 10}
    training = Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path)
    held: Any = training.objective._teacher
    (teacher,) = held
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    training.run()
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert set(_weights(tmp_path)["objective"]) == {"bias"}
    lessons = [record["teacher"] for record in read_journal(tmp_path / "log.jsonl") if "teacher" in record]
    assert lessons[-1] < 0.9 * lessons[0]


def test_a_teacher_with_other_responses_is_refused(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    pool = {**declared["model"]["options"], "pool2_stride": 1}
    declared["model"] = {"name": "SiamFC", "options": pool}
    declared["loss"] = {"teacher": "siamfc-slim"}
    training = Training(TrainingConfiguration.model_validate(declared), training_folder, tmp_path)
    with pytest.raises(InputError, match="must be alike"):
        training.run()
