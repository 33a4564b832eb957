"""Response maps of every exemplar of a batch in every search crop of it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.siamese import FullyConvolutional


def all_pairs(model: FullyConvolutional, exemplars: Tensor, searches: Tensor) -> Tensor:
    """Each exemplar against each search crop; embeddings are computed once, so that negatives are almost free.

    Args:
        model: any network that answers with response maps.
        exemplars, searches: features (n, c, h, w) and (n, c, H, W).

    Returns:
        (n searches, n exemplars, rows, columns).
    """
    head = model.head
    if isinstance(head, Correlation):
        # One ordinary convolution: 30 times faster on a CPU than groups of one output channel.
        response: Tensor = F.conv2d(searches, exemplars) * head.scale
        shape = response.shape
        adjusted: Tensor = head.adjust(response.reshape(-1, 1, *shape[2:]))
        return adjusted.reshape(shape)
    return torch.cat([model.correlate(exemplars[i : i + 1], searches) for i in range(len(exemplars))], dim=1)
