"""Region-proposal heads: class scores and box offsets for every anchor.

A head works in two steps, so that what depends on the exemplar alone is computed once per target:
`kernels(exemplar_features)` gives a tuple of tensors with the targets along the first axis; `forward(kernels,
search_features)` gives (cls, loc). Features are lists with one tensor per pyramid level.

Channels of cls are ordered (class, anchor) and those of loc (dx dy dw dh, anchor), as in DaSiamRPN and pysot.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamfc_eval.models.heads.correlation import correlate_kernels


def correlate_depthwise(kernels: Tensor, searches: Tensor) -> Tensor:
    """Correlate each target's kernels with its own search features, channel by channel; samples never mix.

    Args:
        kernels: (n, c, h, w).
        searches: (n * k, c, H, W), k in a row for each target.

    Returns:
        (n * k, c, H - h + 1, W - w + 1).
    """
    count, channels, side_y, side_x = kernels.shape
    total, _, height, width = searches.shape
    scales = total // count
    stacked = searches.reshape(count, scales, channels, height, width).transpose(0, 1)
    response = F.conv2d(
        stacked.reshape(scales, count * channels, height, width),
        kernels.reshape(count * channels, 1, side_y, side_x),
        groups=count * channels,
    )
    response = response.reshape(scales, count, channels, *response.shape[2:]).transpose(0, 1)
    return response.reshape(total, channels, *response.shape[3:])


class UpChannelRPN(nn.Module):
    """Li et al., "High Performance Visual Tracking with Siamese Region Proposal Network" (SiamRPN, CVPR 2018).

    The exemplar's features are blown up to one kernel per output channel, which makes this head's template the largest
    of the family; it depends on the exemplar only and is computed once.

    Args:
        inputs: channels of the features.
        hidden: channels that are correlated; equal to `inputs` except in some SiamDW and DaSiamRPN networks.
        anchors: anchors per cell.
        classes: class scores per anchor: 2 (softmax) or 1 (sigmoid, SiamDW).
    """

    def __init__(self, inputs: int, hidden: int | None = None, anchors: int = 5, classes: int = 2) -> None:
        super().__init__()
        if classes not in (1, 2):
            raise ValueError(f"classes is 1 or 2, not {classes}")
        self.hidden = inputs if hidden is None else hidden
        self.anchors, self.classes = anchors, classes
        self.template_cls = nn.Conv2d(inputs, self.hidden * classes * anchors, 3)
        self.template_loc = nn.Conv2d(inputs, self.hidden * 4 * anchors, 3)
        self.search_cls = nn.Conv2d(inputs, self.hidden, 3)
        self.search_loc = nn.Conv2d(inputs, self.hidden, 3)
        self.loc_adjust = nn.Conv2d(4 * anchors, 4 * anchors, 1)

    @torch.no_grad()
    def scale_answers(self, cls: float, loc: float) -> None:
        """Multiply both answers by factors, in place; either side of a correlation takes the square root."""
        sides = ((self.template_cls, cls), (self.search_cls, cls), (self.template_loc, loc), (self.search_loc, loc))
        for convolution, factor in sides:
            for parameter in convolution.parameters():
                parameter.mul_(factor**0.5)

    def kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        cls, loc = self.template_cls(levels[0]), self.template_loc(levels[0])
        side = cls.shape[2:]
        return cls.reshape(-1, self.classes * self.anchors, self.hidden, *side), loc.reshape(
            -1, 4 * self.anchors, self.hidden, *side
        )

    def forward(self, kernels: tuple[Tensor, ...], levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        cls = correlate_kernels(kernels[0], self.search_cls(levels[0]))
        loc = correlate_kernels(kernels[1], self.search_loc(levels[0]))
        return cls, self.loc_adjust(loc)


class DepthwiseCorrelation(nn.Module):
    """Adjust both sides, correlate channel by channel, then mix the channels."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.conv_kernel = adjusting(inputs, hidden)
        self.conv_search = adjusting(inputs, hidden)
        self.head = nn.Sequential(
            nn.Conv2d(hidden, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, outputs, 1),
        )

    def kernel(self, exemplar: Tensor) -> Tensor:
        features: Tensor = self.conv_kernel(exemplar)
        return features

    def forward(self, kernel: Tensor, search: Tensor) -> Tensor:
        correlation = correlate_depthwise(kernel, self.conv_search(search))
        output: Tensor = self.head(correlation)
        return output


def adjusting(inputs: int, hidden: int) -> nn.Sequential:
    """What fits features to a correlation: a convolution of 3 x 3 cells, without padding."""
    return nn.Sequential(nn.Conv2d(inputs, hidden, 3, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(inplace=True))


class DepthwiseRPN(nn.Module):
    """SiamRPN++'s head: depth-wise correlation, a tenth of the up-channel head's parameters."""

    classes = 2

    def __init__(self, inputs: int, hidden: int | None = None, anchors: int = 5) -> None:
        super().__init__()
        self.anchors = anchors
        self.cls = DepthwiseCorrelation(inputs, hidden or inputs, 2 * anchors)
        self.loc = DepthwiseCorrelation(inputs, hidden or inputs, 4 * anchors)

    def kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        return self.cls.kernel(levels[0]), self.loc.kernel(levels[0])

    def forward(self, kernels: tuple[Tensor, ...], levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        return self.cls(kernels[0], levels[0]), self.loc(kernels[1], levels[0])


class MultiRPN(nn.Module):
    """One depth-wise RPN per pyramid level, averaged separately for cls and loc.

    Args:
        inputs: channels of each level.
        anchors: anchors per cell.
        weighted: learn the weights of the average (softmax); otherwise all levels count alike.
    """

    classes = 2

    def __init__(self, inputs: Sequence[int], anchors: int = 5, *, weighted: bool = True) -> None:
        super().__init__()
        self.anchors = anchors
        self.count = len(inputs)
        for index, channels in enumerate(inputs):
            self.add_module(f"rpn{index + 2}", DepthwiseRPN(channels, anchors=anchors))
        self.cls_weight = nn.Parameter(torch.ones(self.count)) if weighted else None
        self.loc_weight = nn.Parameter(torch.ones(self.count)) if weighted else None

    def _levels(self) -> list[DepthwiseRPN]:
        return [head for head in self.children() if isinstance(head, DepthwiseRPN)]

    def _shares(self, weight: Tensor | None) -> list[Tensor] | list[float]:
        """What each level counts in the average; they sum to 1."""
        return [1 / self.count] * self.count if weight is None else list(torch.softmax(weight, 0))

    def kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        kernels: list[Tensor] = []
        for head, features in zip(self._levels(), levels, strict=True):
            kernels.extend(head.kernels([features]))
        return tuple(kernels)

    def forward(self, kernels: tuple[Tensor, ...], levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        cls_weight, loc_weight = self._shares(self.cls_weight), self._shares(self.loc_weight)
        cls_sum: Tensor | None = None
        loc_sum: Tensor | None = None
        for index, (head, features) in enumerate(zip(self._levels(), levels, strict=True)):
            cls, loc = head(kernels[2 * index : 2 * index + 2], [features])
            cls, loc = cls * cls_weight[index], loc * loc_weight[index]
            cls_sum = cls if cls_sum is None else cls_sum + cls
            loc_sum = loc if loc_sum is None else loc_sum + loc
        assert cls_sum is not None
        assert loc_sum is not None
        return cls_sum, loc_sum
