"""ResNet-18, -34 and -50 with dilated upper stages, total stride 8: SiamRPN++'s backbones.

Li et al., "SiamRPN++: Evolution of Siamese Visual Tracking with Very Deep Networks" (CVPR 2019). Stages 3 and 4 keep
stride 1 and dilate instead. Modules are named as in pysot, whose checkpoints therefore fit.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


def _first_geometry(stride: int, dilation: int) -> tuple[int, int]:
    """(padding, dilation) of the strided or dilated convolutions of a stage's first unit.

    The first unit of a dilated stage has half the stage's dilation; a strided one goes without padding.
    """
    if dilation > 1:
        return dilation // 2, dilation // 2
    return 2 - stride, 1


def _shortcut(inputs: int, outputs: int, stride: int, dilation: int) -> nn.Sequential | None:
    """Projection of the first unit: 1x1 in stage 1, else 3x3 with the unit's own geometry, so that no cell is lost."""
    if stride == 1 and dilation == 1:
        if inputs == outputs:
            return None
        convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
    else:
        padding, dilation = _first_geometry(stride, dilation)
        convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=padding, dilation=dilation, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs))


class BasicUnit(nn.Module):
    """Two 3x3 convolutions (ResNet-18 and -34)."""

    expansion = 1

    def __init__(self, inputs: int, planes: int, stride: int, dilation: int, *, is_first: bool) -> None:
        super().__init__()
        self.downsample = _shortcut(inputs, planes, stride, dilation) if is_first else None
        has_shortcut = self.downsample is not None
        padding, first_dilation = _first_geometry(stride, dilation) if has_shortcut else (dilation, dilation)
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride=stride, padding=padding, dilation=first_dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=dilation, dilation=dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)

    def forward(self, features: Tensor) -> Tensor:
        residual = features if self.downsample is None else self.downsample(features)
        features = F.relu(self.bn1(self.conv1(features)))
        return F.relu(self.bn2(self.conv2(features)) + residual)


class BottleneckUnit(nn.Module):
    """1x1, 3x3, 1x1 (ResNet-50)."""

    expansion = 4

    def __init__(self, inputs: int, planes: int, stride: int, dilation: int, *, is_first: bool) -> None:
        super().__init__()
        outputs = planes * self.expansion
        self.downsample = _shortcut(inputs, outputs, stride, dilation) if is_first else None
        has_shortcut = self.downsample is not None
        padding, first_dilation = _first_geometry(stride, dilation) if has_shortcut else (dilation, dilation)
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=stride, padding=padding, dilation=first_dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)

    def forward(self, features: Tensor) -> Tensor:
        residual = features if self.downsample is None else self.downsample(features)
        features = F.relu(self.bn1(self.conv1(features)))
        features = F.relu(self.bn2(self.conv2(features)))
        return F.relu(self.bn3(self.conv3(features)) + residual)


UNITS: dict[int, tuple[type[BasicUnit] | type[BottleneckUnit], tuple[int, int, int, int]]] = {
    18: (BasicUnit, (2, 2, 2, 2)),
    34: (BasicUnit, (3, 4, 6, 3)),
    50: (BottleneckUnit, (3, 4, 6, 3)),
}
"""Unit and number of units per stage, by depth."""


class DilatedResNet(nn.Module):
    """ResNet whose stages 3 and 4 dilate by 2 and 4; gives the features of the used stages, finest first.

    Args:
        depth: 18, 34 or 50.
        used_stages: which of the stages 1 to 4 to give; stages after the last of them are not built.

    Shapes: (n, 3, H, W) -> one (n, c, h, w) per used stage, all of stride 8 (from stage 2 on); 127 -> 15, 255 -> 31.
    """

    stride = 8

    def __init__(self, depth: int = 50, used_stages: Sequence[int] = (2, 3, 4)) -> None:
        super().__init__()
        if depth not in UNITS:
            raise ValueError(f"ResNet depth is one of {sorted(UNITS)}, not {depth}")
        if not used_stages or min(used_stages) < 2 or max(used_stages) > 4:
            raise ValueError(f"used_stages are among 2, 3 and 4, not {tuple(used_stages)}")
        unit, counts = UNITS[depth]
        self.used_stages = tuple(used_stages)
        self.out_channels = [64 * 2 ** (stage - 1) * unit.expansion for stage in self.used_stages]
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage in range(1, max(self.used_stages) + 1):
            planes = 64 * 2 ** (stage - 1)
            stride, dilation = {1: (1, 1), 2: (2, 1), 3: (1, 2), 4: (1, 4)}[stage]
            layers: list[nn.Module] = []
            for index in range(counts[stage - 1]):
                is_first = index == 0
                layers.append(unit(inputs, planes, stride if is_first else 1, dilation, is_first=is_first))
                inputs = planes * unit.expansion
            self.add_module(f"layer{stage}", nn.Sequential(*layers))

    def forward(self, images: Tensor) -> list[Tensor]:
        features = F.relu(self.bn1(self.conv1(images)))
        features = F.max_pool2d(features, 3, 2, padding=1)
        used: list[Tensor] = []
        for stage in range(1, max(self.used_stages) + 1):
            features = self.get_submodule(f"layer{stage}")(features)
            if stage in self.used_stages:
                used.append(features)
        return used
