"""A network whose exemplars are also compared at other sizes and shapes."""

from __future__ import annotations

import torch
from torch import Tensor

from siamfc_eval.models.heads.stretched import STRETCHES, stretch
from siamfc_eval.models.siamese import RegionProposal


class StretchedProposal(RegionProposal):
    """A `RegionProposal` with a `StretchedRPN`, on one level of features."""

    def extract_exemplars(self, images: Tensor) -> list[Tensor]:
        """`extract` of exemplars and of what they are stretched to, (n, stretches * c, h, w)."""
        stretched = stretch(images, STRETCHES)
        if self.backbone.training:  # all at once, which a graphics card does many times faster
            features = self.extract(stretched)[0]
            return [features.reshape(len(images), -1, *features.shape[2:])]
        stretched = stretched.reshape(len(images), len(STRETCHES), *images.shape[1:])
        # One stretch after the other: an engine may have been built for so many images.
        parts = [self.extract(stretched[:, number])[0] for number in range(len(STRETCHES))]
        return [torch.cat(parts, dim=1)]
