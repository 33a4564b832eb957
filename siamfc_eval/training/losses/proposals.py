"""Training targets of anchors. Boxes are (cx, cy, w, h) in crop pixels from the search crop's centre.

Anchors are flattened anchor-major, then rows, then columns, as `siamfc_eval.tracking.families.siamrpn.anchors` lays
them out.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid

_LINEAR_FROM = 1.0 / 9.0


class AnchorTargets(NamedTuple):
    """What each anchor of each pair should answer."""

    overlaps: Tensor
    """(n, anchors): intersection over union with the target."""
    offsets: Tensor
    """(n, 4, anchors): dx, dy in anchor sides, log ratios of w and h."""


def anchor_targets(
    boxes: Tensor, cells: int, stride: int, scales: tuple[float, ...], ratios: tuple[float, ...]
) -> AnchorTargets:
    """Overlaps and offsets of all anchors.

    Args:
        boxes: shape (n, 4), the targets.
        cells: side of the response.
        stride: of the network.
        scales, ratios: of the anchors.
    """
    grid = torch.from_numpy(anchor_grid(cells, stride, scales, ratios).copy()).to(boxes)[None]
    target = boxes[:, :, None]
    low = torch.maximum(grid[:, :2] - grid[:, 2:] / 2, target[:, :2] - target[:, 2:] / 2)
    high = torch.minimum(grid[:, :2] + grid[:, 2:] / 2, target[:, :2] + target[:, 2:] / 2)
    shared = (high - low).clamp(min=0.0).prod(dim=1)
    union = grid[:, 2:].prod(dim=1) + target[:, 2:].prod(dim=1) - shared
    shift = (target[:, :2] - grid[:, :2]) / grid[:, 2:]
    growth = torch.log(target[:, 2:] / grid[:, 2:])
    return AnchorTargets(shared / union, torch.cat([shift, growth], dim=1))


def pick_anchors(
    overlaps: Tensor, limits: tuple[float, float], counts: tuple[int, int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Which anchors count, drawn at random where there are too many.

    Args:
        overlaps: shape (n, anchors); a pair without a target has zeros.
        limits: overlap from which an anchor is positive, and up to which it is negative.
        counts: positive anchors per pair at most, and all anchors per pair at most; negative ones fill up.
        generator: the source of chance.

    Returns:
        Two masks of shape (n, anchors): positive and negative.
    """
    chance = torch.rand(overlaps.shape, generator=generator)
    is_positive, is_negative = overlaps >= limits[0], overlaps <= limits[1]
    chosen_positive = is_positive & (_rank(chance, is_positive) < counts[0])
    left = counts[1] - chosen_positive.sum(dim=1, keepdim=True)
    return chosen_positive, is_negative & (_rank(chance, is_negative) < left)


def _rank(chance: Tensor, allowed: Tensor) -> Tensor:
    """Place of each allowed anchor in a random order; the others come last."""
    order = torch.where(allowed, chance, 2.0).argsort(dim=1)
    return torch.empty_like(order).scatter_(1, order, torch.arange(order.shape[1]).expand_as(order).contiguous())


def proposal_scores(model: RegionProposal, scores: Tensor) -> Tensor:
    """Logits of "target" against "none", shape (n, anchors), from raw class scores."""
    if model.classes == 1:
        return scores.flatten(1)
    pair = scores.reshape(scores.shape[0], 2, -1)
    return pair[:, 1] - pair[:, 0]


def location_loss(offsets: Tensor, targets: Tensor, positive: Tensor) -> Tensor:
    """Smooth-L1 of the offsets of positive anchors, summed over the four and averaged over the anchors.

    It is quadratic below 1/9 and linear beyond, as the region proposal network of Faster R-CNN has it (Girshick's
    sigma of 3). Were it quadratic up to 1, errors of a tenth of a side would hardly count.

    Args:
        offsets, targets: shape (n, 4, anchors).
        positive: shape (n, anchors).
    """
    losses = F.smooth_l1_loss(offsets, targets, reduction="none", beta=_LINEAR_FROM).sum(dim=1)
    return (losses * positive).sum() / positive.sum().clamp(min=1)
