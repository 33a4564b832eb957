"""What readers of checkpoint layouts share: the result of reading one, new names for tensors, options from shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS
from siamfc_eval.models.preprocessing import Preprocessing

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Conversion:
    """What a file holds, in our terms."""

    model: str
    """Known name."""
    options: dict[str, Any]
    """Of that model."""
    tensors: dict[str, Tensor]
    """By our names."""
    notes: tuple[str, ...] = ()
    """What a person should know: what was assumed, what is not used."""
    unused: tuple[str, ...] = ()
    """Names in the file that are known and deliberately not used."""
    preprocessing: Preprocessing | None = None
    """Where it differs from the layout's."""
    doubt: str = ""
    """Why a network cannot be built of it yet, though its tensors fit: two readings are possible. "" where one is."""


def rename(tensors: Tensors, *rules: tuple[str, str]) -> dict[str, Tensor]:
    """Tensors under new names: the first rule whose pattern matches a name's beginning applies; others stay."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        for pattern, replacement in rules:
            new, count = re.subn("^" + pattern, replacement, name)
            if count:
                break
        else:
            new = name
        renamed[new] = tensor
    return renamed


def alexnet_options(tensors: Tensors, *, eps: float = 1e-6, may_be_shallow: bool = False) -> dict[str, Any]:
    """Options of `AlexNet` from tensors under our names: widths, groups, batch norm after the last convolution.

    A convolution that is absent counts with its standard width, so that its loss is noticed, unless the network
    `may_be_shallow`.
    """
    channels: list[int] = []
    groups: list[int] = []
    inputs = 3
    for number in range(1, 6):
        weight = tensors.get(f"backbone.conv{number}.0.weight")
        if weight is None or weight.dim() != 4:
            if may_be_shallow:
                break
            channels.append(STANDARD_WIDTHS[number - 1])
            groups.append(1)
            inputs = channels[-1]
            continue
        channels.append(weight.shape[0])
        groups.append(max(inputs // max(weight.shape[1], 1), 1))
        inputs = weight.shape[0]
    options: dict[str, Any] = {"channels": tuple(channels), "groups": tuple(groups)}
    if f"backbone.conv{len(channels)}.1.weight" in tensors:
        options["final_norm"] = True
    if eps != 1e-6:
        options["eps"] = eps
    return options


_SEQUENTIAL_ALEXNET = {
    0: "1.0",
    1: "1.1",
    4: "2.0",
    5: "2.1",
    8: "3.0",
    9: "3.1",
    11: "4.0",
    12: "4.1",
    14: "5.0",
    15: "5.1",
}
"""Index in one nn.Sequential of all layers -> our `conv{i}.{j}`."""


def alexnet_rules(prefix: str) -> list[tuple[str, str]]:
    """Rules for `rename`: an AlexNet in one nn.Sequential under this prefix to ours."""
    return [(rf"{re.escape(prefix)}{i}\.", f"backbone.conv{ours}.") for i, ours in _SEQUENTIAL_ALEXNET.items()]


def up_channel_options(tensors: Tensors, features: int) -> dict[str, Any]:
    """`hidden`, `anchors` and `classes` of an up-channel RPN under our names, where they are not the defaults."""
    search, cls, adjust = (tensors.get(f"head.{n}.weight") for n in ("search_cls", "template_cls", "loc_adjust"))
    options: dict[str, Any] = {}
    if any(one is None or one.dim() != 4 for one in (search, cls, adjust)):
        return options
    assert search is not None
    assert cls is not None
    assert adjust is not None
    hidden, anchors = search.shape[0], adjust.shape[0] // 4
    if hidden != features:
        options["hidden"] = hidden
    if anchors != 5:
        options["anchors"] = anchors
    if cls.shape[0] == hidden * anchors:
        options["classes"] = 1
    return options
