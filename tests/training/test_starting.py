"""A training starts from the weights that its file names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.saving import save_model
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.training.configuration import ModelSection
from siamfc_eval.training.initial.starting import build_network, load_backbone, trained_network
from siamfc_eval.training.initial.widening import widen

NARROW = {"channels": [4, 6, 8, 8, 6], "scale": 0.02}
WIDE = {"channels": [10, 16, 20, 20, 14]}


BACKBONES = [
    ("SiamFC", NARROW, WIDE),
    ("SiamVGG", {"channels": 6, "has_norm": True}, {"channels": 16}),
    ("SiamVGG", {"channels": 6}, {"channels": 15}),
    ("SiamFCRes22", {"planes": 8, "scale": 0.0008}, {"planes": 24, "scale": 0.0008 / 3}),
    ("SiamFCIncep22", {"planes": 8, "scale": 0.02}, {"planes": 16, "scale": 0.01}),
    ("SiamFCNext22", {"planes": 8, "scale": 0.02}, {"planes": 24, "scale": 0.02 / 3}),
    ("SiamFCRes22W", {"planes": 8, "scale": 0.02}, {"planes": 16, "scale": 0.01}),
    ("SiamRPN", {"channels": [4, 6, 8, 8, 6], "hidden": 4}, {"channels": [10, 16, 20, 20, 14], "hidden": 11}),
]


@pytest.mark.parametrize(("name", "narrow", "wide"), BACKBONES)
def test_a_widened_network_answers_as_the_narrow_one(name: str, narrow: dict[str, Any], wide: dict[str, Any]) -> None:
    torch.manual_seed(0)
    small, large = build_model(name, **narrow), build_model(name, **wide).eval()
    exemplar, search = 255 * torch.rand(2, 3, 127, 127), 255 * torch.rand(2, 3, 143, 143)
    for module in small.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
    with torch.no_grad():
        for _ in range(3):
            small(exemplar, search)  # moves the running statistics away from zero and one
        expected = _answers(small.eval(), exemplar, search)
        widen(small, large, seed=1, noise=0.0)
        assert torch.allclose(
            _answers(large, exemplar, search), expected, rtol=1e-4, atol=1e-5 * float(expected.abs().max())
        )
        widen(small, large, seed=1, noise=0.3)
        assert not torch.allclose(_answers(large, exemplar, search), expected, rtol=1e-3)


def _answers(model: SiameseNetwork, exemplar: Tensor, search: Tensor) -> Tensor:
    """Everything that a network answers, in one tensor."""
    answer = model(exemplar, search)
    return answer if isinstance(answer, Tensor) else torch.cat(answer, dim=1)


def test_widening_refuses_what_does_not_fit() -> None:
    small, large = build_model("SiamFC", **NARROW), build_model("SiamFC", **WIDE)
    with pytest.raises(InputError, match="layer 1 of 10 channels does not fit 4"):
        widen(large, small, seed=0, noise=0.0)
    with pytest.raises(InputError, match=r"SiamFC \(AlexNet, Correlation\) is not SiamVGG \(VGG, Correlation\)"):
        widen(small, build_model("SiamVGG", channels=8), seed=0, noise=0.0)
    slim = build_model("SiamFCRes22", planes=8, scale=0.02)
    with pytest.raises(InputError, match=r"needs one of 0\.01 in the wide network"):
        widen(slim, build_model("SiamFCRes22", planes=16, scale=0.02), seed=0, noise=0.0)
    light = build_model("SiamRPN++", backbone="mobilenetv2")
    with pytest.raises(InputError, match="the width of MobileNetV2 cannot be changed"):
        widen(light, light, seed=0, noise=0.0)
    depthwise = build_model("SiamRPN++", backbone="alexnet")
    with pytest.raises(InputError, match="not DepthwiseRPN"):
        widen(depthwise, depthwise, seed=0, noise=0.0)


def test_named_weights_are_the_start(tmp_path: Path) -> None:
    model = build_model("SiamFC", **NARROW)
    save_model(model, tmp_path / "start.safetensors")
    setting = ModelSection(name="SiamFC", options=NARROW, weights=str(tmp_path / "start.safetensors"))
    started = build_network(setting, seed=5)
    assert started.training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in started.state_dict().items())


def test_a_network_from_a_file_has_the_file_s_options_and_no_others_are_ignored() -> None:
    started = build_network(ModelSection(name="SiamFC", weights="siamfc-slim"), seed=0)
    assert list(started.options["channels"]) == [14, 38, 56, 56, 38]
    said = ModelSection(name="SiamFC", weights="siamfc-slim", options={"channels": [14, 38, 56, 56, 38]})
    assert list(build_network(said, seed=0).options["channels"]) == [14, 38, 56, 56, 38]
    with pytest.raises(
        InputError, match=r"channels is \[4, 6, 8, 8, 6\], but .*siamfc-slim\.safetensors holds a SiamFC"
    ):
        build_network(ModelSection(name="SiamFC", weights="siamfc-slim", options=NARROW), seed=0)
    with pytest.raises(InputError, match=r"model\.weights: neither absent nor"):
        build_network(ModelSection(name="SiamFC", weights="absent"), seed=0)


def test_the_seed_decides_random_weights() -> None:
    setting = ModelSection(name="SiamFC", options=NARROW)
    kernels = [build_network(setting, seed).state_dict()["backbone.conv1.0.weight"] for seed in (1, 1, 2)]
    assert torch.equal(kernels[0], kernels[1])
    assert not torch.equal(kernels[0], kernels[2])


def test_a_classifier_gives_its_backbone(tmp_path: Path) -> None:
    torch.manual_seed(3)
    source, model = build_model("SiamFC", **NARROW), build_model("SiamFC", **NARROW)
    tensors = {f"features.{name}": value for name, value in source.backbone.state_dict().items()}
    torch.save({**tensors, "classifier.weight": torch.zeros(10, 6)}, tmp_path / "imagenet.pth")
    load_backbone(model, tmp_path / "imagenet.pth")
    assert torch.equal(model.backbone.state_dict()["conv3.0.weight"], source.backbone.state_dict()["conv3.0.weight"])
    with pytest.raises(InputError, match="no weights for the backbone of SiamFC"):
        load_backbone(build_model("SiamFC", **WIDE), tmp_path / "imagenet.pth")


def test_siamrpnpp_takes_the_grouped_backbone_of_siamfc() -> None:
    options = {"backbone": "alexnet", "channels": [14, 38, 56, 56, 38], "groups": [1, 2, 1, 2, 2]}
    model = build_network(ModelSection(name="SiamRPN++", options=options, backbone_weights="siamfc-slim"), seed=0)
    images = torch.rand(1, 3, 127, 127) * 255.0
    source = build_network(ModelSection(name="SiamFC", weights="siamfc-slim"), seed=0).eval()
    features, theirs = model.eval().backbone(images), source.backbone(images)
    # Batch norms of the two add another epsilon, and siamfc-slim has none at the end.
    torch.testing.assert_close(features, theirs, rtol=1e-3, atol=1e-3 * float(theirs.detach().abs().max()))


def test_a_missing_start_says_where_it_was_looked_for() -> None:
    with pytest.raises(InputError, match=r"neither absent-network nor .*absent-network\.safetensors"):
        build_network(ModelSection(name="SiamFC", widen_from="absent-network"), seed=0)


@pytest.mark.parametrize(
    ("name", "options", "tracker"),
    [
        ("SiamRPN", {"channels": [14, 38, 56, 56, 38]}, "siamfc-slim"),
        ("SiamRPNVGG", {"channels": 16, "has_norm": True}, "siamfc-vgg-slim"),
        ("SiamRPNRes22", {"planes": 16}, "siamfc-res22-slim"),
        ("SiamRPNIncep22", {"planes": 16}, "siamfc-incep22-slim"),
        ("SiamRPNResNeXt22", {"planes": 16}, "siamfc-next22-slim"),
    ],
)
def test_a_narrow_network_with_anchors_takes_the_backbone_of_its_narrow_kin(
    name: str, options: dict[str, Any], tracker: str
) -> None:
    setting = ModelSection(name=name, options={**options, "hidden": 8}, backbone_weights=tracker)
    ours, theirs = build_network(setting, seed=0).backbone, trained_network(tracker, "test").backbone
    values = {key: value for key, value in ours.state_dict().items() if value.dim() > 0}  # no count of batches
    assert all(torch.equal(value, theirs.state_dict()[key]) for key, value in values.items())
