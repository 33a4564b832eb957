"""Cropping-inside-residual (CIR) backbones: deeper networks whose padding never reaches the features.

Zhang & Peng, "Deeper and Wider Siamese Networks for Real-Time Visual Tracking" (SiamDW, CVPR 2019). A residual unit
pads its 3x3 convolution so that the addition fits, and crops the border that saw the padding afterwards. Modules are
named as in SiamDW, whose checkpoints therefore fit. Here the stem pools before its ReLU: the same values, less work.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STANDARD_PLANES = 64
"""Channels of the stem in the published networks."""


def crop_border(features: Tensor, margin: int = 1) -> Tensor:
    """Features without `margin` cells on every side."""
    return features[:, :, margin:-margin, margin:-margin]


class CirBottleneck(nn.Module):
    """Bottleneck unit, cropped after the addition (paper, figure 2a').

    `width` 2 gives the 3x3 convolution twice the channels (CIResNet-22W).
    """

    expansion = 4

    def __init__(self, inputs: int, planes: int, *, final_relu: bool = True, width: int = 1) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes * width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes * width)
        self.conv3 = nn.Conv2d(planes * width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.final_relu = final_relu

    def forward(self, features: Tensor) -> Tensor:
        residual = features if self.downsample is None else self.downsample(features)
        features = F.relu(self.bn1(self.conv1(features)))
        features = F.relu(self.bn2(self.conv2(features)))
        features = self.bn3(self.conv3(features)) + residual
        return crop_border(F.relu(features) if self.final_relu else features)


class _Branch3x3(nn.Module):
    """1x1, 3x3, 1x1: the wide branch of the inception unit."""

    def __init__(self, inputs: int, planes: int, *, final_relu: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * 4, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * 4)
        self.final_relu = final_relu

    def forward(self, features: Tensor) -> Tensor:
        features = F.relu(self.bn1(self.conv1(features)))
        features = F.relu(self.bn2(self.conv2(features)))
        features = self.bn3(self.conv3(features))
        return F.relu(features) if self.final_relu else features


class _Branch1x1(nn.Module):
    """A single 1x1: the narrow branch of the inception unit."""

    def __init__(self, inputs: int, planes: int, *, final_relu: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn = nn.BatchNorm2d(planes, eps=1e-3)
        self.final_relu = final_relu

    def forward(self, features: Tensor) -> Tensor:
        features = self.bn(self.conv(features))
        return F.relu(features) if self.final_relu else features


class CirInception(nn.Module):
    """Inception unit of a 3x3 and a 1x1 branch, concatenated, cropped (paper, figure 2c')."""

    expansion = 5

    def __init__(self, inputs: int, planes: int, *, final_relu: bool = True) -> None:
        super().__init__()
        self.branch3x3 = _Branch3x3(inputs, planes, final_relu=final_relu)
        self.branch1x1 = _Branch1x1(inputs, planes, final_relu=final_relu)

    def forward(self, features: Tensor) -> Tensor:
        return crop_border(torch.cat([self.branch3x3(features), self.branch1x1(features)], 1))


class CirResNeXt(nn.Module):
    """Unit of grouped paths (`cardinality`), batch norm after the addition, cropped (paper, figure 2d')."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, *, final_relu: bool = True, cardinality: int = 32) -> None:
        super().__init__()
        inner, outputs = planes * 2, planes * self.expansion
        self.basic = nn.Sequential()
        self.basic.add_module("conv1_0", nn.Conv2d(inputs, inner, 1, bias=False))
        self.basic.add_module("bn1", nn.BatchNorm2d(inner))
        self.basic.add_module("act0", nn.ReLU())
        self.basic.add_module("conv3_0", nn.Conv2d(inner, inner, 3, padding=1, groups=cardinality, bias=False))
        self.basic.add_module("bn2", nn.BatchNorm2d(inner))
        self.basic.add_module("act1", nn.ReLU())
        self.basic.add_module("conv1_1", nn.Conv2d(inner, outputs, 1, bias=False))
        self.basic.add_module("bn3", nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut.append(nn.Conv2d(inputs, outputs, 1, bias=False))
        self.bn0 = nn.BatchNorm2d(outputs)
        self.final_relu = final_relu

    def forward(self, features: Tensor) -> Tensor:
        features = self.bn0(self.basic(features) + self.shortcut(features))
        return crop_border(F.relu(features) if self.final_relu else features)


class _CirBackbone(nn.Module):
    """Two stages of three and four units; the second stage pools after its first unit. Total stride 8."""

    stride = 8

    def __init__(self, unit: Callable[..., nn.Module], expansion: int, planes: int) -> None:
        super().__init__()
        if planes < 2 or planes % 2:
            raise ValueError(f"planes is an even number of channels, not {planes}")
        self.out_channels = 2 * planes * expansion
        self._unit = unit
        self._expansion = expansion
        self._planes = planes

    def _stage(self, inputs: int, planes: int, count: int, *, pool: bool, final_relu: bool) -> nn.Sequential:
        layers: list[nn.Module] = []
        for index in range(count):
            is_last = index == count - 1
            layers.append(self._unit(inputs, planes, final_relu=final_relu or not is_last))
            if pool and index == 0:
                layers.append(nn.MaxPool2d(2, 2))
            inputs = planes * self._expansion
        return nn.Sequential(*layers)

    def _add_stages(self) -> None:
        planes = self._planes
        self.layer1 = self._stage(planes, planes, 3, pool=False, final_relu=True)
        # The last unit has no ReLU: correlation wants features of both signs.
        self.layer2 = self._stage(planes * self._expansion, 2 * planes, 4, pool=True, final_relu=False)


class ResNet22(_CirBackbone):
    """CIResNet-22: 7x7/2 padded, then cropped by 2; 512 channels. 127 -> 5 and 255 -> 21.

    Args:
        width: 2 doubles the channels of the 3x3 convolutions (CIResNet-22W).
        planes: channels of the stem and of the first stage's 3x3s; fewer than 64 make a narrow network.
    """

    def __init__(self, width: int = 1, planes: int = STANDARD_PLANES) -> None:
        def unit(inputs: int, planes: int, *, final_relu: bool) -> nn.Module:
            return CirBottleneck(inputs, planes, final_relu=final_relu, width=width)

        super().__init__(unit, CirBottleneck.expansion, planes)
        self.conv1 = nn.Conv2d(3, planes, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self._add_stages()

    def forward(self, images: Tensor) -> Tensor:
        features = crop_border(self.bn1(self.conv1(images)), 2)
        features = F.relu(F.max_pool2d(features, 2, 2))
        features = self.layer1(features)
        return cast(Tensor, self.layer2(features))


class Incep22(_CirBackbone):
    """CIResIncep-22: unpadded 7x7/2, inception units, 640 channels. 127 -> 5 and 255 -> 21; `planes` as in ResNet22."""

    def __init__(self, planes: int = STANDARD_PLANES) -> None:
        super().__init__(CirInception, CirInception.expansion, planes)
        self.conv1 = nn.Conv2d(3, planes, 7, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self._add_stages()

    def forward(self, images: Tensor) -> Tensor:
        features = F.relu(F.max_pool2d(self.bn1(self.conv1(images)), 3, 2))
        features = self.layer1(features)
        return cast(Tensor, self.layer2(features))


class ResNeXt22(_CirBackbone):
    """CIRNeXt-22: unpadded 7x7/2 with bias, 32-path units of width 4, 512 channels. 127 -> 5 and 255 -> 21.

    Args:
        planes: as in ResNet22; a narrow network has fewer paths of the same width.
    """

    def __init__(self, planes: int = STANDARD_PLANES) -> None:
        def unit(inputs: int, planes_here: int, *, final_relu: bool) -> nn.Module:
            return CirResNeXt(inputs, planes_here, final_relu=final_relu, cardinality=planes // 2)

        super().__init__(unit, CirResNeXt.expansion, planes)
        self.conv0 = nn.Conv2d(3, planes, 7, stride=2)
        self.bn0 = nn.BatchNorm2d(planes)
        self._add_stages()

    def forward(self, images: Tensor) -> Tensor:
        features = F.relu(F.max_pool2d(self.bn0(self.conv0(images)), 3, 2))
        features = self.layer1(features)
        return cast(Tensor, self.layer2(features))
