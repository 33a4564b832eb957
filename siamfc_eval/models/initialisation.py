"""Fresh weights as the family's training programs draw them."""

from __future__ import annotations

from torch import nn

from siamfc_eval.models.siamese import SiameseNetwork


def initialise_weights(model: SiameseNetwork) -> None:
    """Draw new weights in place: He's normal by fan-out for the backbone, normal of .01 for neck and head.

    The first is siamfc-pytorch's and SiamDW's, the second SiamRPN's (SiameseX). Biases are 0; batch norms are identity.
    Draws from torch's global generator: seed it for the same weights again.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            if name.startswith("backbone"):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            else:
                nn.init.normal_(module.weight, std=0.01)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
