"""A network prepared for tracking answers as before, and faster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from siamfc_eval.models.acceleration import fold_batch_norm, prepare_for_inference
from siamfc_eval.models.registry import build_model

# Batch norms that no convolution precedes, and which therefore stay.
LEFT = {"SiamVGG": 1, "SiamFCNext22": 7}


def unlike_identity(name: str, **options: Any) -> Any:
    torch.manual_seed(0)
    model = build_model(name, **options).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
    return model


def maps(model: Any, side: int = 159) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    exemplar = torch.rand(1, 3, 127, 127, generator=generator) * 255
    search = torch.rand(1, 3, side, side, generator=generator) * 255
    with torch.inference_mode():
        found = model(exemplar, search)
    return (found,) if isinstance(found, Tensor) else found


@pytest.mark.parametrize(
    ("name", "options", "side"),
    [
        ("SiamFC", {}, 159),
        ("SiamFCRes22", {}, 159),
        ("SiamFCIncep22", {}, 159),
        ("SiamFCNext22", {}, 159),
        ("SiamVGG", {}, 135),
        ("SiamRPN", {"hidden": 8}, 159),
        ("SiamRPN++", {"backbone": "mobilenetv2"}, 167),
        ("SiamRPN++", {"backbone": "resnet18"}, 167),
    ],
)
def test_folding_batch_norms_changes_no_answer(name: str, options: dict[str, Any], side: int) -> None:
    model = unlike_identity(name, **options)
    prepared = prepare_for_inference(model)
    left = [module for module in prepared.modules() if isinstance(module, nn.BatchNorm2d)]
    assert len(left) == LEFT.get(name, 0)
    for found, right in zip(maps(prepared, side), maps(model, side), strict=True):
        assert float((found - right).abs().max() / right.abs().max()) < 1e-4


def test_the_given_network_stays_as_it_is() -> None:
    model = unlike_identity("SiamFC", channels=(4, 4, 4, 4, 4)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    prepared = fold_batch_norm(model)
    assert model.training
    assert not prepared.training
    assert not any(parameter.requires_grad for parameter in prepared.parameters())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_kernels_lie_channels_last() -> None:
    prepared = prepare_for_inference(build_model("SiamFC"), fold=False)
    kernel = prepared.backbone.get_parameter("conv3.0.weight")
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    assert any(isinstance(module, nn.BatchNorm2d) for module in prepared.modules())


@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("name", "options"),
    [("SiamFC", {"channels": (8, 8, 8, 8, 8)}), ("SiamRPN", {"channels": (8, 8, 8, 8, 8)}), ("SiamFCRes22", {})],
)
def test_a_traced_and_a_compiled_network_answer_as_the_network_itself(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    prepared = prepare_for_inference(unlike_identity(name, **options))
    example = (torch.rand(1, 3, 127, 127) * 255, torch.rand(1, 3, 159, 159) * 255)
    with torch.no_grad():
        torch.jit.trace(prepared, example, check_trace=False).save(tmp_path / "a.pt")
        traced = torch.jit.load(tmp_path / "a.pt")
        # fullgraph: nothing may fall back to Python; code generation itself is torch's own business.
        compiled = torch.compile(prepared, backend="eager", fullgraph=True)
        for other in (traced, compiled):
            for found, right in zip(maps(other), maps(prepared), strict=True):
                assert float((found - right).abs().max() / right.abs().max()) < 1e-5
