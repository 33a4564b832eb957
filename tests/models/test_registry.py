"""Models are built by known names and have the published sizes and costs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.info import model_info
from siamfc_eval.models.registry import build_model, model_names, model_summary

# Millions of parameters; thousand millions of multiply-adds of the backbone on 127 and 255 pixels and of the head.
PUBLISHED = {
    "SiamFC_": (2.336, 0.460, 2.720, 0.00, 17),
    "SiamFC": (2.336, 0.460, 2.720, 0.00, 17),
    "SiamVGG": (7.767, 2.418, 13.353, 0.00, 17),
    "SiamFCRes22": (1.445, 0.494, 2.629, 0.00, 17),
    "SiamFCIncep22": (1.695, 0.492, 2.674, 0.00, 17),
    "SiamFCNext22": (1.417, 0.463, 2.487, 0.00, 17),
    "SiamFCRes22W": (2.458, 0.795, 4.273, 0.00, 17),
    "SiamRPN": (21.219, 0.460, 2.720, 0.79, 17),
    "SiamRPNVGG": (26.650, 2.418, 13.353, 0.61, 17),
    "SiamRPNRes22": (76.959, 0.494, 2.629, 2.38, 17),
    "SiamRPNIncep22": (119.680, 0.492, 2.674, 3.71, 17),
    "SiamRPNResNeXt22": (76.931, 0.463, 2.487, 2.38, 17),
    "SiamRPN++": (53.951, 10.446, 44.579, 4.44, 25),
}


def test_all_thirteen_models_are_known() -> None:
    assert model_names() == list(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_model_has_its_published_size_and_cost(name: str) -> None:
    parameters, exemplar, search, head, response = PUBLISHED[name]
    info = model_info(name)
    assert info.parameters / 1e6 == pytest.approx(parameters, abs=5e-4)
    assert info.exemplar_multiply_adds / 1e9 == pytest.approx(exemplar, abs=5e-4)
    assert info.search_multiply_adds / 1e9 == pytest.approx(search, abs=5e-4)
    assert info.response_size == response
    assert info.stride == 8
    if info.kind == "rpn":
        assert info.head_multiply_adds / 1e9 == pytest.approx(head, abs=6e-3)
        assert info.response_channels == (10, 20)
    else:
        assert info.response_channels == (1,)


@pytest.mark.parametrize(
    ("backbone", "millions"), [("alexnet", 6.25), ("mobilenetv2", 11.15), ("resnet18", 20.29), ("resnet34", 30.40)]
)
def test_siamrpn_pp_comes_on_the_backbones_of_its_reference(backbone: str, millions: float) -> None:
    info = model_info("SiamRPN++", backbone=backbone, search_size=287 if backbone == "alexnet" else 255)
    assert info.parameters / 1e6 == pytest.approx(millions, abs=5e-3)
    assert info.response_size == (21 if backbone == "alexnet" else 25)


def test_every_model_names_its_paper() -> None:
    assert "Fully-Convolutional Siamese" in model_summary("SiamFC")
    for name in model_names():
        assert "20" in model_summary(name)


def test_info_is_plain_values() -> None:
    assert json.loads(json.dumps(model_info("SiamFC").to_json()))["response_size"] == 17


def test_narrow_networks_are_an_option() -> None:
    model = build_model("SiamFC", channels=(14, 38, 56, 56, 38))
    assert sum(parameter.numel() for parameter in model.parameters()) == 55102


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean.*SiamFCRes22"):
        build_model("SiamFCRes2")


def test_the_python_name_of_siamrpn_pp_is_known() -> None:
    assert model_info("SiamRPNPP").name == "SiamRPN++"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SiamVGG", {"channels": 0}),
        ("SiamRPN++", {"backbone": "vgg"}),
        ("SiamRPN++", {"groups": (1, 2, 1, 2, 2)}),
        ("SiamRPN++", {"backbone": "resnet18", "width": 0.5}),
        ("SiamRPN++", {"backbone": "alexnet", "levels": (3,)}),
        ("SiamFC", {"channels": (5,) * 6}),
    ],
)
def test_options_that_a_model_does_not_have_are_refused(name: str, options: dict[str, object]) -> None:
    with pytest.raises(InputError, match=name.replace("+", r"\+")):
        build_model(name, **options)


def test_names_are_listed_without_importing_torch() -> None:
    code = (
        "import sys; from siamfc_eval.models.registry import model_names; model_names(); print('torch' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
