"""TensorRT on a graphics card, through onnxruntime's provider of it (the package onnxruntime-gpu).

Only float16 is offered: TensorRT's float32 is TensorFloat-32, of three digits, which torch's exact float32 is not.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.engines.backbone_graph import INPUT, backbone_graph, feature_names
from siamfc_eval.models.engines.engine import Engine, Precision, Task

_PROVIDER = "TensorrtExecutionProvider"


class TensorRtBackbone(nn.Module):
    """A backbone compiled by TensorRT for each shape of images on first use; images and features stay on the card."""

    def __init__(self, backbone: nn.Module, device: torch.device) -> None:
        super().__init__()
        import onnxruntime

        number = device.index or 0
        chosen = [(_PROVIDER, {"device_id": number, "trt_fp16_enable": True}), ("CUDAExecutionProvider", {})]
        self._session: Any = onnxruntime.InferenceSession(backbone_graph(backbone), providers=chosen)
        self._device = device
        self._number = number
        self._shapes = copy.deepcopy(backbone).to("meta")  # which says the shapes of features and computes nothing

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        given = images.contiguous()
        expected: Tensor | list[Tensor] = self._shapes(torch.empty(given.shape, device="meta"))
        names = feature_names(expected)
        levels = [expected] if isinstance(expected, Tensor) else expected
        features = [torch.empty(level.shape, device=self._device) for level in levels]
        binding = self._session.io_binding()
        binding.bind_input(INPUT, "cuda", self._number, np.float32, tuple(given.shape), given.data_ptr())
        for name, level in zip(names, features, strict=True):
            binding.bind_output(name, "cuda", self._number, np.float32, tuple(level.shape), level.data_ptr())
        torch.cuda.current_stream(self._device).synchronize()  # onnxruntime works on a stream of its own
        self._session.run_with_iobinding(binding)
        return features if isinstance(expected, list) else features[0]


def _build(task: Task) -> nn.Module:
    return TensorRtBackbone(task.backbone, task.device)


def _lacks(precision: Precision, device: torch.device) -> str:
    import onnxruntime

    if _PROVIDER in onnxruntime.get_available_providers():
        return ""
    raise InputError(
        "the engine tensorrt needs onnxruntime-gpu and TensorRT, and the onnxruntime that is installed has no "
        f"{_PROVIDER}. Install them with: pip install onnxruntime-gpu tensorrt; or use --engine torch."
    )


ENGINE = Engine(
    "tensorrt",
    ("float16",),
    _build,
    devices=("cuda",),
    packages={"onnxruntime": "onnx", "onnx": "onnx"},
    lacks=_lacks,
)
