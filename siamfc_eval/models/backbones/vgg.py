"""The VGG of SiamVGG: ten unpadded 3x3 convolutions and a 1x1, total stride 8."""

from __future__ import annotations

from torch import Tensor, nn

BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))


class VGG(nn.Module):
    """VGG-16's first ten convolutions without padding, then 1x1 to 256 channels.

    Li & Zhang, "SiamVGG: Visual Tracking using Deeper Siamese Networks" (2019). Module indices are SiameseX's
    (`features.N`), which are VGG-16's own up to the last.

    Shapes: (n, 3, H, W) -> (n, 256, h, w); 127 -> 4 and 255 -> 20.
    """

    stride = 8
    out_channels = 256

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for block in BLOCKS:
            if layers:
                # Before the last ReLU, which gives the same values for a quarter of the work.
                layers.insert(-1, nn.MaxPool2d(2, 2))
            for outputs in block:
                layers += [nn.Conv2d(inputs, outputs, 3), nn.ReLU(inplace=True)]
                inputs = outputs
        self.features = nn.Sequential(*layers, nn.Conv2d(inputs, self.out_channels, 1))

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.features(images)
        return features
