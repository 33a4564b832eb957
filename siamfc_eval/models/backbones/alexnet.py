"""The AlexNet of SiamFC: five unpadded convolutions, total stride 8."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

KERNELS = (11, 5, 3, 3, 3)
STANDARD_WIDTHS = (96, 256, 384, 384, 256)


class AlexNet(nn.Module):
    """AlexNet without padding, after Bertinetto et al., "Fully-Convolutional Siamese Networks", table 1 (ECCVW 2016).

    conv 11/2, pool 3/2; conv 5, pool 3/2; conv 3; conv 3; conv 3, with batch norm and ReLU after each but the last.
    Modules are named as in siamfc-pytorch (`conv1.0` convolution, `conv1.1` batch norm), so that its checkpoints,
    which everybody has, fit as they are.

    Args:
        channels: output channels of the convolutions; fewer than five make a shallower network (CFNet's baselines).
        groups: groups of each convolution; the original splits conv2, conv4 and conv5 in two.
        final_norm: whether batch norm follows the last convolution (SiamRPN of DaSiamRPN and pysot).
        final_relu: whether ReLU follows the last convolution (CFNet).
        conv1_stride: stride of the first convolution.
        pool2_stride: stride of the second pooling; 1 gives a total stride of 4 (CFNet).
        eps, momentum: of batch norm.

    Shapes: (n, 3, H, W) -> (n, channels[-1], h, w); 127 -> 6 and 255 -> 22 with the standard options.
    """

    def __init__(
        self,
        channels: Sequence[int] = STANDARD_WIDTHS,
        groups: Sequence[int] = (1, 2, 1, 2, 2),
        *,
        final_norm: bool = False,
        final_relu: bool = False,
        conv1_stride: int = 2,
        pool2_stride: int = 2,
        eps: float = 1e-6,
        momentum: float = 0.05,
    ) -> None:
        super().__init__()
        if not 1 <= len(channels) <= len(KERNELS):
            raise ValueError(f"AlexNet has one to five convolutions, not {len(channels)}")
        self.out_channels = channels[-1]
        self.depth = len(channels)
        self.stride = conv1_stride * (2 if self.depth > 1 else 1) * (pool2_stride if self.depth > 2 else 1)
        inputs = 3
        for index, outputs in enumerate(channels):
            is_last = index == self.depth - 1
            layers: list[nn.Module] = [
                nn.Conv2d(
                    inputs, outputs, KERNELS[index], stride=conv1_stride if index == 0 else 1, groups=groups[index]
                )
            ]
            if not is_last or final_norm:
                layers.append(nn.BatchNorm2d(outputs, eps=eps, momentum=momentum))
            # Pooling first gives the same values and gradients, and leaves the ReLU a quarter of the cells.
            if index < 2 and not is_last:
                layers.append(nn.MaxPool2d(3, 2 if index == 0 else pool2_stride))
            if not is_last or final_relu:
                layers.append(nn.ReLU(inplace=True))
            self.add_module(f"conv{index + 1}", nn.Sequential(*layers))
            inputs = outputs

    def forward(self, images: Tensor) -> Tensor:
        features = images
        for stage in self.children():
            features = cast(Tensor, stage(features))
        return features
