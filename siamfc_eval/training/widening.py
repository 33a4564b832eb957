"""Start a wide AlexNet from a trained narrow one: it answers the same at first, and learns on from there.

Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer" (ICLR 2016), for grouped convolutions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.backbones.alexnet import AlexNet
from siamfc_eval.models.siamese import FullyConvolutional

HALVES = 2
"""AlexNet's groups are one or two: a channel that stays in its half stays in its group."""


def _copies(narrow: int, wide: int, generator: torch.Generator) -> Tensor:
    """Which narrow channel each wide channel copies, shape (wide,); halves stay halves, every channel is used."""
    parts = []
    for half in range(HALVES):
        size, wanted = narrow // HALVES, wide // HALVES
        order = torch.randperm(size, generator=generator)
        parts.append(order.repeat(-(-wanted // size))[:wanted].sort().values + half * size)
    return torch.cat(parts)


def _shares(source: Tensor, narrow: int, spread: float, generator: torch.Generator) -> Tensor:
    """How much of a narrow channel's part each copy takes over, shape (wide,); the shares of one channel sum to 1."""
    raw = torch.exp(spread * torch.randn(len(source), generator=generator))
    total = torch.zeros(narrow).index_add_(0, source, raw)
    return raw / total[source]


@torch.no_grad()
def widen(small: FullyConvolutional, large: FullyConvolutional, seed: int, noise: float, spread: float = 0.7) -> None:
    """Give a wide network the function of a narrow one, in place.

    Args:
        small: trained, AlexNet of even channel counts.
        large: AlexNet with the same groups and at least as many channels in every layer.
        seed: of the choice of copies.
        noise: standard deviation of what is added to each kernel, over the kernel's own standard deviation; without it
            copies of one channel would stay alike for long.
        spread: how unequally the copies of a channel share its part in the next layer.

    Raises:
        InputError: the two do not fit.
    """
    narrow, wide = small.backbone, large.backbone
    if not isinstance(narrow, AlexNet) or not isinstance(wide, AlexNet) or narrow.depth != wide.depth:
        raise InputError(
            "widening needs two AlexNets of the same depth; start this network from random weights instead."
        )
    generator = torch.Generator().manual_seed(seed)
    source = torch.arange(3)
    for index, (old_stage, new_stage) in enumerate(zip(narrow.children(), wide.children(), strict=True)):
        old, new = _convolution(old_stage), _convolution(new_stage)
        if old.groups != new.groups or old.out_channels > new.out_channels or old.out_channels % HALVES:
            raise InputError(
                f"widening: layer {index + 1} of {old.out_channels} channels does not fit {new.out_channels}."
            )
        inputs = _shares(source, old.in_channels, spread if index else 0.0, generator)
        target = _copies(old.out_channels, new.out_channels, generator)
        new.weight.copy_(_kernels(old, new, source, inputs, target))
        new.weight.add_(torch.randn(new.weight.shape, generator=generator) * new.weight.std() * noise)
        assert old.bias is not None
        assert new.bias is not None
        new.bias.copy_(old.bias[target])
        for old_layer, new_layer in zip(old_stage.children(), new_stage.children(), strict=True):
            if isinstance(old_layer, nn.BatchNorm2d) and isinstance(new_layer, nn.BatchNorm2d):
                for name, value in new_layer.state_dict().items():
                    value.copy_(old_layer.state_dict()[name][target] if value.dim() else old_layer.state_dict()[name])
        source = target
    # Embeddings are multiplied with one another, so k copies must each weigh 1 / sqrt(k); heads may scale differently.
    last = _convolution(list(wide.children())[-1])
    counts = torch.bincount(source)[source].float()
    ratio = float(small.head.scale) / float(large.head.scale)  # type: ignore[arg-type]
    gain = (ratio / counts).sqrt()
    last.weight.mul_(gain[:, None, None, None])
    assert last.bias is not None
    last.bias.mul_(gain)


def _convolution(stage: nn.Module) -> nn.Conv2d:
    return next(layer for layer in stage.modules() if isinstance(layer, nn.Conv2d))


def _kernels(old: nn.Conv2d, new: nn.Conv2d, source: Tensor, shares: Tensor, target: Tensor) -> Tensor:
    """Kernels of the wide layer: rows copied by `target`, columns by `source` and weighted by `shares`."""
    groups = new.groups
    rows, columns = new.out_channels // groups, new.in_channels // groups
    blocks = []
    for group in range(groups):
        out = target[group * rows : (group + 1) * rows]
        inside = slice(group * columns, (group + 1) * columns)
        into = source[inside] - group * (old.in_channels // groups)
        blocks.append(old.weight[out][:, into] * shares[inside][None, :, None, None])
    return torch.cat(blocks)
