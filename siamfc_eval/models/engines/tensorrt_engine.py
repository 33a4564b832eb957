"""TensorRT on a graphics card, through onnxruntime's provider of it (the package onnxruntime-gpu).

Only float16 is offered: TensorRT's float32 is TensorFloat-32, of three digits, which torch's exact float32 is not.
"""

from __future__ import annotations

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
        with torch.no_grad():
            self._names = feature_names(backbone(torch.zeros(1, 3, 127, 127, device=device)))

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        given = images.contiguous()
        binding = self._session.io_binding()
        binding.bind_input(INPUT, "cuda", self._number, np.float32, tuple(given.shape), given.data_ptr())
        for name in self._names:
            binding.bind_output(name, "cuda", self._number)
        torch.cuda.current_stream(self._device).synchronize()
        self._session.run_with_iobinding(binding)
        features = [torch.from_dlpack(value._ortvalue.to_dlpack()) for value in binding.get_outputs()]
        return features[0] if self._names == ["features"] else features


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
    "TensorRT on a graphics card, in float16",
    ("float16",),
    _build,
    devices=("cuda",),
    packages={"onnxruntime": "onnx", "onnx": "onnx"},
    lacks=_lacks,
)
