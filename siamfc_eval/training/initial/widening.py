"""Start a wide network from a trained narrow one: it answers the same at first, and learns on from there.

Chen et al., "Net2Net: Accelerating Learning via Knowledge Transfer" (ICLR 2016), for grouped convolutions and residual
units: all layers that write to the same features copy their channels alike.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.acceleration import fold_batch_norm
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.heads.rpn import UpChannelRPN
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.training.initial.wiring import Layer, embedding_parts, wiring

HALVES = 2
"""AlexNet's groups are one or two: a channel that stays in its half stays in its group."""


@torch.no_grad()
def widen(small: SiameseNetwork, large: SiameseNetwork, seed: int, noise: float, spread: float = 0.7) -> None:
    """Give a wide network the function of a narrow one, in place.

    Args:
        small: trained. Its batch norms are folded where the wide network has none.
        large: the same kind of backbone and head with at least as many channels in every layer.
        seed: of the choice of copies.
        noise: standard deviation of what is added to each kernel, over the kernel's own standard deviation; without it
            copies of one channel would stay alike for long.
        spread: how unequally the copies of a channel share its part in the next layer.

    Raises:
        InputError: the two do not fit.
    """
    if type(small.backbone) is not type(large.backbone) or type(small.head) is not type(large.head):
        raise InputError(
            f"widening needs two networks of the same backbone and head; {_parts(small)} is not {_parts(large)}. "
            "Start from random weights instead."
        )
    narrow, wide = wiring(small.backbone), wiring(large.backbone)
    if sum(len(layer.norms) for layer in narrow) > sum(len(layer.norms) for layer in wide):
        narrow = wiring(fold_batch_norm(small).backbone)
    if len(narrow) != len(wide):
        raise InputError(f"widening: {small.name} has {len(narrow)} layers, {large.name} {len(wide)}; they must agree.")
    copies = _Copies(torch.Generator().manual_seed(seed), noise, spread)
    for number, (old, new) in enumerate(zip(narrow, wide, strict=True), start=1):
        copies.widen_layer(old, new, number)
    embedding = embedding_parts(large.backbone)
    if isinstance(small.head, Correlation) and isinstance(large.head, Correlation):
        _balance_embedding(small.head, large.head, wide[-1], copies.counts(embedding))
        large.head.adjust.load_state_dict(small.head.adjust.state_dict())
    elif isinstance(small.head, UpChannelRPN) and isinstance(large.head, UpChannelRPN):
        _widen_up_channel(small.head, large.head, copies, embedding)
    else:
        raise InputError(f"widening knows the heads Correlation and UpChannelRPN, not {type(small.head).__name__}.")


def _parts(network: SiameseNetwork) -> str:
    return f"{network.name} ({type(network.backbone).__name__}, {type(network.head).__name__})"


class _Copies:
    """Which narrow channel each wide channel copies, for every set of features of a backbone."""

    def __init__(self, generator: torch.Generator, noise: float, spread: float) -> None:
        self._generator, self._noise, self._spread = generator, noise, spread
        self._sources: dict[str, Tensor] = {"image": torch.arange(3)}
        self._narrow: dict[str, int] = {"image": 3}

    def counts(self, names: tuple[str, ...]) -> Tensor:
        """How many copies the narrow channel behind each wide channel has, shape (channels,)."""
        return torch.cat([torch.bincount(self._sources[name])[self._sources[name]] for name in names]).float()

    def widen_layer(self, old: Layer, new: Layer, number: int) -> None:
        """Copy one layer; what it writes to is given its copies if it is the first to write there."""
        if new.convolution is not None:
            assert old.convolution is not None
            self._widen_convolution(old.convolution, new, number)
        target = self._sources[new.writes]
        for old_norm, new_norm in zip(old.norms, new.norms, strict=True):
            for name, value in new_norm.state_dict().items():
                value.copy_(old_norm.state_dict()[name][target] if value.dim() else old_norm.state_dict()[name])

    def widen_template(self, old: nn.Conv2d, new: nn.Conv2d, reads: tuple[str, ...], hidden: str) -> None:
        """Copy a convolution that writes kernels for the features `hidden`: one in a row for each output of the head.

        The copies of a hidden channel are added up in the correlation, so that each must weigh its part of one.
        """
        source = self._sources[hidden]
        outputs = torch.arange(old.out_channels // self._narrow[hidden])
        target = (outputs[:, None] * self._narrow[hidden] + source).flatten()
        self._fill(old, new, reads, target, "the head")
        part = (1.0 / self.counts((hidden,))).repeat(len(outputs))
        new.weight.mul_(part[:, None, None, None])
        assert new.bias is not None
        new.bias.mul_(part)

    def _widen_convolution(self, old: nn.Conv2d, new_layer: Layer, number: int) -> None:
        new = new_layer.convolution
        assert new is not None
        if old.out_channels > new.out_channels:
            raise InputError(
                f"widening: layer {number} of {old.out_channels} channels does not fit {new.out_channels}."
            )
        known = new_layer.writes in self._sources
        target = self._sources[new_layer.writes] if known else self._choose(old, new, new_layer, number)
        self._fill(old, new, new_layer.reads, target, f"layer {number}")
        self._sources[new_layer.writes], self._narrow[new_layer.writes] = target, old.out_channels

    def _fill(self, old: nn.Conv2d, new: nn.Conv2d, reads: tuple[str, ...], target: Tensor, what: str) -> None:
        """Weights of a wide convolution: outputs copied by `target`, inputs as the features that it reads were."""
        source, offset = [], 0
        for name in reads:
            source.append(self._sources[name] + offset)
            offset += self._narrow[name]
        new.weight.copy_(self._kernel(old, new, torch.cat(source), target, what))
        new.weight.add_(torch.randn(new.weight.shape, generator=self._generator) * new.weight.std() * self._noise)
        if new.bias is not None:
            assert old.bias is not None
            new.bias.copy_(old.bias[target])

    def _choose(self, old: nn.Conv2d, new: nn.Conv2d, layer: Layer, number: int) -> Tensor:
        """Copies for features that are written for the first time; every narrow channel is used.

        Halves stay halves where the layers are grouped in two, and whole paths are copied where paths are added.
        """
        block, parts = layer.path_width, HALVES if layer.is_halved else 1
        if old.out_channels % (parts * block) or new.out_channels % (parts * block):
            raise InputError(
                f"widening: {old.out_channels} and {new.out_channels} channels of layer {number} must be multiples of "
                f"{parts * block}."
            )
        size, wanted = old.out_channels // parts // block, new.out_channels // parts // block
        chosen = []
        for part in range(parts):
            order = torch.randperm(size, generator=self._generator)
            paths = order.repeat(-(-wanted // size))[:wanted].sort().values + part * size
            chosen.append((paths[:, None] * block + torch.arange(block)).flatten())
        return torch.cat(chosen)

    def _shares(self, source: Tensor, narrow: int) -> Tensor:
        """How much of a narrow channel's part each copy takes over, shape (wide,); those of one channel sum to 1."""
        spread = self._spread if len(source) > narrow else 0.0
        raw = torch.exp(spread * torch.randn(len(source), generator=self._generator))
        total = torch.zeros(narrow).index_add_(0, source, raw)
        return raw / total[source]

    def _kernel(self, old: nn.Conv2d, new: nn.Conv2d, source: Tensor, target: Tensor, what: str) -> Tensor:
        """Kernels of the wide layer: rows copied by `target`, columns by `source` and weighted by their shares."""
        columns = new.in_channels // new.groups
        if new.groups != old.groups:
            if columns != old.in_channels // old.groups or not torch.equal(source, target):
                raise InputError(f"widening: the paths of {what} have another width in the wide network.")
            return old.weight[target]
        shares, rows = self._shares(source, old.in_channels), new.out_channels // new.groups
        blocks = []
        for group in range(new.groups):
            out = target[group * rows : (group + 1) * rows]
            inside = slice(group * columns, (group + 1) * columns)
            into = source[inside] - group * (old.in_channels // old.groups)
            blocks.append(old.weight[out][:, into] * shares[inside][None, :, None, None])
        return torch.cat(blocks)


def _widen_up_channel(small: UpChannelRPN, large: UpChannelRPN, copies: _Copies, embedding: tuple[str, ...]) -> None:
    """Widen SiamRPN's head: what each side writes, and what the correlation adds up."""
    for branch in ("cls", "loc"):
        old, new = (
            {part: cast(nn.Conv2d, getattr(head, f"{part}_{branch}")) for part in ("search", "template")}
            for head in (small, large)
        )
        copies.widen_layer(Layer(old["search"], (), (), ""), Layer(new["search"], (), embedding, branch), 0)
        copies.widen_template(old["template"], new["template"], embedding, branch)
    large.loc_adjust.load_state_dict(small.loc_adjust.state_dict())


def _balance_embedding(narrow: Correlation, wide: Correlation, last: Layer, counts: Tensor) -> None:
    """Embeddings are multiplied with one another, so that k copies answer k times as loud: undo that.

    A last convolution is scaled; where features are added up, there is none, and the heads' scales must do it.
    """
    gain = (narrow.scale / wide.scale / counts).sqrt()
    if last.convolution is not None and not last.norms:
        last.convolution.weight.mul_(gain[:, None, None, None])
        if last.convolution.bias is not None:
            last.convolution.bias.mul_(gain)
    elif not torch.allclose(gain, torch.ones_like(gain), atol=1e-3):
        raise InputError(
            f"widening: a head's scale of {narrow.scale:g} in the narrow network needs one of "
            f"{narrow.scale / float(counts.mean()):g} in the wide network; set it in model.options."
        )
