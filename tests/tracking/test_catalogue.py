"""Every catalogue entry is readable, every model has one, and missing or foreign weights are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import find_definition
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.registry import build_model, model_names
from siamfc_eval.tracking.catalogue import read_catalogue, tracker_facts, tracker_names
from siamfc_eval.tracking.definition import read_definition
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition
from siamfc_eval.tracking.families.siamese.tracker import SiameseTracker
from siamfc_eval.tracking.family import LoadOptions


@pytest.fixture
def narrow_weights(tmp_path: Path) -> Path:
    """An untrained narrow SiamFC in siamfc-pytorch's layout."""
    torch.manual_seed(0)
    network = build_model("SiamFC", channels=(4, 6, 8, 8, 6), groups=(1, 2, 1, 2, 2))
    path = tmp_path / "narrow.pth"
    torch.save(network.state_dict(), path)
    return path


def network_tracker(spec: str, **options: Any) -> SiameseTracker[Any, Any, Any]:
    """A tracker that says what it was made of."""
    tracker = load_tracker(spec, **options)
    assert isinstance(tracker, SiameseTracker)
    return tracker


@pytest.mark.parametrize("name", tracker_names())
def test_every_definition_reads(name: str) -> None:
    definition = read_definition(find_definition("trackers", name))
    assert definition.description
    if isinstance(definition, NetworkDefinition):
        assert definition.model in model_names()
        assert definition.weights or definition.weights_source


def test_every_model_has_a_tracker() -> None:
    definitions = [read_definition(find_definition("trackers", name)) for name in tracker_names()]
    assert {entry.model for entry in definitions if isinstance(entry, NetworkDefinition)} == set(model_names())


def test_a_users_weights_make_a_tracker(narrow_weights: Path, textured: list[Frame]) -> None:
    tracker = network_tracker("siamfc", device="cpu", weights=narrow_weights)
    state = tracker.init(textured[0], np.array([50.0, 50, 40, 40]))
    _, output = tracker.update(state, textured[1])
    assert np.isfinite(output.region).all()
    assert tracker.name == "siamfc"
    assert tracker.facts["hash"] == tracker_facts(read_catalogue("siamfc"), LoadOptions(weights=narrow_weights))["hash"]
    assert len(tracker.facts["weights_sha256"]) == 64


def test_a_definition_of_ones_own_finds_weights_beside_it(narrow_weights: Path) -> None:
    path = narrow_weights.parent / "mine.toml"
    path.write_text('family = "siamfc"\nmodel = "SiamFC"\nweights = "narrow.pth"\n', encoding="utf-8")
    assert load_tracker(str(path), device="cpu").name == "mine"


def test_a_definition_says_whose_weights_these_are(tmp_path: Path) -> None:
    torch.manual_seed(0)
    ours = build_model("SiamFCRes22").state_dict()
    torch.save({f"features.features.{n.removeprefix('backbone.')}": t for n, t in ours.items()}, tmp_path / "res22.pth")
    written = 'family = "siamfc"\nmodel = "SiamFCRes22"\nweights = "res22.pth"\n'
    (tmp_path / "assumed.toml").write_text(written, encoding="utf-8")
    (tmp_path / "named.toml").write_text(written + 'source = "siamesex"\n', encoding="utf-8")
    assumed, named = (network_tracker(str(tmp_path / f"{name}.toml"), device="cpu") for name in ("assumed", "named"))
    (note,) = assumed.notes
    assert "res22.pth: taken for SiamDW's, fed with BGR" in note
    assert 'source = "siamesex"' in note
    assert not any("taken for" in one for one in named.notes)
    assert named.facts["source"] == "siamesex"
    assert "source" not in assumed.facts
    assert named.facts["hash"] != assumed.facts["hash"]
    (tmp_path / "named.toml").write_text(written + 'source = "siamesexx"\n', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="siamesex"):
        load_tracker(str(tmp_path / "named.toml"), device="cpu")


def test_a_key_chooses_among_the_weights_of_a_file(narrow_weights: Path) -> None:
    plain = torch.load(narrow_weights, weights_only=True)
    averaged = {name: t * 2 if t.is_floating_point() else t for name, t in plain.items()}
    torch.save({"state_dict": plain, "ema": averaged}, narrow_weights)
    usual = network_tracker("siamfc", device="cpu", weights=narrow_weights)
    assert "--weights-key ema" in usual.notes[0]
    chosen = network_tracker("siamfc", device="cpu", weights=narrow_weights, weights_key="ema")
    assert chosen.notes == ()
    assert (
        chosen.facts["hash"]
        == tracker_facts(read_catalogue("siamfc"), LoadOptions(weights=narrow_weights, weights_key="ema"))["hash"]
        != usual.facts["hash"]
    )
    path = narrow_weights.parent / "mine.toml"
    path.write_text(
        'family = "siamfc"\nmodel = "SiamFC"\nweights = "narrow.pth"\nweights_key = "ema"\n', encoding="utf-8"
    )
    assert network_tracker(str(path), device="cpu").facts["weights_key"] == "ema"
    for spec in ("static", "trax:true", "mine.py:Mine"):
        with pytest.raises(InputError, match="the key 'ema' means nothing to it"):
            load_tracker(spec, device="cpu", weights_key="ema")


@pytest.mark.parametrize("spelling", ["SiamRPN++", "SiamRPNPP", "siamrpnpp"])
def test_models_known_names_find_their_trackers(spelling: str) -> None:
    with pytest.raises(InputError, match=r"tracker siamrpnpp comes without weights.*--weights.*pysot"):
        load_tracker(spelling)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.pth: no such weights file, which tracker siamfc needs"):
        load_tracker("siamfc", device="cpu", weights=tmp_path / "nowhere.pth")


def test_weights_of_another_model_are_refused_with_keys(narrow_weights: Path) -> None:
    with pytest.raises(InputError, match=r"holds a SiamFC .*not a SiamVGG.*keys"):
        load_tracker("siamvgg", device="cpu", weights=narrow_weights)


def test_unknown_trackers_get_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean siamfc-alexnet"):
        load_tracker("siamfc-alexnit")


def test_weights_for_a_tracker_without_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no network"):
        load_tracker("static", device="cpu", weights=tmp_path / "w.pth")
