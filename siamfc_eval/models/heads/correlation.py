"""Plain cross-correlation, the head of the SiamFC family."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamfc_eval.errors import InputError


def cross_correlate(exemplars: Tensor, searches: Tensor) -> Tensor:
    """Slide every exemplar's features over its own search features, never over another sample's.

    Args:
        exemplars: (n, c, h, w).
        searches: (n * k, c, H, W): k search regions (scales) in a row for each exemplar; k = 1 is the plain case.

    Returns:
        (n * k, 1, H - h + 1, W - w + 1), unscaled sums of products.
    """
    count, channels, height, width = exemplars.shape
    total, search_channels, search_height, search_width = searches.shape
    if count == 0 or total % count or channels != search_channels or search_height < height or search_width < width:
        raise InputError(
            f"cross-correlation of exemplar features {tuple(exemplars.shape)} with search features "
            f"{tuple(searches.shape)}: equal channels, a multiple of the exemplars' count and a larger map are expected"
        )
    scales = total // count
    # One group per exemplar: (k, n * c, H, W) with kernels (n, c, h, w).
    stacked = searches.reshape(count, scales, channels, search_height, search_width).transpose(0, 1)
    response = F.conv2d(stacked.reshape(scales, count * channels, search_height, search_width), exemplars, groups=count)
    return response.transpose(0, 1).reshape(total, 1, *response.shape[2:])


class Correlation(nn.Module):
    """Cross-correlation times a constant, with an optional learned adjustment.

    Args:
        scale: the constant: 0.001 in siamfc-pytorch, 0.1 in SiamDW's Corr_Up, 1 in SiameseX's effective code.
        adjust: "none"; "bias" (the paper's b, a learned scalar added to the map); "affine" (learned gain and bias,
            MatConvNet's fin_adjust); "batch_norm" (BatchNorm2d(1), SiamVGG).
    """

    def __init__(self, scale: float = 1.0, adjust: str = "none") -> None:
        super().__init__()
        self.scale = scale
        self.adjust: nn.Module
        if adjust == "batch_norm":
            self.adjust = nn.BatchNorm2d(1)
        elif adjust in ("bias", "affine"):
            self.adjust = _Affine(has_gain=adjust == "affine")
        elif adjust == "none":
            self.adjust = nn.Identity()
        else:
            raise ValueError(f"adjust is none, bias, affine or batch_norm, not '{adjust}'")

    def forward(self, exemplars: Tensor, searches: Tensor) -> Tensor:
        response = cross_correlate(exemplars, searches) * self.scale
        adjusted: Tensor = self.adjust(response)
        return adjusted


class _Affine(nn.Module):
    """gain * response + bias with scalar parameters; without a gain the parameter does not exist."""

    def __init__(self, *, has_gain: bool) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(())) if has_gain else None
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, response: Tensor) -> Tensor:
        return response + self.bias if self.gain is None else response * self.gain + self.bias
