"""Checkpoints of SiamRPN++ and its kin: pysot (short-term, long-term, its SiamMask), SiameseX, SiamMask's own.

Everything that pysot's configuration files vary and that leaves a trace in shapes is read from the shapes: backbone and
its width, the levels that are used, the neck's channels, hidden channels, anchors, learned weights of the levels.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS
from siamfc_eval.models.backbones.dilated_resnet import UNITS
from siamfc_eval.models.backbones.mobilenet import LAYERS
from siamfc_eval.models.conversion import (
    Conversion,
    Tensors,
    alexnet_options,
    alexnet_rules,
    rename,
    up_channel_options,
)
from siamfc_eval.models.weight_files import WeightFile

_MASK_PARTS = ("mask_head.", "refine_head.", "mask_model.", "refine_model.")
"""What only SiamMask's masks need, in pysot and in its own project."""

_MASK_NOTE = (
    "a SiamMask: its boxes (the region-proposal part) are used; its masks, which its own tracker turns into rotated "
    "boxes, are not, so scores are those of the boxes"
)


def is_pysot(tensors: Tensors) -> bool:
    """Whether names are pysot's: `backbone.*`, `neck.*`, `rpn_head.*`."""
    return any(name.startswith("rpn_head.") for name in tensors)


def is_siamesex_pyramid(tensors: Tensors) -> bool:
    """Whether names are those of SiameseX's SiamRPNPP: pysot's network with `features` and `head`."""
    return "features.conv1.weight" in tensors and any(name.startswith("head.rpn") for name in tensors)


def is_siammask(tensors: Tensors) -> bool:
    """Whether names are those of SiamMask's own project: `features.features.*`, `rpn_model.*`."""
    return any(name.startswith("rpn_model.") for name in tensors) and any(n.startswith("features.") for n in tensors)


def read_pysot(file: WeightFile) -> Conversion:
    """A network of pysot, or one of SiameseX's SiamRPNPP."""
    rules = [
        *alexnet_rules("backbone.features."),
        (r"rpn_head\.template_(cls|loc)_conv\.", r"head.template_\1."),
        (r"rpn_head\.search_(cls|loc)_conv\.", r"head.search_\1."),
        (r"rpn_head\.", "head."),
        (r"features\.", "backbone."),
        # One level has no number there.
        (r"neck\.downsample\.downsample\.", "neck.downsample2.downsample."),
    ]
    # pysot's newer AlexNet has one Sequential per convolution, `layer{i}.{0,1}`.
    first = file.tensors.get("backbone.layer1.0.weight")
    if first is not None and first.dim() == 4 and first.shape[1] == 3:
        rules.insert(0, (r"backbone\.layer(\d)\.", r"backbone.conv\1."))
    return _converted(file.tensors, rules)


def read_siammask(file: WeightFile) -> Conversion:
    """The boxes of a network of SiamMask's own project (with or without its refinement)."""
    return _converted(
        file.tensors,
        [
            (r"features\.features\.", "backbone."),
            (r"features\.downsample\.downsample\.", "neck.downsample2.downsample."),
            (r"rpn_model\.", "head."),
        ],
    )


def _converted(tensors: Tensors, rules: list[tuple[str, str]]) -> Conversion:
    unused = tuple(name for name in tensors if name.startswith(_MASK_PARTS))
    renamed = rename({name: tensor for name, tensor in tensors.items() if name not in set(unused)}, *rules)
    notes = (_MASK_NOTE,) if unused else ()
    if "head.template_cls.weight" in renamed:
        options = alexnet_options(renamed, eps=1e-5)
        options |= up_channel_options(renamed, options["channels"][-1])
        return Conversion("SiamRPN", options, renamed, notes, unused)
    return Conversion("SiamRPN++", _pyramid_options(renamed), renamed, notes, unused)


def _pyramid_options(tensors: Tensors) -> dict[str, Any]:
    """Options of SiamRPN++ from tensors under our names; defaults are left out."""
    backbone = _backbone(tensors)
    options: dict[str, Any] = {"backbone": backbone}
    has_many_heads = any(name.startswith("head.rpn") for name in tensors)
    first = "head.rpn2." if has_many_heads else "head."
    anchors = _length(tensors, f"{first}cls.head.3.weight", 10) // 2
    if anchors != 5:
        options["anchors"] = anchors
    hidden = _length(tensors, f"{first}cls.conv_kernel.0.weight")
    if backbone == "alexnet":
        single = alexnet_options(tensors)
        widths = single["channels"]
        if widths != STANDARD_WIDTHS:
            options["channels"] = widths
        if set(single["groups"]) != {1}:
            options["groups"] = single["groups"]
        return options | ({"hidden": hidden} if hidden not in (0, widths[-1]) else {})
    is_weighted = "head.cls_weight" in tensors
    if has_many_heads and is_weighted != (backbone != "mobilenetv2"):
        options["weighted"] = is_weighted
    necks = [tensors[name] for name in sorted(tensors) if _is_neck(name, tensors[name])]
    widths = tuple(neck.shape[0] for neck in necks)
    if widths and widths != (256, 256, 256):
        options["widths"] = widths
    width = _mobilenet_width(tensors) if backbone == "mobilenetv2" else 1.4
    if width != 1.4:
        options["width"] = width
    levels = _levels(backbone, width, [neck.shape[1] for neck in necks])
    if levels not in ((), (3, 5, 7) if backbone == "mobilenetv2" else (2, 3, 4)):
        options["levels"] = levels
    if not has_many_heads and hidden and widths and hidden != widths[0]:
        options["hidden"] = hidden
    return options


def _is_neck(name: str, tensor: Tensor) -> bool:
    return name.startswith("neck.") and name.endswith(".downsample.0.weight") and tensor.dim() == 4


def _length(tensors: Tensors, name: str, otherwise: int = 0) -> int:
    """Output channels of a convolution; `otherwise` if there is none, whose loss is then noticed elsewhere."""
    weight = tensors.get(name)
    return otherwise if weight is None or weight.dim() == 0 else weight.shape[0]


def _backbone(tensors: Tensors) -> str:
    """Option `backbone` of SiamRPN++ from tensors under our names."""
    if "backbone.conv1.0.weight" in tensors:
        return "alexnet"
    if "backbone.layer0.0.weight" in tensors:
        return "mobilenetv2"
    if "backbone.layer1.0.conv3.weight" in tensors:
        return "resnet50"
    units = {name.split(".")[2] for name in tensors if name.startswith("backbone.layer2.")}
    return "resnet34" if len(units) == UNITS[34][1][1] else "resnet18"


def _mobilenet_width(tensors: Tensors) -> float:
    """The multiplier of MobileNetV2's channels, to hundredths, that gives the widths found; 1.4 if none does."""
    found = [_length(tensors, "backbone.layer0.0.weight")]
    # The projection is the last convolution but its index is the same in every unit.
    found += [_length(tensors, f"backbone.layer{n}.0.conv.6.weight") for n in range(1, len(LAYERS) + 1)]
    bases = [32, *(base for _, base, _, _, _ in LAYERS)]
    for hundredths in sorted(range(10, 301), key=lambda n: (n % 10 != 0, abs(n - 140))):
        width = hundredths / 100
        if all(actual in (0, int(base * width)) for actual, base in zip(found, bases, strict=True)):
            return width
    return 1.4


def _levels(backbone: str, width: float, inputs: list[int]) -> tuple[int, ...]:
    """Which stages or layers of the backbone the neck takes, from its input channels; () if they are no stages'."""
    if backbone == "mobilenetv2":
        channels = {int(base * width): number for number, (_, base, _, _, _) in enumerate(LAYERS, start=1)}
    else:
        expansion = UNITS[int(backbone.removeprefix("resnet"))][0].expansion
        channels = {64 * 2 ** (stage - 1) * expansion: stage for stage in (2, 3, 4)}
    return tuple(channels[count] for count in inputs) if all(count in channels for count in inputs) else ()
