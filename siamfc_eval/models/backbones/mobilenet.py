"""MobileNetV2 with dilated upper layers, total stride 8: SiamRPN++'s light backbone."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

LAYERS = (
    # expansion, channels, units, stride, dilation
    (1, 16, 1, 1, 1),
    (6, 24, 2, 2, 1),
    (6, 32, 3, 2, 1),
    (6, 64, 4, 1, 2),
    (6, 96, 3, 1, 2),
    (6, 160, 3, 1, 4),
    (6, 320, 1, 1, 4),
)


class InvertedResidual(nn.Module):
    """1x1 expansion, 3x3 depth-wise, 1x1 projection without activation."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, dilation: int) -> None:
        super().__init__()
        inner = inputs * expansion
        padding = dilation if dilation > 1 else 2 - stride
        self.has_shortcut = stride == 1 and inputs == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(inputs, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, inner, 3, stride, padding, dilation=dilation, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, features: Tensor) -> Tensor:
        out: Tensor = self.conv(features)
        return features + out if self.has_shortcut else out


class MobileNetV2(nn.Module):
    """Sandler et al., "MobileNetV2" (CVPR 2018), dilated from layer 4 on as in pysot, whose checkpoints fit.

    Args:
        width: multiplies every channel count (pysot uses 1.4).
        used_layers: which of the layers 0 to 7 to give.

    Shapes: (n, 3, H, W) -> one (n, c, h, w) per used layer, of stride 8 from layer 3 on.
    """

    stride = 8

    def __init__(self, width: float = 1.4, used_layers: Sequence[int] = (3, 5, 7)) -> None:
        super().__init__()
        if not used_layers or min(used_layers) < 3 or max(used_layers) > len(LAYERS):
            raise ValueError(f"used_layers are among 3 to {len(LAYERS)}, not {tuple(used_layers)}")
        self.used_layers = tuple(used_layers)
        inputs = int(32 * width)
        self.layer0 = nn.Sequential(
            nn.Conv2d(3, inputs, 3, 2, bias=False), nn.BatchNorm2d(inputs), nn.ReLU6(inplace=True)
        )
        channels = [inputs]
        previous_dilation = 1
        for number, (expansion, base, count, stride, dilation) in enumerate(LAYERS, start=1):
            outputs = int(base * width)
            # As in the dilated ResNet, the unit that raises the dilation has half of it.
            first_dilation = dilation if dilation == previous_dilation else max(dilation // 2, 1)
            units: list[nn.Module] = []
            for index in range(count):
                is_first = index == 0
                units.append(
                    InvertedResidual(
                        inputs, outputs, stride if is_first else 1, expansion, first_dilation if is_first else dilation
                    )
                )
                inputs = outputs
            self.add_module(f"layer{number}", nn.Sequential(*units))
            channels.append(outputs)
            previous_dilation = dilation
        self.out_channels = [channels[layer] for layer in self.used_layers]

    def forward(self, images: Tensor) -> list[Tensor]:
        features = images
        used: list[Tensor] = []
        for number in range(len(LAYERS) + 1):
            features = self.get_submodule(f"layer{number}")(features)
            if number in self.used_layers:
                used.append(features)
        return used
