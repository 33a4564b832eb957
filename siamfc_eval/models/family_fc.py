"""The fully convolutional models, one function each; the registry names them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS, AlexNet
from siamfc_eval.models.backbones.cropping import STANDARD_PLANES, Incep22, ResNet22, ResNeXt22
from siamfc_eval.models.backbones.vgg import STANDARD_CHANNELS, VGG
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.preprocessing import IMAGENET_RGB
from siamfc_eval.models.siamese import FullyConvolutional

CORR_UP_SCALE = 0.1
"""Corr_Up's factor. SiameseX loses it (a method hides the module), so its raw scores are ten times these."""

PLAIN_BACKBONES: dict[str, Callable[[], nn.Module]] = {
    "alexnet": AlexNet,
    "vgg": VGG,
    "resnet22": ResNet22,
    "incep22": Incep22,
    "resnext22": ResNeXt22,
    "resnet22w": lambda: ResNet22(width=2),
}
"""Backbones that give one feature map of stride 8, by option name."""


def siamfc_base(backbone: str = "alexnet", scale: float = 1.0, adjust: str = "none") -> FullyConvolutional:
    """The base of the family: any backbone and plain cross-correlation, unscaled (SiamFC, ECCVW 2016).

    Args:
        backbone: alexnet, vgg, resnet22, incep22, resnext22 or resnet22w.
        scale, adjust: of the correlation, see `Correlation`.
    """
    if backbone not in PLAIN_BACKBONES:
        raise ValueError(f"backbone is one of {', '.join(PLAIN_BACKBONES)}, not '{backbone}'")
    return FullyConvolutional(PLAIN_BACKBONES[backbone](), Correlation(scale, adjust))


def siamfc(
    channels: Sequence[int] = STANDARD_WIDTHS,
    groups: Sequence[int] = (1, 2, 1, 2, 2),
    scale: float = 1e-3,
    adjust: str = "none",
    **backbone: Any,
) -> FullyConvolutional:
    """Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking" (SiamFC, ECCVW 2016).

    Args:
        channels, groups, backbone: of the `AlexNet`; fewer channels make the narrow networks.
        scale, adjust: of the correlation, see `Correlation`.
    """
    return FullyConvolutional(AlexNet(channels, groups, **backbone), Correlation(scale, adjust))


def siamvgg(channels: int = STANDARD_CHANNELS, has_norm: bool = False) -> FullyConvolutional:
    """Li & Zhang, "SiamVGG: Visual Tracking using Deeper Siamese Networks" (2019): batch norm on the response.

    Args:
        channels, has_norm: of the `VGG`; fewer channels make the narrow networks.
    """
    return FullyConvolutional(VGG(channels, has_norm=has_norm), Correlation(adjust="batch_norm"), IMAGENET_RGB)


def siamfc_res22(scale: float = CORR_UP_SCALE, planes: int = STANDARD_PLANES) -> FullyConvolutional:
    """CIResNet22-FC of Zhang & Peng, "Deeper and Wider Siamese Networks for Real-Time Visual Tracking" (CVPR 2019).

    Args:
        scale: 0.1 is Corr_Up's, as SiamDW runs it; 1 gives what SiameseX's code computes.
        planes: of the backbone; fewer than 64 make the narrow networks.
    """
    return FullyConvolutional(ResNet22(planes=planes), Correlation(scale))


def siamfc_incep22(scale: float = CORR_UP_SCALE, planes: int = STANDARD_PLANES) -> FullyConvolutional:
    """CIResIncep22-FC of Zhang & Peng, "Deeper and Wider Siamese Networks" (CVPR 2019); options as in SiamFCRes22."""
    return FullyConvolutional(Incep22(planes), Correlation(scale))


def siamfc_next22(scale: float = CORR_UP_SCALE, planes: int = STANDARD_PLANES) -> FullyConvolutional:
    """CIRNeXt22-FC of Zhang & Peng, "Deeper and Wider Siamese Networks" (CVPR 2019); options as in SiamFCRes22."""
    return FullyConvolutional(ResNeXt22(planes), Correlation(scale))


def siamfc_res22w(scale: float = CORR_UP_SCALE, planes: int = STANDARD_PLANES) -> FullyConvolutional:
    """CIResNet22W-FC of Zhang & Peng, "Deeper and Wider Siamese Networks" (CVPR 2019): 3x3s of double width."""
    return FullyConvolutional(ResNet22(width=2, planes=planes), Correlation(scale))
