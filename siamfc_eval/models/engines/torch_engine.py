"""torch itself: exact in float32, the default; bfloat16 and float16 where the device has instructions for them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from siamfc_eval.models.engines.engine import Engine, Precision, Task
from siamfc_eval.models.engines.instructions import lacks_bfloat16

_TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Rounded(nn.Module):
    """A backbone whose weights and activations have fewer digits; its features come back in float32.

    Grey values up to 256 are exact in either type, so images lose nothing where they are not normalised.
    """

    def __init__(self, backbone: nn.Module, kind: torch.dtype) -> None:
        super().__init__()
        self.backbone = backbone.to(kind)
        self.kind = kind

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        features: Tensor | list[Tensor] = self.backbone(images.to(self.kind))
        if isinstance(features, Tensor):
            return features.float()
        return [level.float() for level in features]


def _build(task: Task) -> nn.Module:
    kind: Any = _TYPES.get(task.precision)
    return task.backbone if kind is None else Rounded(task.backbone, kind)


def _lacks(precision: Precision, device: torch.device) -> str:
    if precision == "bfloat16":
        return lacks_bfloat16(device)
    if precision == "float16" and device.type == "cpu":
        return "float16 is for graphics cards, and the device is the CPU."
    return ""


ENGINE = Engine(
    "torch",
    ("float32", "bfloat16", "float16"),
    _build,
    devices=("cpu", "cuda"),
    lacks=_lacks,
)
