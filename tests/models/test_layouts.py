"""Every upstream checkpoint layout is recognised and fits the right network, tensor by tensor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from siamfc_eval.models.checkpoints import compare_keys
from siamfc_eval.models.conversion import Conversion
from siamfc_eval.models.layouts import Layout, find_layout
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_BGR, PLAIN_RGB
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.weight_files import WeightFile

PLAIN_ALEXNET = {"channels": (96, 256, 384, 384, 256), "groups": (1, 2, 1, 2, 2)}
UNGROUPED = {"channels": (96, 256, 384, 384, 256), "groups": (1, 1, 1, 1, 1), "final_norm": True, "eps": 1e-5}

# File of specs/checkpoints -> source, model, options that its shapes imply.
EXPECTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "siamfc_pytorch_SiamFC": ("siamfc-pytorch", "SiamFC", PLAIN_ALEXNET),
    "SiameseX_SiamFC": ("siamesex", "SiamFC", PLAIN_ALEXNET),
    "SiameseX_SiamVGG": ("siamesex", "SiamVGG", {}),
    "SiameseX_SiamRPN": ("siamesex", "SiamRPN", PLAIN_ALEXNET),
    "SiameseX_SiamRPNVGG": ("siamesex", "SiamRPNVGG", {}),
    "SiameseX_SiamRPNRes22": ("siamesex", "SiamRPNRes22", {}),
    "SiameseX_SiamRPNIncep22": ("siamesex", "SiamRPNIncep22", {}),
    "SiameseX_SiamRPNResNeXt22": ("siamesex", "SiamRPNResNeXt22", {}),
    "SiameseX_SiamRPNPP": ("siamesex", "SiamRPN++", {"backbone": "resnet50"}),
    "SiamDW_SiamFCRes22": ("siamdw", "SiamFCRes22", {}),
    "SiamDW_SiamFCIncep22": ("siamdw", "SiamFCIncep22", {}),
    "SiamDW_SiamFCNext22": ("siamdw", "SiamFCNext22", {}),
    "SiamDW_SiamFCRes22W": ("siamdw", "SiamFCRes22W", {}),
    "SiamDW_SiamRPNRes22_thinner": ("siamdw", "SiamRPNRes22", {"hidden": 256, "classes": 1}),
    "SiamDW_SiamRPNRes22_thicker": ("siamdw", "SiamRPNRes22", {}),
    "DaSiamRPN_SiamRPNvot": ("dasiamrpn", "SiamRPN", UNGROUPED),
    "DaSiamRPN_SiamRPNotb": ("dasiamrpn", "SiamRPN", UNGROUPED),
    "DaSiamRPN_SiamRPNBIG": ("dasiamrpn", "SiamRPN", UNGROUPED | {"channels": (192, 512, 768, 768, 512)}),
    "pysot_siamrpn_alex_dwxcorr": ("pysot", "SiamRPN++", {"backbone": "alexnet"}),
    "pysot_siamrpn_mobilev2_l234_dwxcorr": ("pysot", "SiamRPN++", {"backbone": "mobilenetv2"}),
    "pysot_siamrpn_r50_l234_dwxcorr": ("pysot", "SiamRPN++", {"backbone": "resnet50"}),
}
# The same tensors as SiamDW's: SiameseX's wrapper tells.
WRAPPED = {f"SiameseX_SiamFC{name}": f"SiamFC{name}" for name in ("Res22", "Incep22", "Next22", "Res22W")}

PREPROCESSING = {
    "siamfc-pytorch": PLAIN_RGB,
    "siamesex": IMAGENET_RGB,
    "siamdw": PLAIN_BGR,
    "dasiamrpn": PLAIN_BGR,
    "pysot": PLAIN_BGR,
}


def specified(shared: Path, name: str) -> dict[str, Tensor]:
    shapes = json.loads((shared / "specs" / "checkpoints" / f"{name}.json").read_text())["tensors"]
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


def understood(tensors: dict[str, Tensor], **facts: Any) -> tuple[Layout, Conversion]:
    file = WeightFile(Path("weights.pth"), tensors, **facts)
    layout = find_layout(file, None)
    assert layout is not None
    return layout, layout.convert(file)


def assert_fits(found: Conversion) -> None:
    with torch.device("meta"):
        model = build_model(found.model, **found.options)
    difference = compare_keys(found.tensors, model.state_dict())
    assert not difference, difference.describe()
    assert len(found.tensors) == len(model.state_dict())


@pytest.mark.shared
@pytest.mark.parametrize("name", EXPECTED)
def test_an_upstream_layout_fits_its_network_exactly(shared: Path, name: str) -> None:
    source, model, options = EXPECTED[name]
    layout, found = understood(specified(shared, name))
    assert (layout.source, found.model, found.options) == (source, model, options)
    assert layout.preprocessing == PREPROCESSING[source]
    assert_fits(found)


@pytest.mark.shared
@pytest.mark.parametrize("name", WRAPPED)
def test_siamesex_is_told_from_siamdw_by_its_wrapper(shared: Path, name: str) -> None:
    layout, found = understood(specified(shared, name), wrapper=("epoch", "arch", "best_prec1", "optimizer"))
    assert (layout.source, found.model) == ("siamesex", WRAPPED[name])
    assert layout.preprocessing == IMAGENET_RGB
    assert any("tenth" in note for note in found.notes)
    assert_fits(found)


@pytest.mark.shared
def test_a_bare_cropping_network_says_that_its_source_was_assumed(shared: Path) -> None:
    tensors = specified(shared, "SiamDW_SiamFCRes22")
    assert "siamesex" in understood(tensors)[1].notes[0]
    assert not understood(tensors, had_module_prefix=True)[1].notes
    named = find_layout(WeightFile(Path("a.pth"), tensors), "siamesex")
    assert named is not None
    assert named.preprocessing == IMAGENET_RGB


@pytest.mark.shared
def test_siamvgg_of_its_authors_is_recognised(shared: Path) -> None:
    tensors = {
        name.replace("features.features.", "model."): tensor
        for name, tensor in specified(shared, "SiameseX_SiamVGG").items()
    }
    layout, found = understood(tensors)
    assert (layout.source, found.model) == ("siamvgg", "SiamVGG")
    assert_fits(found)


@pytest.mark.shared
@pytest.mark.parametrize(("depth", "units"), [("resnet18", (2, 2)), ("resnet34", (4, 6))])
def test_pysot_on_shallower_resnets_is_told_by_the_number_of_units(depth: str, units: tuple[int, int]) -> None:
    with torch.device("meta"):
        ours = build_model("SiamRPN++", backbone=depth).state_dict()
    layout, found = understood(
        {name.replace("head.", "rpn_head.", 1) if name.startswith("head.") else name: t for name, t in ours.items()}
    )
    assert (layout.source, found.options) == ("pysot", {"backbone": depth})
    assert_fits(found)


def test_class_and_box_branches_are_not_confused() -> None:
    with torch.device("meta"):
        ours = build_model("SiamRPN", hidden=3).state_dict()
    upstream = {
        "template_cls": "conv_cls1",
        "template_loc": "conv_r1",
        "search_cls": "conv_cls2",
        "search_loc": "conv_r2",
        "loc_adjust": "regress_adjust",
    }
    tensors = {
        f"{theirs}.{part}": ours[f"head.{name}.{part}"].clone()
        for name, theirs in upstream.items()
        for part in ("weight", "bias")
    }
    tensors["featureExtract.0.weight"] = ours["backbone.conv1.0.weight"]
    _, found = understood(tensors)
    for name, theirs in upstream.items():
        assert found.tensors[f"head.{name}.weight"] is tensors[f"{theirs}.weight"]


def test_a_convolution_that_is_absent_is_missed_rather_than_taken_for_a_shallower_network() -> None:
    with torch.device("meta"):
        tensors = dict(build_model("SiamFC").state_dict())
    del tensors["backbone.conv5.0.weight"], tensors["backbone.conv5.0.bias"]
    _, found = understood(tensors)
    with torch.device("meta"):
        model = build_model(found.model, **found.options)
    assert compare_keys(found.tensors, model.state_dict()).missing == (
        "backbone.conv5.0.weight",
        "backbone.conv5.0.bias",
    )


def test_an_unknown_layout_is_nobodys() -> None:
    assert find_layout(WeightFile(Path("a.pth"), {"fc.weight": torch.zeros(2, 2)}), None) is None
