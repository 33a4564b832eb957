"""onnxruntime on a CPU: float32, and int8 from a file that `siamfc_eval.models.engines.quantisation` made."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.engines.backbone_graph import INPUT, backbone_graph
from siamfc_eval.models.engines.engine import Engine, Task


class OnnxBackbone(nn.Module):
    """A backbone as a session of onnxruntime, which computes in the thread that calls it and in no other."""

    def __init__(self, graph: bytes) -> None:
        super().__init__()
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._is_single = [output.name for output in self._session.get_outputs()] == ["features"]

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        answers = self._session.run(None, {INPUT: images.contiguous().numpy()})
        features = [torch.from_numpy(answer) for answer in answers]
        return features[0] if self._is_single else features


def _build(task: Task) -> nn.Module:
    if task.precision == "float32":
        return OnnxBackbone(backbone_graph(task.backbone))
    if task.quantised is None:
        raise InputError("int8 needs a quantised backbone, and this tracker has none. Use --precision float32.")
    return OnnxBackbone(task.quantised.read_bytes())


ENGINE = Engine(
    "onnxruntime",
    ("float32", "int8"),
    _build,
    packages={"onnxruntime": "onnx", "onnx": "onnx"},
)
