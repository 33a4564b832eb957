"""Training targets of anchors. Boxes are (cx, cy, w, h) in crop pixels from the search crop's centre.

Anchors are flattened anchor-major, then rows, then columns, as `siamfc_eval.tracking.families.siamrpn.anchors` lays
them out.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid
from siamfc_eval.tracking.families.siamrpn.on_device import overlaps

_LINEAR_FROM = 1.0 / 9.0
_LARGEST_GROWTH = 10.0
"""Limit of the log ratios, as `siamfc_eval.tracking.anchors.decode` has it."""

BoxLoss = Literal["giou", "diou"]
"""Losses of decoded boxes: generalised (Rezatofighi et al. 2019) and distance (Zheng et al. 2020) overlap."""


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
    shift = (target[:, :2] - grid[:, :2]) / grid[:, 2:]
    growth = torch.log(target[:, 2:] / grid[:, 2:])
    return AnchorTargets(overlaps(grid, boxes), torch.cat([shift, growth], dim=1))


def pick_anchors(
    overlaps: Tensor,
    limits: tuple[float, float],
    counts: tuple[int, int],
    generator: torch.Generator,
    *,
    best: int = 0,
    scores: Tensor | None = None,
    hard: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Which anchors count, drawn at random where there are too many.

    Args:
        overlaps: shape (n, anchors); a pair without a target has zeros.
        limits: overlap from which an anchor is positive, and up to which it is negative.
        counts: positive anchors per pair at most, and all anchors per pair at most; negative ones fill up.
        generator: the source of chance.
        best: so many anchors of each pair are positive whatever they overlap, those that overlap the target most (the
            rule of Faster R-CNN, Ren et al. 2015, section 3.1.2, which has one). Without them a target that is shown
            much larger or smaller than its exemplar has no positive anchor, and nothing is learned of its size.
        scores: shape (n, anchors), logits; needed where `hard` is not 0.
        hard: share of a pair's negative anchors that are those with the highest scores (online hard example mining,
            Shrivastava et al. 2016); the others are drawn.

    Returns:
        Two masks of shape (n, anchors): positive and negative.
    """
    chance = torch.rand(overlaps.shape, generator=generator)
    is_best = (overlaps > 0.0) & (_rank(-overlaps, overlaps > 0.0) < best)
    is_positive = (overlaps >= limits[0]) | is_best
    is_negative = (overlaps <= limits[1]) & ~is_positive
    chosen_positive = is_positive & (_rank(chance, is_positive) < counts[0])
    left = counts[1] - chosen_positive.sum(dim=1, keepdim=True)
    if scores is None or hard == 0.0:
        return chosen_positive, is_negative & (_rank(chance, is_negative) < left)
    hardest = is_negative & (_rank(-scores, is_negative) < (left * hard).round())
    others = is_negative & ~hardest
    left = left - hardest.sum(dim=1, keepdim=True)
    return chosen_positive, hardest | (others & (_rank(chance, others) < left))


def _rank(key: Tensor, allowed: Tensor) -> Tensor:
    """Place of each allowed anchor in the order of a key, the least first; the others come last."""
    order = torch.where(allowed, key, torch.inf).argsort(dim=1)
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


def decode_offsets(
    offsets: Tensor, cells: int, stride: int, scales: tuple[float, ...], ratios: tuple[float, ...]
) -> Tensor:
    """The boxes that offsets stand for, as the tracker decodes them, with gradients.

    Args:
        offsets: shape (n, 4, anchors).
        cells, stride, scales, ratios: as for `anchor_targets`.

    Returns:
        (n, 4, anchors): cx, cy, w, h.
    """
    grid = torch.from_numpy(anchor_grid(cells, stride, scales, ratios).copy()).to(offsets)[None]
    centre = grid[:, :2] + offsets[:, :2] * grid[:, 2:]
    size = grid[:, 2:] * torch.exp(offsets[:, 2:].clamp(-_LARGEST_GROWTH, _LARGEST_GROWTH))
    return torch.cat([centre, size], dim=1)


def box_loss(boxes: Tensor, targets: Tensor, positive: Tensor, kind: BoxLoss) -> Tensor:
    """1 - GIoU or 1 - DIoU of the boxes of positive anchors with their targets, averaged over these anchors.

    Unlike smooth-L1 of four offsets it asks for what is measured, an overlap, and weighs errors of small and large,
    thin and square targets alike. With C the smallest box around both, GIoU is IoU - (|C| - |union|) / |C|
    (Rezatofighi et al., CVPR 2019, algorithm 1); DIoU is IoU less the squared distance of the centres over the squared
    diagonal of C (Zheng et al., AAAI 2020, equation 7).

    Args:
        boxes: shape (n, 4, anchors).
        targets: shape (n, 4).
        positive: shape (n, anchors).
    """
    pairs, _ = positive.nonzero(as_tuple=True)
    ours, theirs = boxes.transpose(1, 2)[positive], targets[pairs]
    corners = [(box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2) for box in (ours, theirs)]
    (low, high), (their_low, their_high) = corners
    shared = (torch.minimum(high, their_high) - torch.maximum(low, their_low)).clamp(min=0.0).prod(dim=1)
    union = ours[:, 2:].prod(dim=1) + theirs[:, 2:].prod(dim=1) - shared
    around = torch.maximum(high, their_high) - torch.minimum(low, their_low)
    if kind == "giou":
        hull = around.prod(dim=1)
        penalty = (hull - union) / hull
    else:
        penalty = (ours[:, :2] - theirs[:, :2]).square().sum(dim=1) / around.square().sum(dim=1)
    return (1.0 - shared / union + penalty).sum() / max(len(ours), 1)
