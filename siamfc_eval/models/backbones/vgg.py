"""The VGG of SiamVGG: ten unpadded 3x3 convolutions and a 1x1, total stride 8."""

from __future__ import annotations

from torch import Tensor, nn

STANDARD_CHANNELS = 64
"""Channels of the first block in the published network."""


class VGG(nn.Module):
    """VGG-16's first ten convolutions without padding, then 1x1 to 256 channels.

    Li & Zhang, "SiamVGG: Visual Tracking using Deeper Siamese Networks" (2019). Module indices are SiameseX's
    (`features.N`), which are VGG-16's own up to the last.

    Args:
        channels: of the first block; the others have 2, 4 and 8 times as many. Fewer than 64 make a narrow network.
        has_norm: whether batch norm follows each 3x3 convolution. The published network has none, and a narrow network
            that was trained with it gives it up when it is widened (`training.widening`).

    Shapes: (n, 3, H, W) -> (n, 4 * channels, h, w); 127 -> 4 and 255 -> 20.
    """

    stride = 8

    def __init__(self, channels: int = STANDARD_CHANNELS, *, has_norm: bool = False) -> None:
        super().__init__()
        if channels < 1:
            raise ValueError(f"channels is at least 1, not {channels}")
        self.out_channels = 4 * channels
        layers: list[nn.Module] = []
        inputs = 3
        for outputs, count in ((channels, 2), (2 * channels, 2), (4 * channels, 3), (8 * channels, 3)):
            if layers:
                # Before the last ReLU, which gives the same values for a quarter of the work.
                layers.insert(-1, nn.MaxPool2d(2, 2))
            for _ in range(count):
                layers.append(nn.Conv2d(inputs, outputs, 3, bias=not has_norm))
                layers += [nn.BatchNorm2d(outputs)] if has_norm else []
                layers.append(nn.ReLU(inplace=True))
                inputs = outputs
        self.features = nn.Sequential(*layers, nn.Conv2d(inputs, self.out_channels, 1))

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features
