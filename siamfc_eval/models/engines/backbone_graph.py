"""A backbone as an ONNX graph for images of any size, which onnxruntime and TensorRT take."""

from __future__ import annotations

import io
import warnings
from typing import Any, cast

import torch
from torch import Tensor, nn

INPUT = "images"
_OPSET = 17
_TRACED_SIDE = 127


def backbone_graph(backbone: nn.Module) -> bytes:
    """The graph: `images` (n, 3, height, width), preprocessed, float32, to "features" or "features_0", ...

    Args:
        backbone: in evaluation mode, in float32.
    """
    device = next(backbone.parameters()).device
    example = torch.zeros(2, 3, _TRACED_SIDE, _TRACED_SIDE, device=device)
    file = io.BytesIO()
    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of every size that the tracer takes for a constant; none is one
        names = feature_names(backbone(example))
        free = {INPUT: {0: "images", 2: "height", 3: "width"}}
        free |= {name: {0: "images", 2: f"rows_{name}", 3: f"columns_{name}"} for name in names}
        torch.onnx.export(
            backbone,
            (example,),
            cast(Any, file),  # which it takes, though its types say otherwise
            input_names=[INPUT],
            output_names=names,
            dynamic_axes=free,
            opset_version=_OPSET,
            dynamo=False,
        )
    return file.getvalue()


def feature_names(features: Tensor | list[Tensor]) -> list[str]:
    """Names of a graph's outputs: one where the backbone answers with a tensor, several where with a list."""
    if isinstance(features, Tensor):
        return ["features"]
    return [f"features_{level}" for level in range(len(features))]
