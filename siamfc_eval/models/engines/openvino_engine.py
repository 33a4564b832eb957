"""OpenVINO on a CPU: the fastest in float32 for residual and inception networks, whose steps it joins."""

from __future__ import annotations

import os
import threading
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from siamfc_eval.models.engines.engine import Engine, Precision, Task
from siamfc_eval.models.engines.instructions import lacks_bfloat16

_TRACED_SIDE = 127
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoBackbone(nn.Module):
    """A backbone compiled by OpenVINO, once for each shape of images, on first use.

    There is a stream of one thread for each core: calls from several threads run side by side, each as if alone.
    """

    def __init__(self, backbone: nn.Module, precision: Precision) -> None:
        super().__init__()
        import openvino

        example = torch.zeros(1, 3, _TRACED_SIDE, _TRACED_SIDE)
        with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of every size that the tracer takes for a constant; none is one
            answer = backbone(example)
            self._model = openvino.convert_model(backbone, example_input=example)
        self._is_single = isinstance(answer, Tensor)
        self._core = openvino.Core()
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "NUM_STREAMS": os.cpu_count() or 1,
            "INFERENCE_NUM_THREADS": os.cpu_count() or 1,
            "ENABLE_CPU_PINNING": False,
        }
        self._compiled: dict[tuple[int, ...], Any] = {}
        self._lock = threading.Lock()
        self._own = threading.local()

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        request = self._request(tuple(images.shape))
        answers = request.infer([images.contiguous().numpy()], share_inputs=True)
        # The answers are the request's own memory, which its next call overwrites.
        features = [torch.from_numpy(answers[index].copy()) for index in range(len(answers))]
        return features[0] if self._is_single else features

    def _request(self, shape: tuple[int, ...]) -> Any:
        """This thread's request for images of a shape."""
        requests: dict[tuple[int, ...], Any] = self._own.__dict__.setdefault("requests", {})
        if shape not in requests:
            with self._lock:
                if shape not in self._compiled:
                    self._model.reshape(list(shape))
                    self._compiled[shape] = self._core.compile_model(self._model, "CPU", self._settings)
                requests[shape] = self._compiled[shape].create_infer_request()
        return requests[shape]


def _build(task: Task) -> nn.Module:
    return OpenVinoBackbone(task.backbone, task.precision)


def _lacks(precision: Precision, device: torch.device) -> str:
    return lacks_bfloat16(device) if precision == "bfloat16" else ""


ENGINE = Engine(
    "openvino",
    ("float32", "bfloat16"),
    _build,
    packages={"openvino": "openvino"},
    lacks=_lacks,
)
