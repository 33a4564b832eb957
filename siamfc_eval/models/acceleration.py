"""A network made fast for tracking: batch norm folded into convolutions, channels-last memory."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator
from typing import cast

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from siamfc_eval.models.siamese import SiameseNetwork

_NORM_NAME = re.compile(r"^bn(\d*)$")


def _pairs(module: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of children (convolution, batch norm) where the second takes the first's output.

    In a Sequential these are neighbours; elsewhere they are named conv1/bn1, conv2/bn2, ... or conv/bn, and a block
    where the batch norm of that name has no such convolution (ResNeXt's bn0 after the addition) has no such pair.
    """
    if isinstance(module, nn.Sequential):
        names = list(module._modules)
        yield from itertools.pairwise(names)
        return
    for name in list(module._modules):
        if match := _NORM_NAME.match(name):
            yield f"conv{match.group(1)}", name


def fold_batch_norm(model: SiameseNetwork) -> SiameseNetwork:
    """A copy in evaluation mode whose batch norms are folded into the convolutions before them.

    Gives the same features up to rounding (tested within 1e-4 of the largest); needs no gradient. The copy's state dict
    has other names than the original's: save the original.
    """
    folded = copy.deepcopy(model).eval().requires_grad_(False)
    for module in folded.modules():
        for conv_name, norm_name in _pairs(module):
            conv, norm = module._modules.get(conv_name), module._modules.get(norm_name)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                module._modules[conv_name] = fuse_conv_bn_eval(conv, norm)
                module._modules[norm_name] = nn.Identity()
    return folded


def prepare_for_inference(model: SiameseNetwork, *, fold: bool = True, channels_last: bool = True) -> SiameseNetwork:
    """A copy of a network, made fast for tracking on a CPU or GPU; the network given stays as it is.

    Args:
        model: with its weights.
        fold: fold batch norms, see `fold_batch_norm`.
        channels_last: lay kernels out channels-last, which CPU convolutions like; images may come in either layout.
    """
    prepared = fold_batch_norm(model) if fold else copy.deepcopy(model).eval().requires_grad_(False)
    if channels_last:
        # The overload of `to` with a memory format is not in the type stubs of Module.
        prepared = cast(SiameseNetwork, prepared.to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    return prepared
