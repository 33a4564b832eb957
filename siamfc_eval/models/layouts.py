"""The checkpoint layouts of upstream projects: how each is recognised, which network it holds, what it is fed with.

A layout is one entry of `LAYOUTS`. Each turns a file's tensors into ours: `recognise` looks at the names, `convert`
finds the model and its options (widths and groups follow from the shapes) and renames the tensors.

The preprocessing of a layout is what its networks were trained with. SiameseX trains on ImageNet's mean and standard
deviation, yet tracks its FC networks with mean .5 and standard deviation .25 (`preprocessing.HALF_RGB`) and its RPNs on
BGR; to repeat its own runs, give that preprocessing explicitly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS
from siamfc_eval.models.conversion import (
    Conversion,
    Tensors,
    alexnet_options,
    alexnet_rules,
    rename,
    up_channel_options,
)
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_BGR, PLAIN_RGB, Preprocessing
from siamfc_eval.models.pyramid_layouts import is_pysot, is_siamesex_pyramid, is_siammask, read_pysot, read_siammask
from siamfc_eval.models.weight_files import WeightFile


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
    only_by_name: bool = False
    """Whether it is taken only if `source` names it: its files look the same as another layout's."""


_UP_CHANNEL_RULES = (
    (r"conv_cls1\.", "head.template_cls."),
    (r"conv_r1\.", "head.template_loc."),
    (r"conv_cls2\.", "head.search_cls."),
    (r"conv_r2\.", "head.search_loc."),
    (r"regress_adjust\.", "head.loc_adjust."),
)


_V2_WIDTHS = (*STANDARD_WIDTHS[:4], 32)
"""Of siamfc-pytorch's AlexNetV2, whose second pooling has stride 1."""

_STRIDE_DOUBT = (
    "{path}: a SiamFC in siamfc-pytorch's layout with {second} channels after its second and {last} after its last "
    "convolution. AlexNetV1 and V3 (total stride 8) have as many after both, AlexNetV2 (stride 4) has 256 and 32, and "
    'a checkpoint does not hold strides. Say which it is: source = "siamfc-pytorch-v1" (stride 8) or '
    '"siamfc-pytorch-v2" (stride 4), in the tracker\'s file or with `siamfc-eval convert weights --source`'
)


def _siamfc_pytorch(file: WeightFile, stride: int | None = None) -> Conversion:
    """Any of siamfc-pytorch's AlexNets; their total stride is 8 or 4 and shows only in the widths that go with it."""
    options = alexnet_options(file.tensors)
    second, last = options["channels"][1], options["channels"][-1]
    if stride == 4 or (stride is None and options["channels"] == _V2_WIDTHS):
        return Conversion("SiamFC", options | {"pool2_stride": 1}, dict(file.tensors))
    is_clear = stride == 8 or second == last
    doubt = "" if is_clear else _STRIDE_DOUBT.format(path=file.path, second=second, last=last)
    return Conversion("SiamFC", options, dict(file.tensors), doubt=doubt)


def _is_siamfc_pytorch(tensors: Tensors) -> bool:
    return "backbone.conv1.0.weight" in tensors and not is_pysot(tensors)


def _siamesex_alexnet(file: WeightFile) -> Conversion:
    tensors = rename(file.tensors, *alexnet_rules("features.feature."), *_UP_CHANNEL_RULES)
    options = alexnet_options(tensors)
    if "conv_cls1.weight" in file.tensors:
        return Conversion("SiamRPN", options | up_channel_options(tensors, options["channels"][-1]), tensors)
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
    "taken for SiamDW's, fed with BGR in 0..255; SiameseX names its tensors alike. If it is SiameseX's (RGB, "
    'normalised), say source = "siamesex" in the tracker\'s file, or convert it once with --source'
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
        return Conversion(name, up_channel_options(tensors, features), tensors)
    return Conversion("SiamFC" + suffix, {}, tensors)


def _siamdw(file: WeightFile) -> Conversion:
    found = _cir(file)
    is_ambiguous = found.model.startswith("SiamFC") and not file.had_module_prefix
    notes = (_CORR_UP_NOTE,) if is_ambiguous else ()
    return Conversion(found.model, found.options, found.tensors, notes)


def _siamesex_cir(file: WeightFile) -> Conversion:
    found = _cir(file)
    if not found.model.startswith("SiamFC"):
        return found
    notes = ("scores are a tenth of SiameseX's, whose code loses Corr_Up's factor 0.1; tracking does not depend on it",)
    return Conversion(found.model, found.options, found.tensors, notes)


def _dasiamrpn(file: WeightFile) -> Conversion:
    tensors = rename(file.tensors, *alexnet_rules("featureExtract."), *_UP_CHANNEL_RULES)
    options = alexnet_options(tensors, eps=1e-5)
    return Conversion("SiamRPN", options | up_channel_options(tensors, options["channels"][-1]), tensors)


def _has(name: str) -> Callable[[Tensors], bool]:
    return lambda tensors: name in tensors


def _is_cir(tensors: Tensors) -> bool:
    has_stem = "features.features.conv1.weight" in tensors or "features.features.conv0.weight" in tensors
    return has_stem and not is_siammask(tensors)


LAYOUTS: tuple[Layout, ...] = (
    Layout("siamfc-pytorch", PLAIN_RGB, _is_siamfc_pytorch, _siamfc_pytorch, "backbone.conv1.0.weight"),
    Layout("siamfc-pytorch-v1", PLAIN_RGB, _is_siamfc_pytorch, partial(_siamfc_pytorch, stride=8), only_by_name=True),
    Layout("siamfc-pytorch-v2", PLAIN_RGB, _is_siamfc_pytorch, partial(_siamfc_pytorch, stride=4), only_by_name=True),
    Layout("siamesex", IMAGENET_RGB, _has("features.feature.0.weight"), _siamesex_alexnet, "features.feature.0.weight"),
    Layout("siamesex", IMAGENET_RGB, _has("features.features.0.weight"), _siamesex_vgg, "features.features.0.weight"),
    Layout("siamvgg", IMAGENET_RGB, _has("model.0.weight"), _siamvgg_original, "model.0.weight"),
    Layout("siamdw", PLAIN_BGR, _is_cir, _siamdw, "features.features.conv1.weight"),
    Layout("siamesex", IMAGENET_RGB, _is_cir, _siamesex_cir, "features.features.conv1.weight"),
    Layout("pysot", PLAIN_BGR, is_pysot, read_pysot, "backbone.*, neck.*, rpn_head.*"),
    Layout("siamesex", IMAGENET_RGB, is_siamesex_pyramid, read_pysot, "features.*, neck.*, head.rpn*"),
    Layout("siammask", PLAIN_BGR, is_siammask, read_siammask, "features.features.*, rpn_model.*"),
    Layout("dasiamrpn", PLAIN_BGR, _has("featureExtract.0.weight"), _dasiamrpn, "featureExtract.0.weight"),
)
"""In the order in which they are tried; of two that fit, the file's wrapper decides (see `find_layout`)."""

SOURCES = sorted({layout.source for layout in LAYOUTS} | {"matconvnet", "siamfc-eval"})
"""What `source` may be."""

_PREFIXES = ("model.", "net.", "network.", "tracker.", "module.")
"""What training programs put before a network's names: Lightning its attribute's name."""


def recognise(file: WeightFile, source: str | None) -> tuple[WeightFile, Layout] | None:
    """The layout of a file, and the file with the names that the layout knows; None if none fits.

    Names as they are come first. Else the network may be a part of what was saved: its names have a common prefix,
    which is removed, and those without it are not used.

    Args:
        file: the tensors.
        source: take the layout of this project only.
    """
    for part in (file, *(file.within(prefix) for prefix in _PREFIXES)):
        layout = None if part is None else find_layout(part, source)
        if part is not None and layout is not None:
            return part, layout
    return None


def find_layout(file: WeightFile, source: str | None) -> Layout | None:
    """The layout of a file whose names are the network's own; None if none fits.

    Args:
        file: the tensors.
        source: take the layout of this project only.
    """
    fitting = [layout for layout in LAYOUTS if layout.recognise(file.tensors)]
    if source is not None:
        fitting = [layout for layout in fitting if layout.source == source]
    else:
        fitting = [layout for layout in fitting if not layout.only_by_name]
    if len(fitting) > 1 and ("best_prec1" in file.wrapper or "conv_cls1.weight" in file.tensors):
        # SiameseX's training program writes this wrapper, and its RPN has these names; SiamDW has neither.
        fitting = [layout for layout in fitting if layout.source == "siamesex"]
    return fitting[0] if fitting else None
