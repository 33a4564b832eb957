"""A bank of features: the pairs of a frozen backbone, computed once, learned from exactly as from images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model
from siamfc_eval.training.building import build_sampler
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.data.bank import FeatureBank, Windows
from siamfc_eval.training.export import hand_over
from siamfc_eval.training.interruption import Interruption
from siamfc_eval.training.journal import read_journal
from siamfc_eval.training.loop import Training

OPTIONS = {"channels": [4, 4, 6, 6, 4], "hidden": 4}


@pytest.fixture
def banked(declared: dict[str, Any]) -> dict[str, Any]:
    """A small training of a SiamRPN's head from 20 pairs."""
    declared["model"] = {"name": "SiamRPN", "options": OPTIONS}
    declared["loss"] = {"box_loss": "giou", "best_anchors": 4}
    declared["optimiser"] = {**declared["optimiser"], "backbone_from": 8}
    declared["bank"] = {"pairs": 20, "margin": 16}
    return declared


def _training(values: dict[str, Any], data: Path, out: Path) -> Training:
    return Training(TrainingConfiguration.model_validate(values), data, out)


def _bank(training: Training) -> FeatureBank:
    bank = training._bank()
    assert bank is not None
    return bank


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SiamRPN", OPTIONS),
        ("SiamRPNVGG", {"channels": 2, "has_norm": True, "hidden": 4}),
        ("SiamRPNRes22", {"planes": 4, "hidden": 4}),
        ("SiamRPNIncep22", {"planes": 4, "hidden": 4}),
        ("SiamRPNResNeXt22", {"planes": 4, "hidden": 4}),
    ],
)
def test_a_window_of_the_bank_is_what_the_network_makes_of_the_shifted_crop(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    banked["model"] = {"name": name, "options": options}
    banked["bank"]["pairs"] = 6
    training = _training(banked, training_folder, tmp_path)
    batch = _bank(training).batch(0, 6)
    images = [training.sampler.pair(number) for number in range(6)]
    assert sorted(batch.sizes[:, 0].tolist()) == pytest.approx(sorted(pair.size[0] for pair in images))
    seen = set()
    for row in range(6):
        pair = min(images, key=lambda pair: abs(pair.size[0] - float(batch.sizes[row, 0])))
        shift = (np.array(pair.centre) + 8.0 - batch.centres[row].numpy()) / 8.0
        x, y = (round(float(value)) for value in shift)
        assert shift == pytest.approx([x, y], abs=1e-4)
        seen.add((x, y))
        crop = pair.search[8 * y : 8 * y + 143, 8 * x : 8 * x + 143]
        ready = [torch.from_numpy(part.copy()).permute(2, 0, 1)[None].float() for part in (pair.exemplar, crop)]
        training.model.eval()
        with torch.inference_mode():
            expected = training.model(*ready)
            found = batch._replace(
                exemplars=[batch.exemplars[0][row : row + 1]], searches=[batch.searches[0][row : row + 1]]
            ).answers(training.model)  # type: ignore[arg-type]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.shape == theirs.shape
            assert float((ours - theirs).abs().max()) <= 5e-3 * float(theirs.abs().max()) + 1e-7  # half precision
    assert len(seen) > 1


def test_every_epoch_has_each_pair_once_in_another_order(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    bank = _bank(_training(banked, training_folder, tmp_path))
    epochs = [bank.batch(start, 20).sizes[:, 0].tolist() for start in (0, 20)]
    assert sorted(epochs[0]) == sorted(epochs[1])
    assert epochs[0] != epochs[1]
    one, two = bank.batch(7, 4), bank.batch(0, 20)
    assert torch.equal(one.centres, two.centres[7:11])
    assert torch.equal(one.searches[0], two.searches[0][7:11])


def test_targets_stay_within_what_the_response_covers() -> None:
    windows = Windows(exemplar=127, search=143, margin=32, stride=8)
    kind = np.dtype([("search0", "<f2", (1, 9, 9)), ("centre", "<f4", 2), ("size", "<f4", 2), ("positive", "?")])
    records = np.zeros(200, kind)
    records["centre"] = np.random.default_rng(0).uniform(-24.0, 24.0, (200, 2))
    bank = FeatureBank(records, windows, 0)
    places = []
    for number in range(200):
        row = records[bank._row(number)]
        places.append(row["centre"] + 16.0 - 8.0 * bank._shift(number, row["centre"]))
    assert np.abs(places).max() <= 8.0
    assert {round(float(place)) for place in np.ravel(places)} > {-6, 0, 6}


def test_a_killed_training_resumes_from_its_bank_to_the_same_weights(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _training(banked, training_folder, tmp_path / "whole").run()
    _training(banked, training_folder, tmp_path / "cut").run(stop_after=6)
    again = _training(banked, training_folder, tmp_path / "cut")
    assert again.resume()
    monkeypatch.setattr("siamfc_eval.training.banking.make_bank", None)  # there is one: none is made
    again.run()
    whole, cut = (torch.load(tmp_path / name / "last.pt", weights_only=True) for name in ("whole", "cut"))
    for part in ("model", "average"):
        for name, value in whole[part].items():
            assert torch.equal(value, cut[part][name]), f"{part} {name}"


def test_the_head_learns_from_a_bank_and_the_backbone_stays(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    banked["loop"] = {**banked["loop"], "steps": 60, "log_every": 20, "average": 0.0}
    banked["optimiser"] = {"rate": 0.05, "schedule": "cosine", "clip": 10.0, "backbone_from": 60}
    training = _training(banked, training_folder, tmp_path)
    before = {name: value.clone() for name, value in training.model.backbone.state_dict().items()}
    training.run()
    assert all(torch.equal(value, before[name]) for name, value in training.model.backbone.state_dict().items())
    records = read_journal(tmp_path / "log.jsonl")
    losses = [record["loss"] for record in records if "loss" in record]
    assert losses[-1] < 0.9 * losses[0]
    assert [record["bank_pairs"] for record in records if "bank_pairs" in record] == [20.0]
    _, _, card, *_ = hand_over(training)
    assert "20 pairs of a frozen backbone, each about 12 times" in card.read_text()


def test_a_fresh_head_starts_with_answers_of_moderate_size_and_a_given_one_stays(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    training = _training(banked, training_folder, tmp_path / "fresh")
    batch = _bank(training).batch(0, 4)
    with torch.no_grad():
        scores, moves = batch.answers(training.model)  # type: ignore[arg-type]
    assert float(scores.std()) == pytest.approx(1.0, rel=0.2)  # but for the biases of the last layer
    assert float(moves.std()) == pytest.approx(0.3, rel=0.2)
    for name, value in training.model.state_dict().items():
        assert torch.equal(value, training.average.model.state_dict()[name])
    save_model(build_model("SiamRPN", **OPTIONS), tmp_path / "given.safetensors")
    banked["model"] = {"name": "SiamRPN", "weights": str(tmp_path / "given.safetensors")}
    training = _training(banked, training_folder, tmp_path / "given")
    before = {name: value.clone() for name, value in training.model.state_dict().items()}
    _bank(training)
    assert all(torch.equal(value, before[name]) for name, value in training.model.state_dict().items())


def test_another_seed_has_another_bank_and_the_old_one_is_removed(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    _bank(_training(banked, training_folder, tmp_path))
    (old,) = tmp_path.glob("bank-*.npy")
    made = old.stat().st_mtime_ns
    _bank(_training({**banked, "name": "other"}, training_folder, tmp_path))
    assert old.stat().st_mtime_ns == made
    banked["loop"] = {**banked["loop"], "seed": 1}
    _bank(_training(banked, training_folder, tmp_path))
    (new,) = tmp_path.glob("bank-*.npy")
    assert new != old


@pytest.mark.parametrize("cut", [0, 3, 5000], ids=["asked-to-end", "killed-while-writing", "killed-in-the-header"])
def test_a_bank_whose_making_was_stopped_goes_on_there(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    banked["bank"]["pairs"] = 10
    whole = _bank(_training(banked, training_folder, tmp_path / "whole"))
    training = _training(banked, training_folder, tmp_path / "cut")
    requested = Interruption()
    monkeypatch.setattr(Interruption, "is_requested", True)
    training._interruption = requested
    assert training._bank() is None
    monkeypatch.undo()
    (part,) = (tmp_path / "cut").glob("bank-*")
    assert part.suffix == ".part"
    content = part.read_bytes()
    part.write_bytes(content + b"x" * cut if cut < 100 else content[:20])
    said = []
    monkeypatch.setattr(training, "_log", lambda values: said.append(values["bank_pairs"]))
    monkeypatch.setattr("siamfc_eval.training.loop._BANK_SECONDS", 0.0)
    again = _bank(training)
    assert said == ([4.0, 8.0, 10.0] if cut == 5000 else [8.0, 10.0])
    assert [path.suffix for path in (tmp_path / "cut").glob("bank-*")] == [".npy"]
    for field in again.records.dtype.names or ():
        assert again.records[field] == pytest.approx(whole.records[field], rel=1e-2, abs=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimiser": {"backbone_from": 5}}, r"bank\.pairs is 20, but the backbone learns from step 5 on.*= 8"),
        ({"bank": {"pairs": 3}}, r"bank\.pairs 3 is less than one batch"),
    ],
)
def test_a_bank_that_would_not_stay_true_is_refused(
    banked: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfiguration.model_validate({**banked, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"name": "SiamFC"}, "loss": {}}, "bank.pairs is of networks whose head learns"),
        (
            {"bank": {"pairs": 20, "margin": 12}},
            "bank.margin 12 is no multiple of the network's stride 8.*Take 8 or 16",
        ),
        (
            {"model": {"name": "SiamRPN++", "options": {"backbone": "mobilenetv2", "width": 0.25}}},
            r"a window of SiamRPN\+\+'s features is not .* Set bank.margin to 0",
        ),
    ],
    ids=["no-head", "between-cells", "padded"],
)
def test_a_network_that_can_have_no_such_bank_is_refused(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        _bank(_training({**banked, **changes}, training_folder, tmp_path))


def test_a_padded_network_of_several_levels_learns_from_a_bank_without_margin(
    banked: dict[str, Any], training_folder: Path, tmp_path: Path
) -> None:
    banked["model"] = {"name": "SiamRPN++", "options": {"backbone": "mobilenetv2", "width": 0.25, "widths": [8, 8, 8]}}
    banked["bank"] = {"pairs": 4, "margin": 0}
    training = _training(banked, training_folder, tmp_path)
    batch = _bank(training).batch(0, 4)
    assert len(batch.searches) == 3
    model = build_model("SiamRPN++", **banked["model"]["options"])
    sampler = build_sampler(training.configuration, training_folder, model.stride)
    assert sampler.composer.search_size == 143
    training.run(stop_after=1)
    assert training.step == 1
