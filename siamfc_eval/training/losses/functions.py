"""Losses on response maps. All take logits and return a scalar."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def balanced_logistic(logits: Tensor, labels: Tensor) -> Tensor:
    """Logistic loss in which positive and negative positions weigh half each in every map.

    Bertinetto et al. 2016, section 2.2, with the class weights of the authors' code. A map of one class weighs whole.

    Args:
        logits, labels: shape (n, h, w); labels are 0 or 1.
    """
    positive = labels.flatten(1)
    negative = 1.0 - positive
    positives, negatives = positive.sum(1, keepdim=True), negative.sum(1, keepdim=True)
    share = torch.where((positives > 0) & (negatives > 0), 0.5, 1.0)
    weights = share * (positive / positives.clamp(min=1.0) + negative / negatives.clamp(min=1.0))
    losses = F.binary_cross_entropy_with_logits(logits.flatten(1), positive, reduction="none")
    return (losses * weights).sum(1).mean()


def soft_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """log(1 + exp(-y v)), y in {-1, 1}, every position alike (SiameseX)."""
    return F.soft_margin_loss(logits, labels * 2.0 - 1.0)


def focal(logits: Tensor, labels: Tensor, gamma: float = 2.0, alpha: float = 0.25) -> Tensor:
    """Focal loss (Lin et al. 2017, equation 5), summed over positions and divided by the number of positives."""
    entropy = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    probability = torch.sigmoid(logits)
    missed = labels * (1.0 - probability) + (1.0 - labels) * probability
    weight = labels * alpha + (1.0 - labels) * (1.0 - alpha)
    return (weight * missed**gamma * entropy).sum() / labels.sum().clamp(min=1.0)


def batch_negatives(logits: Tensor, strangers: Tensor) -> Tensor:
    """Logistic loss of every exemplar in the search crops of other targets, where nothing should answer.

    Args:
        logits: shape (searches, exemplars, h, w).
        strangers: shape (searches, exemplars), True where the exemplar's target is certainly not in the search crop.
    """
    if not bool(strangers.any()):
        return logits.sum() * 0.0
    return F.softplus(logits[strangers]).mean()


def batch_contrast(logits: Tensor, labels: Tensor, strangers: Tensor, positives: Tensor) -> Tensor:
    """Cross-entropy of where each exemplar's target is, among all positions of all search crops of the batch.

    Args:
        logits: shape (searches, exemplars, h, w).
        labels: shape (n, h, w), each map a distribution (sums to 1), of the search crop that belongs to the exemplar.
        strangers: shape (searches, exemplars), as in `batch_negatives`.
        positives: shape (n,), True where the exemplar's target is in its search crop.
    """
    count = logits.shape[0]
    own = torch.eye(count, dtype=torch.bool, device=logits.device)
    allowed = (strangers | own).T
    by_exemplar = logits.transpose(0, 1).flatten(2)
    normaliser = torch.logsumexp(by_exemplar.masked_fill(~allowed[:, :, None], -torch.inf).flatten(1), dim=1)
    diagonal = logits[own].flatten(1)
    losses = normaliser - (diagonal * labels.flatten(1)).sum(1)
    return (losses * positives).sum() / positives.sum().clamp(min=1)


def taught(logits: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared distance from a teacher's responses, over the variance of those.

    What is added to all responses to one exemplar moves no peak and does not count. Ba & Caruana, "Do Deep Nets Really
    Need to be Deep?" (NIPS 2014), section 2.2: regression on logits.

    Args:
        logits, teacher: shape (searches, exemplars, h, w).
    """
    ours, theirs = (values - values.mean(dim=(0, 2, 3), keepdim=True) for values in (logits, teacher))
    return (ours - theirs).square().mean() / theirs.square().mean().clamp(min=1e-12)


def halves(logits: Tensor, positive: Tensor, negative: Tensor, aims: Tensor | None = None) -> Tensor:
    """Logistic loss in which positive and negative entries of a batch weigh half each, as in pysot.

    Args:
        logits: shape (n, m).
        positive, negative: masks of shape (n, m); entries in neither do not count.
        aims: shape (n, m): probabilities that positive entries are to give; none: 1.
    """
    certain = F.softplus(-logits)
    # The cross-entropy with an aim: softplus(-x) + (1 - aim) x.
    against = certain if aims is None else certain + (1.0 - aims) * logits
    missed = (against * positive).sum() / positive.sum().clamp(min=1)
    invented = (F.softplus(logits) * negative).sum() / negative.sum().clamp(min=1)
    return 0.5 * missed + 0.5 * invented
