"""The region-proposal models, one function each; the registry names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import nn

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS, AlexNet
from siamfc_eval.models.backbones.cropping import STANDARD_PLANES, Incep22, ResNet22, ResNeXt22
from siamfc_eval.models.backbones.dilated_resnet import DilatedResNet
from siamfc_eval.models.backbones.mobilenet import MobileNetV2
from siamfc_eval.models.backbones.vgg import STANDARD_CHANNELS, VGG
from siamfc_eval.models.heads.rpn import DepthwiseRPN, MultiRPN, UpChannelRPN
from siamfc_eval.models.heads.stretched import StretchedRPN
from siamfc_eval.models.necks.adjust import AdjustLayers
from siamfc_eval.models.preprocessing import IMAGENET_RGB, PLAIN_RGB, Preprocessing
from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.models.stretched import StretchedProposal

PYRAMID_WIDTH = 256
"""Channels of every level after SiamRPN++'s neck."""


def _single_level(
    backbone: nn.Module, preprocessing: Preprocessing = PLAIN_RGB, *, stretched: bool, classes: int = 2, **head: Any
) -> RegionProposal:
    """A network with the head of the paper, or with one that also compares with stretched exemplars."""
    inputs = cast(int, backbone.out_channels)
    if not stretched:
        return RegionProposal(backbone, UpChannelRPN(inputs, classes=classes, **head), preprocessing=preprocessing)
    if classes != StretchedRPN.classes:
        raise ValueError(f"classes is {StretchedRPN.classes} with stretched exemplars, not {classes}")
    return StretchedProposal(backbone, StretchedRPN(inputs, **head), preprocessing=preprocessing)


def siamrpn(
    channels: Sequence[int] = STANDARD_WIDTHS,
    groups: Sequence[int] = (1, 2, 1, 2, 2),
    hidden: int | None = None,
    anchors: int = 5,
    stretched: bool = False,
    **backbone: Any,
) -> RegionProposal:
    """Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network" (SiamRPN, CVPR 2018).

    DaSiamRPN (Zhu et al., "Distractor-aware Siamese Networks for Visual Object Tracking", ECCV 2018) is this network
    with `groups=(1, 1, 1, 1, 1), final_norm=True, eps=1e-5`.

    Args:
        channels, groups, backbone: of the `AlexNet`.
        hidden, anchors: of the `UpChannelRPN`.
        stretched: take a `StretchedRPN` instead, which is not in the paper: it tells sizes better.
    """
    return _single_level(AlexNet(channels, groups, **backbone), stretched=stretched, hidden=hidden, anchors=anchors)


def siamrpn_vgg(
    channels: int = STANDARD_CHANNELS,
    has_norm: bool = False,
    hidden: int | None = None,
    anchors: int = 5,
    stretched: bool = False,
) -> RegionProposal:
    """SiamRPN (CVPR 2018) on the VGG of SiamVGG (2019).

    Args:
        channels, has_norm: of the `VGG`; fewer channels make the narrow networks.
        hidden, anchors: of the `UpChannelRPN`.
        stretched: take a `StretchedRPN` instead, which is not in the paper: it tells sizes better.
    """
    return _single_level(
        VGG(channels, has_norm=has_norm), IMAGENET_RGB, stretched=stretched, hidden=hidden, anchors=anchors
    )


def siamrpn_res22(
    hidden: int | None = None,
    anchors: int = 5,
    classes: int = 2,
    planes: int = STANDARD_PLANES,
    stretched: bool = False,
) -> RegionProposal:
    """CIResNet22-RPN of Zhang & Peng, "Deeper and Wider Siamese Networks" (SiamDW, CVPR 2019).

    Args:
        hidden, anchors, classes: of the `UpChannelRPN`; SiamDW has published networks with 512 and with 256 hidden
            channels, with two scores (softmax) and with one (sigmoid) per anchor.
        planes: of the backbone; fewer than 64 make the narrow networks.
        stretched: take a `StretchedRPN` instead, which is not in the paper: it tells sizes better.
    """
    return _single_level(ResNet22(planes=planes), stretched=stretched, hidden=hidden, anchors=anchors, classes=classes)


def siamrpn_incep22(
    hidden: int | None = None,
    anchors: int = 5,
    classes: int = 2,
    planes: int = STANDARD_PLANES,
    stretched: bool = False,
) -> RegionProposal:
    """CIResIncep22-RPN, after Zhang & Peng, "Deeper and Wider Siamese Networks" (SiamDW, CVPR 2019).

    Options are those of SiamRPNRes22.
    """
    return _single_level(Incep22(planes), stretched=stretched, hidden=hidden, anchors=anchors, classes=classes)


def siamrpn_resnext22(
    hidden: int | None = None,
    anchors: int = 5,
    classes: int = 2,
    planes: int = STANDARD_PLANES,
    stretched: bool = False,
) -> RegionProposal:
    """CIRNeXt22-RPN, after Zhang & Peng, "Deeper and Wider Siamese Networks" (SiamDW, CVPR 2019).

    Options are those of SiamRPNRes22.
    """
    return _single_level(ResNeXt22(planes), stretched=stretched, hidden=hidden, anchors=anchors, classes=classes)


def siamrpn_pp(
    backbone: str = "resnet50",
    anchors: int = 5,
    weighted: bool | None = None,
    *,
    levels: Sequence[int] | None = None,
    widths: Sequence[int] | None = None,
    hidden: int | None = None,
    width: float = 1.4,
    channels: Sequence[int] = STANDARD_WIDTHS,
    groups: Sequence[int] = (1, 1, 1, 1, 1),
) -> RegionProposal:
    """Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks" (CVPR 2019).

    Args:
        backbone: resnet50, resnet34, resnet18 or mobilenetv2 (three levels), or alexnet (one level).
        anchors: anchors per cell.
        weighted: learn the weights of the levels; None does so except for mobilenetv2, as pysot's networks.
        levels: stages (ResNet: 2 to 4) or layers (MobileNetV2: 3 to 7) that are used, all three or three by default;
            one makes a network with a single head, as SiamMask's.
        widths: channels of each level after the neck, 256 by default; pysot's long-term network has 128, 256, 512.
        hidden: channels that are correlated by a single head; None: those that it is given.
        width: multiplies the channels of mobilenetv2.
        channels, groups: of alexnet; the groups of SiamFC's are (1, 2, 1, 2, 2).
    """
    if backbone not in ("resnet50", "resnet34", "resnet18", "mobilenetv2", "alexnet"):
        raise ValueError(f"backbone is resnet50, resnet34, resnet18, mobilenetv2 or alexnet, not '{backbone}'")
    is_alexnet = backbone == "alexnet"
    is_used = {
        "channels": is_alexnet or tuple(channels) == STANDARD_WIDTHS,
        "groups": is_alexnet or set(groups) == {1},
        "width": backbone == "mobilenetv2" or width == 1.4,
        "weighted": not is_alexnet or weighted is None,
        "levels": not is_alexnet or levels is None,
        "widths": not is_alexnet or widths is None,
    }
    ignored = [name for name, used in is_used.items() if not used]
    if ignored:
        raise ValueError(f"{', '.join(ignored)} would change nothing of a network on {backbone}; leave it out")
    if is_alexnet:
        single = AlexNet(channels, groups, final_norm=True, eps=1e-5, momentum=0.1)
        return RegionProposal(single, DepthwiseRPN(single.out_channels, hidden, anchors=anchors))
    body: nn.Module
    if backbone == "mobilenetv2":
        body = MobileNetV2(width, levels or (3, 5, 7))
    else:
        body = DilatedResNet(int(backbone.removeprefix("resnet")), levels or (2, 3, 4))
    features = cast(list[int], body.out_channels)
    neck = AdjustLayers(features, widths or [PYRAMID_WIDTH] * len(features))
    if len(features) == 1:
        return RegionProposal(body, DepthwiseRPN(neck.out_channels[0], hidden, anchors=anchors), neck)
    has_weights = backbone != "mobilenetv2" if weighted is None else weighted
    return RegionProposal(body, MultiRPN(neck.out_channels, anchors, weighted=has_weights), neck)
