"""A step of the SiamRPN family for many targets at once, on the device where the network is.

What `SiamRPNTracker` computes for one target with numpy, in the same order; only boxes, confidences and the best scores
of each cell come back.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from siamfc_eval.tracking.families.siamese.device_frames import DeviceFrames, Squares
from siamfc_eval.tracking.families.siamese.on_device import Targets, context_sides
from siamfc_eval.tracking.families.siamrpn.anchors import VOTE_POWER, anchor_grid
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters


def search_squares(targets: Targets, p: SiamRPNParameters, size: int) -> Squares:
    """The squares to search, which become crops of `size` pixels."""
    sides = context_sides(targets.size, p.context) * (size / p.exemplar_size)
    return Squares(targets.frame, targets.centre, sides, targets.fill)


def locate(
    scores: Tensor,
    offsets: Tensor,
    targets: Targets,
    frames: DeviceFrames,
    p: SiamRPNParameters,
    *,
    stride: int,
    influence: Tensor,
    shapes: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where targets are.

    Args:
        scores: shape (n, a, r, r), probabilities.
        offsets: shape (n, 4, a, r, r).
        targets: where they were.
        frames: of the targets.
        p: hyper-parameters.
        stride: of the network.
        influence: shape (n,), float64: weight of the window.
        shapes: shape (n,), float64: log of width / height on the first frames.

    Returns:
        Centres (n, 2), sizes (n, 2), confidences (n,) and the best scores of each cell (n, r, r). A target whose
        confidence says that it is lost stays where it was.
    """
    count, cells = len(scores), scores.shape[-1]
    zoom = context_sides(targets.size, p.context)[:, None] / p.exemplar_size
    anchors = _anchors(cells, stride, p.anchor_scales, p.anchor_ratios, scores.device)
    moved = offsets.double().reshape(count, 4, -1)
    boxes = torch.cat([anchors[:2] + moved[:, :2] * anchors[2:], anchors[2:] * moved[:, 2:].clamp(-10, 10).exp()], 1)
    boxes[:, 2:] = _hold_shape(boxes[:, 2:], shapes, p.shape_share)
    flat = scores.double().reshape(count, -1)
    penalty = torch.exp(-p.penalty_k * (_size_change(boxes[:, 2:], targets.size / zoom, p.context) - 1.0))
    penalised = penalty * flat
    window = _window(cells, scores.device).repeat(scores.shape[1])
    weight = influence[:, None]
    best = (penalised * (1.0 - weight) + window * weight).argmax(dim=1)

    each = torch.arange(count, device=scores.device)
    confidence = flat[each, best]
    chosen = _vote(boxes, penalised, best, p.vote_overlap)
    rate = (penalised[each, best] * p.size_rate)[:, None]
    limits = frames.limits[targets.frame]
    sizes = (1.0 - rate) * targets.size + rate * chosen[:, 2:] * zoom
    sizes = sizes.clamp(limits.clamp(max=p.min_size), limits)
    centres = (targets.centre + chosen[:, :2] * zoom).clamp(torch.zeros_like(limits), limits)
    if p.lost_search_size is not None:
        lost = (confidence < p.lost_below)[:, None]
        centres, sizes = torch.where(lost, targets.centre, centres), torch.where(lost, targets.size, sizes)
    return centres, sizes, confidence, scores.amax(dim=1)


def overlaps(boxes: Tensor, targets: Tensor) -> Tensor:
    """Intersection over union, shape (n, m), of boxes (n or 1, 4, m) with targets (n, 4); all are (cx, cy, w, h)."""
    target = targets[:, :, None]
    low = torch.maximum(boxes[:, :2] - boxes[:, 2:] / 2, target[:, :2] - target[:, 2:] / 2)
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:] / 2, target[:, :2] + target[:, 2:] / 2)
    shared = (high - low).clamp(min=0.0).prod(dim=1)
    return shared / (boxes[:, 2:].prod(dim=1) + target[:, 2:].prod(dim=1) - shared)


def _hold_shape(sizes: Tensor, shapes: Tensor, share: float) -> Tensor:
    """`hold_shape` for n targets: sizes (n, 2, boxes), shapes (n,)."""
    if share == 1.0:
        return sizes
    excess = (1.0 - share) * (torch.log(sizes[:, 0] / sizes[:, 1]) - shapes[:, None]) / 2.0
    return sizes * torch.exp(torch.stack([-excess, excess], dim=1))


def _vote(boxes: Tensor, scores: Tensor, best: Tensor, overlap: float | None) -> Tensor:
    """`vote` for n targets: boxes (n, 4, boxes), scores (n, boxes), winners (n,), to (n, 4)."""
    each = torch.arange(len(boxes), device=boxes.device)
    winner = boxes[each, :, best]
    if overlap is None:
        return winner
    weights = scores**VOTE_POWER
    counted = torch.where(overlaps(boxes, winner) >= overlap, weights, 0.0)
    counted[each, best] = weights[each, best]
    average = (boxes * counted[:, None]).sum(dim=2) / counted.sum(dim=1, keepdim=True)
    return torch.where((weights[each, best] > 0.0)[:, None], average, winner)


def _size_change(sizes: Tensor, reference: Tensor, context: float) -> Tensor:
    """`size_change` for n targets: sizes (n, 2, boxes), references (n, 2), to (n, boxes)."""
    size = _side_with_context(sizes, context) / _side_with_context(reference[:, :, None], context)
    ratio = (reference[:, 0] / reference[:, 1])[:, None] / (sizes[:, 0] / sizes[:, 1])
    return torch.maximum(size, 1 / size) * torch.maximum(ratio, 1 / ratio)


def _side_with_context(sizes: Tensor, context: float) -> Tensor:
    margin = (sizes[:, 0] + sizes[:, 1]) * context
    return torch.sqrt((sizes[:, 0] + margin) * (sizes[:, 1] + margin))


@cache
def _window(cells: int, device: torch.device) -> Tensor:
    line = np.hanning(cells)
    return torch.from_numpy(np.outer(line, line).ravel()).to(device)


@cache
def _anchors(
    cells: int, stride: int, scales: tuple[float, ...], ratios: tuple[float, ...], device: torch.device
) -> Tensor:
    return torch.from_numpy(anchor_grid(cells, stride, scales, ratios).copy()).to(device)
