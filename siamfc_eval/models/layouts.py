"""The checkpoint layouts of upstream projects: how each is recognised, which network it holds, what it is fed with.

A layout is one entry of `LAYOUTS`. Each turns a file's tensors into ours: `recognise` looks at the names, `convert`
finds the model and its options (widths and groups follow from the shapes) and renames the tensors.

The preprocessing of a layout is what its networks were trained with. SiameseX trains on ImageNet's mean and standard
deviation, yet tracks its FC networks with mean .5 and standard deviation .25 (`preprocessing.HALF_RGB`) and its RPNs on
BGR; to repeat its own runs, give that preprocessing explicitly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS
from siamfc_eval.models.backbones.dilated_resnet import UNITS
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_BGR, PLAIN_RGB, Preprocessing
from siamfc_eval.models.weight_files import WeightFile

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Conversion:
    """What a file holds, in our terms."""

    model: str
    """Known name."""
    options: dict[str, Any]
    """Of that model."""
    tensors: dict[str, Tensor]
    """By our names."""
    notes: tuple[str, ...] = ()
    """What a person should know: what was assumed, what is not used."""
    unused: tuple[str, ...] = ()
    """Names in the file that are known and deliberately not used."""
    preprocessing: Preprocessing | None = None
    """Where it differs from the layout's."""


@dataclass(frozen=True)
class Layout:
    """One project's way to write checkpoints."""

    source: str
    """Name of the project, as `source` takes it."""
    preprocessing: Preprocessing
    """What this project's networks are fed with."""
    recognise: Callable[[Tensors], bool]
    convert: Callable[[WeightFile], Conversion]
    hint: str = field(default="")
    """How its names look, for messages."""


def rename(tensors: Tensors, *rules: tuple[str, str]) -> dict[str, Tensor]:
    """Tensors under new names: the first rule whose pattern matches a name's beginning applies; others stay."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            new, count = re.subn("^" + pattern, replacement, name)
            if count:
                break
        else:
            new = name
        renamed[new] = tensor
    return renamed


def alexnet_options(tensors: Tensors, *, eps: float = 1e-6, may_be_shallow: bool = False) -> dict[str, Any]:
    """Options of `AlexNet` from tensors under our names: widths, groups, batch norm after the last convolution.

    A convolution that is absent counts with its standard width, so that its loss is noticed, unless the network
    `may_be_shallow`.
    """
    channels: list[int] = []
    groups: list[int] = []
    inputs = 3
    for number in range(1, 6):
        weight = tensors.get(f"backbone.conv{number}.0.weight")
        if weight is None or weight.dim() != 4:
            if may_be_shallow:
                break
            channels.append(STANDARD_WIDTHS[number - 1])
            groups.append(1)
            inputs = channels[-1]
            continue
        channels.append(weight.shape[0])
        groups.append(max(inputs // max(weight.shape[1], 1), 1))
        inputs = weight.shape[0]
    options: dict[str, Any] = {"channels": tuple(channels), "groups": tuple(groups)}
    if f"backbone.conv{len(channels)}.1.weight" in tensors:
        options["final_norm"] = True
    if eps != 1e-6:
        options["eps"] = eps
    return options


_SEQUENTIAL_ALEXNET = {
    0: "1.0",
    1: "1.1",
    4: "2.0",
    5: "2.1",
    8: "3.0",
    9: "3.1",
    11: "4.0",
    12: "4.1",
    14: "5.0",
    15: "5.1",
}
"""Index in one nn.Sequential of all layers -> our `conv{i}.{j}`."""


def _alexnet_rules(prefix: str) -> list[tuple[str, str]]:
    return [(rf"{re.escape(prefix)}{i}\.", f"backbone.conv{ours}.") for i, ours in _SEQUENTIAL_ALEXNET.items()]


_UP_CHANNEL_RULES = (
    (r"conv_cls1\.", "head.template_cls."),
    (r"conv_r1\.", "head.template_loc."),
    (r"conv_cls2\.", "head.search_cls."),
    (r"conv_r2\.", "head.search_loc."),
    (r"regress_adjust\.", "head.loc_adjust."),
)


def _rpn_options(tensors: Tensors, features: int) -> dict[str, Any]:
    """`hidden`, `anchors` and `classes` of an up-channel RPN, where they are not the defaults."""
    search, cls, adjust = (tensors.get(f"head.{n}.weight") for n in ("search_cls", "template_cls", "loc_adjust"))
    options: dict[str, Any] = {}
    if search is None or cls is None or adjust is None:
        return options
    hidden, anchors = search.shape[0], adjust.shape[0] // 4
    if hidden != features:
        options["hidden"] = hidden
    if anchors != 5:
        options["anchors"] = anchors
    if cls.shape[0] == hidden * anchors:
        options["classes"] = 1
    return options


def _siamfc_pytorch(file: WeightFile) -> Conversion:
    return Conversion("SiamFC", alexnet_options(file.tensors), dict(file.tensors))


def _siamesex_alexnet(file: WeightFile) -> Conversion:
    tensors = rename(file.tensors, *_alexnet_rules("features.feature."), *_UP_CHANNEL_RULES)
    options = alexnet_options(tensors)
    if "conv_cls1.weight" in file.tensors:
        return Conversion("SiamRPN", options | _rpn_options(tensors, options["channels"][-1]), tensors)
    return Conversion("SiamFC", options, tensors)


def _siamesex_vgg(file: WeightFile) -> Conversion:
    tensors = rename(
        file.tensors,
        (r"features\.features\.", "backbone.features."),
        (r"bn_adjust\.", "head.adjust."),
        *_UP_CHANNEL_RULES,
    )
    return Conversion("SiamRPNVGG" if "conv_cls1.weight" in file.tensors else "SiamVGG", {}, tensors)


def _siamvgg_original(file: WeightFile) -> Conversion:
    rules = ((r"(?:features|model)\.", "backbone.features."), (r"bn_adjust\.", "head.adjust."))
    return Conversion("SiamVGG", {}, rename(file.tensors, *rules))


def _cir_backbone(tensors: Tensors) -> tuple[str, int]:
    """Suffix of the model's name and the feature channels of a cropping backbone under `features.features.`."""
    if "features.features.conv0.weight" in tensors:
        return "Next22", 512
    if any(".branch3x3." in name for name in tensors):
        return "Incep22", 640
    wide = tensors.get("features.features.layer1.0.conv2.weight")
    return ("Res22W" if wide is not None and wide.shape[0] == 128 else "Res22"), 512


_CORR_UP_NOTE = (
    "SiamDW and SiameseX name these tensors alike; taken as {taken}. If it was trained with {other}, say so (source = "
    '"{other}"): colours and range differ'
)


def _cir(file: WeightFile) -> Conversion:
    """SiamDW and SiameseX on cropping backbones; whose it is shows in RPN names, else in the wrapper."""
    suffix, features = _cir_backbone(file.tensors)
    tensors = rename(
        file.tensors,
        (r"features\.features\.", "backbone."),
        (r"connect_model\.template_reg\.", "head.template_loc."),
        (r"connect_model\.search_reg\.", "head.search_loc."),
        (r"connect_model\.adjust\.", "head.loc_adjust."),
        (r"connect_model\.", "head."),
        *_UP_CHANNEL_RULES,
    )
    if "head.template_cls.weight" in tensors:
        name = "SiamRPN" + ("ResNeXt22" if suffix == "Next22" else suffix)
        return Conversion(name, _rpn_options(tensors, features), tensors)
    return Conversion("SiamFC" + suffix, {}, tensors)


def _siamdw(file: WeightFile) -> Conversion:
    found = _cir(file)
    is_ambiguous = found.model.startswith("SiamFC") and not file.had_module_prefix
    notes = (_CORR_UP_NOTE.format(taken="siamdw", other="siamesex"),) if is_ambiguous else ()
    return Conversion(found.model, found.options, found.tensors, notes)


def _siamesex_cir(file: WeightFile) -> Conversion:
    found = _cir(file)
    if not found.model.startswith("SiamFC"):
        return found
    notes = ("scores are a tenth of SiameseX's, whose code loses Corr_Up's factor 0.1; tracking does not depend on it",)
    return Conversion(found.model, found.options, found.tensors, notes)


def _pysot_backbone(tensors: Tensors) -> str:
    """Option `backbone` of SiamRPN++ from tensors under our names."""
    if "backbone.conv1.0.weight" in tensors:
        return "alexnet"
    if "backbone.layer0.0.weight" in tensors:
        return "mobilenetv2"
    if "backbone.layer1.0.conv3.weight" in tensors:
        return "resnet50"
    units = {name.split(".")[2] for name in tensors if name.startswith("backbone.layer3.")}
    return "resnet34" if len(units) == UNITS[34][1][2] else "resnet18"


def _pysot(file: WeightFile) -> Conversion:
    rules = [
        *_alexnet_rules("backbone.features."),
        (r"rpn_head\.template_(cls|loc)_conv\.", r"head.template_\1."),
        (r"rpn_head\.search_(cls|loc)_conv\.", r"head.search_\1."),
        (r"rpn_head\.", "head."),
        (r"features\.", "backbone."),
    ]
    # pysot's newer AlexNet has one Sequential per convolution, `layer{i}.{0,1}`.
    first = file.tensors.get("backbone.layer1.0.weight")
    if first is not None and first.dim() == 4 and first.shape[1] == 3:
        rules.insert(0, (r"backbone\.layer(\d)\.", r"backbone.conv\1."))
    tensors = rename(file.tensors, *rules)
    if "head.template_cls.weight" in tensors:
        options = alexnet_options(tensors, eps=1e-5)
        return Conversion("SiamRPN", options | _rpn_options(tensors, options["channels"][-1]), tensors)
    pyramid: dict[str, Any] = {"backbone": _pysot_backbone(tensors)}
    is_weighted = "head.cls_weight" in tensors
    if pyramid["backbone"] != "alexnet" and is_weighted != (pyramid["backbone"] != "mobilenetv2"):
        pyramid["weighted"] = is_weighted
    return Conversion("SiamRPN++", pyramid, tensors)


def _dasiamrpn(file: WeightFile) -> Conversion:
    tensors = rename(file.tensors, *_alexnet_rules("featureExtract."), *_UP_CHANNEL_RULES)
    options = alexnet_options(tensors, eps=1e-5)
    return Conversion("SiamRPN", options | _rpn_options(tensors, options["channels"][-1]), tensors)


def _has(name: str) -> Callable[[Tensors], bool]:
    return lambda tensors: name in tensors


def _is_cir(tensors: Tensors) -> bool:
    return "features.features.conv1.weight" in tensors or "features.features.conv0.weight" in tensors


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "siamfc-pytorch",
        PLAIN_RGB,
        lambda tensors: "backbone.conv1.0.weight" in tensors and not any(n.startswith("rpn_head.") for n in tensors),
        _siamfc_pytorch,
        "backbone.conv1.0.weight",
    ),
    Layout("siamesex", IMAGENET_RGB, _has("features.feature.0.weight"), _siamesex_alexnet, "features.feature.0.weight"),
    Layout("siamesex", IMAGENET_RGB, _has("features.features.0.weight"), _siamesex_vgg, "features.features.0.weight"),
    Layout("siamvgg", IMAGENET_RGB, _has("model.0.weight"), _siamvgg_original, "model.0.weight"),
    Layout("siamdw", PLAIN_BGR, _is_cir, _siamdw, "features.features.conv1.weight"),
    Layout("siamesex", IMAGENET_RGB, _is_cir, _siamesex_cir, "features.features.conv1.weight"),
    Layout(
        "pysot",
        PLAIN_BGR,
        lambda tensors: any(name.startswith("rpn_head.") for name in tensors),
        _pysot,
        "backbone.*, neck.*, rpn_head.*",
    ),
    Layout(
        "siamesex",
        PLAIN_BGR,
        lambda tensors: "features.conv1.weight" in tensors and any(name.startswith("head.rpn") for name in tensors),
        _pysot,
        "features.*, neck.*, head.rpn*",
    ),
    Layout("dasiamrpn", PLAIN_BGR, _has("featureExtract.0.weight"), _dasiamrpn, "featureExtract.0.weight"),
)
"""In the order in which they are tried; of two that fit, the file's wrapper decides (see `find_layout`)."""

SOURCES = sorted({layout.source for layout in LAYOUTS} | {"matconvnet", "siamfc-eval"})
"""What `source` may be."""


def find_layout(file: WeightFile, source: str | None) -> Layout | None:
    """The layout of a file; None if none fits.

    Args:
        file: the tensors.
        source: take the layout of this project only.
    """
    fitting = [layout for layout in LAYOUTS if layout.recognise(file.tensors)]
    if source is not None:
        fitting = [layout for layout in fitting if layout.source == source]
    if len(fitting) > 1 and ("best_prec1" in file.wrapper or "conv_cls1.weight" in file.tensors):
        # SiameseX's training program writes this wrapper, and its RPN has these names; SiamDW has neither.
        fitting = [layout for layout in fitting if layout.source == "siamesex"]
    return fitting[0] if fitting else None
