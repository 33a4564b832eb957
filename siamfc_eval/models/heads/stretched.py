"""A region-proposal head that also compares with the exemplar at other sizes and shapes.

What a correlation answers does not say whether the target grew or shrank: either way it falls, as each part of the
exemplar meets what was a little beside it, and a convolution that treats all places alike cannot tell inwards from
outwards. SiamFC therefore searches at several sizes. Here the exemplar is stretched instead, once per target: its
features at each stretch are correlated with the features of one search region, and the head reads the change of size
and shape from how the answers compare.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamfc_eval.models.heads.correlation import correlate_kernels
from siamfc_eval.models.heads.rpn import adjusting, correlate_depthwise

Stretches = tuple[tuple[float, float], ...]
"""Factors of width and height."""

STRETCHES: Stretches = (
    (1.0, 1.0),
    *((factor, factor) for factor in (0.64, 0.8, 1.25, 1.56)),
    *((factor, 1.0) for factor in (0.64, 0.8, 1.25, 1.56)),
    *((1.0, factor) for factor in (0.64, 0.8, 1.25, 1.56)),
)
"""The exemplar as it is, larger and smaller, wider and narrower, higher and lower."""


def stretch(images: Tensor, stretches: Stretches) -> Tensor:
    """Exemplars (n, c, h, w) stretched about their centres, shape (n * stretches, c, h, w), a target's in a row.

    Sampled bilinearly; what a smaller exemplar leaves free shows the border's pixels.
    """
    height, width = images.shape[-2:]
    down = (torch.arange(height, device=images.device, dtype=images.dtype) - (height - 1) / 2) * (2 / height)
    across = (torch.arange(width, device=images.device, dtype=images.dtype) - (width - 1) / 2) * (2 / width)
    grids = [
        torch.stack([(across / wide).expand(height, -1), (down / high)[:, None].expand(-1, width)], dim=-1)
        for wide, high in stretches
    ]
    grid = torch.stack(grids).repeat(len(images), 1, 1, 1)
    repeated = images.repeat_interleave(len(stretches), dim=0)
    return F.grid_sample(repeated, grid, padding_mode="border", align_corners=False)


class _Mixing(nn.Module):
    """A depth-wise correlation whose answers are mixed with those to the stretched exemplars."""

    def __init__(self, inputs: int, hidden: int, mixed: int, outputs: int, stretches: int) -> None:
        super().__init__()
        self.conv_kernel = adjusting(inputs, hidden)
        self.conv_search = adjusting(inputs, hidden)
        self.head = nn.Sequential(
            # What answers look like around a cell says more of the target's borders than those at the cell alone.
            nn.Conv2d(hidden + stretches, mixed, 3, padding=1, bias=False),
            nn.BatchNorm2d(mixed),
            nn.ReLU(inplace=True),
            nn.Conv2d(mixed, outputs, 1),
        )

    def forward(self, kernel: Tensor, search: Tensor, answers: Tensor) -> Tensor:
        correlation = correlate_depthwise(kernel, self.conv_search(search))
        output: Tensor = self.head(torch.cat([correlation, answers], dim=1))
        return output


class StretchedRPN(nn.Module):
    """SiamRPN++'s head with the answers to stretched exemplars as further channels.

    Exemplar features have the stretches' channels one after the other: (n, stretches * inputs, h, w).

    Args:
        inputs: channels of the features.
        hidden: channels that are correlated one by one.
        anchors: anchors per cell.
        mixed: channels between the answers and the outputs.
    """

    classes = 2
    stretches = STRETCHES

    def __init__(self, inputs: int, hidden: int | None = None, anchors: int = 5, mixed: int = 64) -> None:
        super().__init__()
        self.anchors = anchors
        count = len(self.stretches)
        self.cls = _Mixing(inputs, hidden or inputs, mixed, 2 * anchors, count)
        self.loc = _Mixing(inputs, hidden or inputs, mixed, 4 * anchors, count)
        self.answer_norm = nn.BatchNorm2d(count)

    def kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        count, _, height, width = levels[0].shape
        features = levels[0].reshape(count, len(self.stretches), -1, height, width)
        plain = features[:, 0]
        lengths = features.flatten(2).norm(dim=2)
        # The exemplar answers itself with 1, whatever its contrast.
        whole = features / (lengths * lengths[:, :1]).clamp(min=1e-12)[..., None, None, None]
        return cast(Tensor, self.cls.conv_kernel(plain)), cast(Tensor, self.loc.conv_kernel(plain)), whole

    def forward(self, kernels: tuple[Tensor, ...], levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        answers = self.answer_norm(correlate_kernels(kernels[2], levels[0]))
        return self.cls(kernels[0], levels[0], answers), self.loc(kernels[1], levels[0], answers)
