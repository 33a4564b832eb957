"""What an engine is, which there are, and which one computes a network.

An engine computes the backbone, where nearly all of the work is. Whatever it computes with, a network keeps its two
methods, `template` and `detect`, and what comes after the backbone (necks, heads, correlation) stays torch in float32:
correlated in bfloat16, a response is rounded to a hundredth of itself.

This module needs no torch, so that names can be listed and a tracker's facts given without it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import nn

Precision = Literal["float32", "bfloat16", "float16", "int8"]
"""In what a backbone is computed."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)

AUTO = "auto"
"""The engine that is meant where none is named."""


@dataclass(frozen=True)
class Computing:
    """How a network is computed."""

    engine: str = AUTO
    """One of `ENGINES`, or "auto" (see `resolve_engine`)."""
    precision: Precision = "float32"
    quantised: Path | None = None
    """ONNX file of its backbone in int8; None where there is none."""


@dataclass(frozen=True)
class Task:
    """What an engine is given."""

    backbone: nn.Module
    """In evaluation mode, batch norms folded, channels last, on its device. Takes preprocessed images
    (n, 3, height, width) in float32 of any size; answers with one tensor of features or a list of them."""
    device: torch.device
    precision: Precision
    quantised: Path | None = None
    """ONNX file of the backbone in int8; None where there is none."""


def _any(precision: Precision, device: torch.device) -> str:
    return ""


@dataclass(frozen=True)
class Engine:
    """A way to compute a backbone. Other packages add theirs as entry points of the group `siamfc_eval.engines`."""

    name: str
    precisions: tuple[Precision, ...]
    build: Callable[[Task], nn.Module]
    """A module that answers as the backbone does, in float32, from several threads at once. On a CPU it computes each
    call in one thread, so that the same images give the same bits whatever runs at the same time."""
    devices: tuple[str, ...] = ("cpu",)
    """Types of devices: "cpu", "cuda"."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Modules that it imports, in addition to torch, and the extra that installs each."""
    lacks: Callable[[Precision, torch.device], str] = _any
    """Why a device cannot compute in a precision, as a whole sentence; "" where it can."""


ENGINES: Registry[Engine] = Registry("engine", "siamfc_eval.models.engines.engine:Engine", group="siamfc_eval.engines")
"""Every engine, by name."""

for _name, _summary in {
    "torch": "torch; exact in float32, and what is used where no engine is named",
    "openvino": "OpenVINO on a CPU; the fastest in float32 for residual and inception networks",
    "onnxruntime": "onnxruntime on a CPU; the one that has int8",
    "tensorrt": "TensorRT on a graphics card",
}.items():
    ENGINES.add(_name, f"siamfc_eval.models.engines.{_name}_engine:ENGINE", _summary)


def resolve_engine(engine: str, precision: Precision) -> str:
    """The name of the engine that is meant.

    "auto" never depends on the machine or on what is installed there, so that a tracker's answers do not: it is torch,
    and onnxruntime for int8, which torch does not have.

    Raises:
        UnknownNameError: there is no such engine.
        InputError: it does not have this precision.
    """
    if engine == AUTO:
        return "onnxruntime" if precision == "int8" else "torch"
    name, chosen = engine, ENGINES[engine]
    if precision not in chosen.precisions:
        others = [other for other in ENGINES if precision in ENGINES[other].precisions]
        where = f"; {precision} is what {', '.join(others)} can" if others else ""
        raise InputError(f"the engine {name} computes in {', '.join(chosen.precisions)}, not in {precision}{where}.")
    return name


def check_engine(engine: Engine, precision: Precision, device: torch.device) -> None:
    """Whether an engine can work here.

    Raises:
        MissingDependencyError: it is not installed.
        InputError: it does not work on this device, or the device lacks the precision.
    """
    for package, extra in engine.packages.items():
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, extra, f"the engine {engine.name}")
    if device.type not in engine.devices:
        raise InputError(
            f"the engine {engine.name} works on {' and '.join(engine.devices)}, not on {device}. Give another with "
            "--device, or --engine torch."
        )
    if lacking := engine.lacks(precision, device):
        raise InputError(f"{lacking} Use --precision float32.")
