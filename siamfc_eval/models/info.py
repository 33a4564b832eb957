"""Facts of a model without its weights: sizes, parameters, multiply-adds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from siamfc_eval.models.registry import build_model, model_summary


@dataclass(frozen=True)
class ModelInfo:
    """What `siamfc-eval list models` shows of a model."""

    name: str
    paper: str
    kind: str
    """ "fc" or "rpn"."""
    exemplar_size: int
    """Side of the exemplar in pixels."""
    search_size: int
    """Side of the search region in pixels that the following numbers are for."""
    stride: int
    """Pixels of the search region per cell of the response."""
    response_size: int
    """Side of the response in cells."""
    response_channels: tuple[int, ...]
    """(1,) of an FC model; (classes * anchors, 4 * anchors) of an RPN."""
    parameters: int
    exemplar_multiply_adds: int
    """Of the backbone on one exemplar."""
    search_multiply_adds: int
    """Of the backbone on one search region."""
    head_multiply_adds: int
    """Of neck and head for one search region, the exemplar's kernels included."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def _multiply_adds(counter: FlopCounterMode) -> int:
    return int(counter.get_total_flops()) // 2


def _saved_by_convolution(counter: FlopCounterMode, response: int, kernel: int) -> int:
    """How many multiply-adds less a sliding correlation has than the matrix product that computes it here.

    The product also multiplies cells that no placement of the kernel needs; published counts do not have these.
    """
    product = counter.get_flop_counts().get("Global", {}).get(torch.ops.aten.bmm, 0) // 2
    return int(product) - int(product) * response**2 // (response + kernel - 1) ** 2


def _drop_norms(module: nn.Module) -> None:
    """Replace batch norms by identities: they change neither shapes nor this count, and are slow on the meta device."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, nn.Identity())
        else:
            _drop_norms(child)


def model_info(name: str, *, exemplar_size: int = 127, search_size: int = 255, **options: Any) -> ModelInfo:
    """Facts of a model, computed on torch's meta device: no memory for weights, no arithmetic, well under a second.

    Multiply-adds are of the convolutions; batch norm, pooling and activations are not counted.

    Raises:
        UnknownNameError, InputError: see `build_model`.
    """
    with torch.device("meta"), torch.no_grad():
        model = build_model(name, **options).eval()
        parameters = sum(parameter.numel() for parameter in model.parameters())
        _drop_norms(model)
        exemplar = torch.empty(1, 3, exemplar_size, exemplar_size)
        search = torch.empty(1, 3, search_size, search_size)
        with FlopCounterMode(display=False) as exemplar_counter:
            model.backbone(exemplar)
        with FlopCounterMode(display=False) as search_counter:
            model.backbone(search)
        network: Any = model
        kept: Tensor | tuple[Tensor, ...] = network.template(exemplar)
        with FlopCounterMode(display=False) as all_counter:
            output: Tensor | tuple[Tensor, ...] = model(exemplar, search)
    maps = (output,) if isinstance(output, Tensor) else output
    kernel_side = (kept if isinstance(kept, Tensor) else kept[0]).shape[-1]
    total = _multiply_adds(all_counter) - _saved_by_convolution(all_counter, maps[0].shape[-1], kernel_side)
    exemplar_cost, search_cost = _multiply_adds(exemplar_counter), _multiply_adds(search_counter)
    return ModelInfo(
        name=model.name,
        paper=model_summary(model.name),
        kind=model.kind,
        exemplar_size=exemplar_size,
        search_size=search_size,
        stride=model.stride,
        response_size=maps[0].shape[-1],
        response_channels=tuple(part.shape[1] for part in maps),
        parameters=parameters,
        exemplar_multiply_adds=exemplar_cost,
        search_multiply_adds=search_cost,
        head_multiply_adds=total - exemplar_cost - search_cost,
    )
