"""Every catalogue entry is readable, every model has one, and missing or foreign weights are explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import find_definition
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.registry import build_model, model_names
from siamfc_eval.tracking.catalogue import tracker_facts, tracker_names
from siamfc_eval.tracking.definition import NetworkDefinition, read_definition


@pytest.fixture
def narrow_weights(tmp_path: Path) -> Path:
    """An untrained narrow SiamFC in siamfc-pytorch's layout."""
    torch.manual_seed(0)
    network = build_model("SiamFC", channels=(4, 6, 8, 8, 6), groups=(1, 2, 1, 2, 2))
    path = tmp_path / "narrow.pth"
    torch.save(network.state_dict(), path)
    return path


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


def test_a_users_weights_make_a_tracker(narrow_weights: Path, textured: list) -> None:
    tracker = load_tracker("siamfc", "cpu", narrow_weights)
    state = tracker.init(textured[0], np.array([50.0, 50, 40, 40]))
    _, output = tracker.update(state, textured[1])
    assert np.isfinite(output.region).all()
    assert tracker.name == "siamfc"
    assert tracker.facts["hash"] == tracker_facts("siamfc", narrow_weights)["hash"]
    assert len(tracker.facts["weights_sha256"]) == 64


def test_a_definition_of_ones_own_finds_weights_beside_it(narrow_weights: Path) -> None:
    path = narrow_weights.parent / "mine.toml"
    path.write_text('family = "siamfc"\nmodel = "SiamFC"\nweights = "narrow.pth"\n', encoding="utf-8")
    assert load_tracker(str(path), "cpu").name == "mine"


@pytest.mark.parametrize("spelling", ["SiamRPN++", "SiamRPNPP", "siamrpnpp"])
def test_models_known_names_find_their_trackers(spelling: str) -> None:
    with pytest.raises(InputError, match=r"tracker siamrpnpp comes without weights.*--weights.*pysot"):
        load_tracker(spelling)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.pth: no such weights file, which tracker siamfc needs"):
        load_tracker("siamfc", "cpu", tmp_path / "nowhere.pth")


def test_weights_of_another_model_are_refused_with_keys(narrow_weights: Path) -> None:
    with pytest.raises(InputError, match=r"holds a SiamFC .*not a SiamVGG.*keys"):
        load_tracker("siamvgg", "cpu", narrow_weights)


def test_unknown_trackers_get_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean siamfc-alexnet"):
        load_tracker("siamfc-alexnit")


def test_weights_for_a_tracker_without_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no network"):
        load_tracker("static", "cpu", tmp_path / "w.pth")
