"""The adjust layers of SiamRPN++: 1x1 to a common width, and the exemplar's centre."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

EXEMPLAR_LIMIT = 20
"""A feature map narrower than this is an exemplar's and is cropped to its centre (pysot's rule)."""
CENTRE = 7
"""Side of the exemplar's centre crop in cells."""


class AdjustLayer(nn.Module):
    """1x1 convolution and batch norm; of an exemplar (map narrower than 20 cells), the centre 7x7 cells.

    Cropping the exemplar's features halves the later correlation and drops the cells that saw padding.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, features: Tensor) -> Tensor:
        features = self.downsample(features)
        side = features.shape[3]
        if side < EXEMPLAR_LIMIT:
            start = (side - CENTRE) // 2
            features = features[:, :, start : start + CENTRE, start : start + CENTRE]
        return features


class AdjustLayers(nn.Module):
    """One adjust layer per pyramid level, named `downsample2`, `downsample3`, ... as in pysot."""

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        super().__init__()
        self.out_channels = list(outputs)
        for index, (channels, width) in enumerate(zip(inputs, self.out_channels, strict=True)):
            self.add_module(f"downsample{index + 2}", AdjustLayer(channels, width))

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        return [layer(features) for layer, features in zip(self.children(), levels, strict=True)]
