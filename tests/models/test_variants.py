"""Networks that look alike are told apart, or refused: AlexNets of other strides, pysot's variants, SiamMask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import build_from_checkpoint, compare_keys, load_model, read_checkpoint
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_BGR, PLAIN_RGB
from siamfc_eval.models.registry import build_model

V2_WIDTHS = (96, 256, 384, 384, 32)
V3_WIDTHS = (192, 512, 768, 768, 512)


def saved(tmp_path: Path, tensors: dict[str, Tensor], **beside: Any) -> Path:
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": tensors, **beside} if beside else tensors, path)
    return path


def state(name: str, **options: Any) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return dict(build_model(name, **options).state_dict())


def renamed(tensors: dict[str, Tensor], **prefixes: str) -> dict[str, Tensor]:
    found = {}
    for name, tensor in tensors.items():
        first, _, rest = name.partition(".")
        found[f"{prefixes.get(first, first)}.{rest}"] = tensor
    return found


class PlainAlexNet(nn.Sequential):
    """siamfc-pytorch's AlexNetV2 and V3 as its backbones.py lists them: convolution, norm, ReLU, pool."""

    def __init__(self, widths: tuple[int, ...], groups: tuple[int, ...], pool2_stride: int, final_norm: bool) -> None:
        super().__init__()
        inputs = 3
        for number, (width, kernel, count) in enumerate(zip(widths, (11, 5, 3, 3, 3), groups, strict=True), start=1):
            layers: list[nn.Module] = [nn.Conv2d(inputs, width, kernel, 2 if number == 1 else 1, groups=count)]
            if number < 5 or final_norm:
                layers.append(nn.BatchNorm2d(width, eps=1e-6, momentum=0.05))
            if number < 5:
                layers.append(nn.ReLU())
            if number < 3:
                layers.append(nn.MaxPool2d(3, 2 if number == 1 else pool2_stride))
            self.add_module(f"conv{number}", nn.Sequential(*layers))
            inputs = width


@pytest.mark.parametrize(
    ("theirs", "stride"),
    [
        (lambda: PlainAlexNet(V2_WIDTHS, (1, 2, 1, 2, 2), 1, False), 4),
        (lambda: PlainAlexNet(V3_WIDTHS, (1, 1, 1, 1, 1), 2, True), 8),
    ],
)
def test_alexnets_of_siamfc_pytorch_compute_as_upstream(tmp_path: Path, theirs: Any, stride: int) -> None:
    torch.manual_seed(0)
    backbone = theirs().eval()
    model: Any = load_model(saved(tmp_path, {f"backbone.{name}": t for name, t in backbone.state_dict().items()}))
    assert model.stride == stride
    images = torch.rand(1, 3, 127, 127) * 255
    with torch.inference_mode():
        right, found = backbone(images), model.embed(images)
    torch.testing.assert_close(found, right, rtol=1e-4, atol=1e-4 * float(right.abs().max()))


def test_an_alexnet_whose_stride_is_anybodys_guess_is_refused_until_it_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, state("SiamFC", channels=(8, 16, 24, 24, 4)))
    with pytest.raises(InputError, match=r'siamfc-pytorch-v1" \(stride 8\) or "siamfc-pytorch-v2" \(stride 4\)'):
        load_model(path)
    assert load_model(path, source="siamfc-pytorch-v1").stride == 8
    assert load_model(path, source="siamfc-pytorch-v2").stride == 4


def test_siamesex_siamrpnpp_is_fed_with_normalised_rgb_and_pysots_with_bgr(tmp_path: Path) -> None:
    ours = state("SiamRPN++", backbone="resnet18")
    theirs = saved(tmp_path, renamed(ours, backbone="features"))
    assert (read_checkpoint(theirs).source, load_model(theirs).preprocessing) == ("siamesex", IMAGENET_RGB)
    pysots = saved(tmp_path, renamed(ours, head="rpn_head"))
    assert (read_checkpoint(pysots).source, load_model(pysots).preprocessing) == ("pysot", PLAIN_BGR)


@pytest.mark.parametrize(
    "options",
    [
        {"backbone": "resnet18", "widths": (16, 24, 32)},  # the long-term neck has a width for each level
        {"backbone": "resnet50", "widths": (128, 256, 512)},
        {"backbone": "resnet18", "anchors": 3, "weighted": False},
        {"backbone": "resnet34", "levels": (3, 4), "widths": (32, 32)},
        {"backbone": "resnet18", "levels": (3,), "widths": (32,), "hidden": 24},
        {"backbone": "mobilenetv2", "width": 0.5, "anchors": 7},
        {"backbone": "mobilenetv2", "weighted": True},
        {"backbone": "alexnet", "channels": (12, 24, 32, 32, 24), "hidden": 16},
        {"backbone": "alexnet", "groups": (1, 2, 1, 2, 2)},
    ],
)
def test_variants_of_siamrpnpp_are_inferred_from_shapes(tmp_path: Path, options: dict[str, Any]) -> None:
    with torch.device("meta"):
        ours = build_model("SiamRPN++", **options)
    tensors = renamed({name: torch.zeros(t.shape) for name, t in ours.state_dict().items()}, head="rpn_head")
    if options.get("levels") == (3,):
        tensors = {name.replace("neck.downsample2.", "neck.downsample."): t for name, t in tensors.items()}
    checkpoint = read_checkpoint(saved(tmp_path, tensors))
    assert checkpoint.options == options
    with torch.device("meta"):
        assert not compare_keys(checkpoint.tensors, build_model("SiamRPN++", **checkpoint.options).state_dict())


def mask_parts(*names: str) -> dict[str, Tensor]:
    return {f"{name}.weight": torch.zeros(2, 2, 1, 1) for name in names}


@pytest.mark.parametrize("project", ["pysot", "siammask"])
def test_siammask_is_loaded_for_its_boxes_and_says_so(tmp_path: Path, project: str) -> None:
    ours = state("SiamRPN++", backbone="resnet18", levels=(3,), widths=(16,))
    if project == "pysot":
        theirs = {
            n.replace("neck.downsample2.", "neck.downsample."): t for n, t in renamed(ours, head="rpn_head").items()
        }
        theirs |= mask_parts("mask_head.head.0", "refine_head.post0")
    else:
        theirs = renamed(ours, backbone="features.features", head="rpn_model")
        theirs = {n.replace("neck.downsample2.", "features.downsample."): t for n, t in theirs.items()}
        theirs |= mask_parts("mask_model.mask.head.0", "refine_model.post0")
    checkpoint = read_checkpoint(saved(tmp_path, theirs))
    assert (checkpoint.source, checkpoint.model, checkpoint.preprocessing) == (project, "SiamRPN++", PLAIN_BGR)
    assert len(checkpoint.unused) == 2
    assert "boxes" in checkpoint.notes[0]
    network: Any = build_from_checkpoint(checkpoint)
    right: Any = build_model("SiamRPN++", backbone="resnet18", levels=(3,), widths=(16,))
    right.load_state_dict(ours)
    right.eval()
    right.set_preprocessing(PLAIN_BGR)
    exemplar, search = torch.rand(1, 3, 127, 127) * 255, torch.rand(1, 3, 255, 255) * 255
    with torch.inference_mode():
        for found, expected in zip(network(exemplar, search), right(exemplar, search), strict=True):
            assert found.shape[-1] == 25
            torch.testing.assert_close(found, expected)


def test_the_same_tensors_under_another_known_name_load_when_asked_for(tmp_path: Path) -> None:
    path = saved(tmp_path, state("SiamFC"))
    scaled, plain = load_model(path), load_model(path, "SiamFC_")
    assert plain.name == "SiamFC_"
    assert plain.preprocessing == PLAIN_RGB
    images = torch.rand(1, 3, 127, 127) * 255
    with torch.inference_mode():
        torch.testing.assert_close(plain(images, images), scaled(images, images) * 1000, rtol=1e-3, atol=1e-3)


def test_weights_beside_those_taken_are_named_and_can_be_chosen(tmp_path: Path) -> None:
    ours = state("SiamFC", channels=(4, 6, 8, 8, 6))
    averaged = {name: t + 1 if t.is_floating_point() else t for name, t in ours.items()}
    optimizer = {"state": {0: {"momentum_buffer": torch.zeros(3)}}}
    path = saved(tmp_path, ours, ema={"module": averaged}, epoch=3, optimizer=optimizer)
    checkpoint = read_checkpoint(path)
    assert checkpoint.notes == (
        "taken: 'state_dict'; the file also holds weights under 'ema', which --weights-key ema takes instead",
    )
    bias = "backbone.conv1.0.bias"
    assert torch.equal(checkpoint.tensors[bias], ours[bias])
    with pytest.warns(UserWarning, match="the file also holds weights under 'ema'"):
        load_model(path)
    for key in ("ema", "ema.module"):
        assert torch.equal(read_checkpoint(path, key=key).tensors[bias], averaged[bias])
    with pytest.raises(InputError, match=r"nothing under the key 'emma'; found there: state_dict, ema"):
        read_checkpoint(path, key="emma")
    torch.save({"epoch": 3, "ema": averaged}, path)
    with pytest.raises(InputError, match="--weights-key ema takes"):
        read_checkpoint(path)


@pytest.mark.parametrize("prefix", ["module.module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "model."])
def test_prefixes_of_training_programs_are_removed(tmp_path: Path, prefix: str) -> None:
    ours = state("SiamFC", channels=(4, 6, 8, 8, 6))
    checkpoint = read_checkpoint(saved(tmp_path, {prefix + name: t for name, t in ours.items()}))
    assert set(checkpoint.tensors) == set(ours)
    assert (checkpoint.source, checkpoint.unused) == ("siamfc-pytorch", ())


def test_what_lightning_keeps_beside_the_network_is_named_as_not_used(tmp_path: Path) -> None:
    ours = state("SiamFC", channels=(4, 6, 8, 8, 6))
    tensors = {f"model.{name}": t for name, t in ours.items()} | {"loss.weight": torch.ones(1)}
    checkpoint = read_checkpoint(saved(tmp_path, tensors, epoch=1))
    assert checkpoint.unused == ("loss.weight",)
    assert build_from_checkpoint(checkpoint).name == "SiamFC"
