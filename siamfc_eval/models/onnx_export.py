"""Networks as ONNX, checked with onnxruntime."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.models.acceleration import fold_batch_norm
from siamfc_eval.models.siamese import SiameseNetwork

MIN_OPSET, MAX_OPSET = 11, 20
"""ONNX operator sets in which the exports are correct (`onnxruntime` agrees with torch in each)."""

TOLERANCE = 1e-4
"""Largest difference from torch's own output, relative to its largest value, that an export may have."""


@dataclass(frozen=True)
class OnnxExport:
    """What was written and how well it agrees."""

    path: Path
    inputs: dict[str, tuple[int | str, ...]]
    """Name and shape of every input; "batch" is free."""
    outputs: dict[str, tuple[int | str, ...]]
    """Name and shape of every output."""
    difference: float
    """Largest absolute difference from torch on random images, relative to torch's largest value."""


class _Pair(nn.Module):
    """Exemplar and search images in, the maps out."""

    def __init__(self, model: SiameseNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(self, exemplar: Tensor, search: Tensor) -> Tensor | tuple[Tensor, ...]:
        return cast("Tensor | tuple[Tensor, ...]", self.model(exemplar, search))


class _Template(nn.Module):
    """Exemplar images in, the template's tensors out."""

    def __init__(self, model: SiameseNetwork) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, exemplar: Tensor) -> Tensor | tuple[Tensor, ...]:
        return cast("Tensor | tuple[Tensor, ...]", self.model.template(exemplar))


class _Detector(nn.Module):
    """The template's tensors and search images in, the maps out."""

    def __init__(self, model: SiameseNetwork) -> None:
        super().__init__()
        self.model: Any = model

    def forward(self, search: Tensor, *template: Tensor) -> Tensor | tuple[Tensor, ...]:
        kept = template[0] if self.model.kind == "fc" else template
        return cast("Tensor | tuple[Tensor, ...]", self.model.detect(kept, search))


def export_onnx(
    model: SiameseNetwork,
    path: str | Path,
    *,
    part: str = "pair",
    searches: int = 1,
    exemplar_size: int | None = None,
    search_size: int | None = None,
    opset: int = 17,
) -> OnnxExport:
    """Write a network for one target as ONNX and check it with onnxruntime.

    Images are RGB, 0..255, float32, (n, 3, side, side): the preprocessing is inside. Batch norms are folded. Shapes are
    fixed: one exemplar, `searches` search regions (3 for a three-scale tracker).

    Args:
        model: with its weights.
        path: ends in .onnx.
        part: "pair" (exemplar, search -> maps), "template" (exemplar -> template) or "detect" (search, template ->
            maps); a tracker needs the last two.
        searches: search regions per call.
        exemplar_size, search_size: sides in pixels; None takes the model's.
        opset: ONNX operator set.

    Raises:
        InputError: wrong suffix or part, no such folder, no such operator set, or the exported network disagrees with
            torch by more than 1e-4.
        MissingDependencyError: onnx or onnxruntime is not installed.
    """
    path = Path(path).expanduser()
    if path.suffix != ".onnx":
        raise InputError(f"{path}: networks are exported as .onnx; give a path that ends so")
    if part not in ("pair", "template", "detect"):
        raise InputError(f"part '{part}': expected pair, template or detect")
    if searches < 1:
        raise InputError(f"searches is {searches}: expected 1 or more search regions per call")
    if not path.parent.is_dir():
        raise InputError(f"{path}: no such folder {path.parent}; make it first")
    folded = fold_batch_norm(model).cpu().float()
    generator = torch.Generator().manual_seed(0)
    exemplar = _images(1, exemplar_size or model.exemplar_size, generator)
    search = _images(searches, search_size or model.search_size, generator)
    with torch.no_grad():
        wrapped, inputs = _wrap(folded, part, exemplar, search)
        expected = _as_tuple(wrapped(*inputs.values()))
    names = _output_names(folded.kind, part, len(expected))
    _export(wrapped, tuple(inputs.values()), path, names=list(inputs), outputs=names, opset=opset)
    difference = _check(path, inputs, expected)
    if not difference <= TOLERANCE:
        raise InputError(
            f"{path}: differs from torch by {difference:.2g} of the largest value, more than {TOLERANCE:g}"
        )
    return OnnxExport(
        path,
        {name: tuple(tensor.shape) for name, tensor in inputs.items()},
        {name: tuple(tensor.shape) for name, tensor in zip(names, expected, strict=True)},
        difference,
    )


def _images(count: int, side: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 3, side, side, generator=generator) * 255


def _as_tuple(output: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (output,) if isinstance(output, Tensor) else tuple(output)


def _wrap(model: SiameseNetwork, part: str, exemplar: Tensor, search: Tensor) -> tuple[nn.Module, dict[str, Tensor]]:
    """The module to export and its example inputs by name."""
    if part == "pair":
        return _Pair(model).eval(), {"exemplar": exemplar, "search": search}
    template = _Template(model).eval()
    if part == "template":
        return template, {"exemplar": exemplar}
    kept = _as_tuple(template(exemplar))
    names = ["template"] if len(kept) == 1 else [f"template_{index}" for index in range(len(kept))]
    return _Detector(model).eval(), {"search": search} | dict(zip(names, kept, strict=True))


def _output_names(kind: str, part: str, count: int) -> list[str]:
    if part == "template":
        return ["template"] if count == 1 else [f"template_{index}" for index in range(count)]
    return ["response"] if kind == "fc" else ["cls", "loc"]


def _export(
    module: nn.Module, inputs: tuple[Tensor, ...], path: Path, *, names: list[str], outputs: list[str], opset: int
) -> None:
    try:
        import onnx  # noqa: F401 - torch's exporter needs it and fails late without it
    except ModuleNotFoundError as error:
        raise MissingDependencyError("onnx", "onnx", "export to ONNX") from error
    if not MIN_OPSET <= opset <= MAX_OPSET:
        raise InputError(f"opset {opset}: torch's exporter writes ONNX operator sets {MIN_OPSET} to {MAX_OPSET}")
    with warnings.catch_warnings():
        # The tracer warns of every shape that becomes a constant, which is what is wanted here.
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                module, inputs, str(path), input_names=names, output_names=outputs, opset_version=opset, dynamo=False
            )
        except OSError as error:
            raise InputError(f"{path}: cannot write it ({error.strerror or error})") from error


def _check(path: Path, inputs: dict[str, Tensor], expected: tuple[Tensor, ...]) -> float:
    """Largest difference of onnxruntime's output from torch's, relative to torch's largest value."""
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise MissingDependencyError("onnxruntime", "onnx", "checking an ONNX export") from error
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    worst = 0.0
    for found, right in zip(given, expected, strict=True):
        largest = float(right.abs().max())
        gap = float((torch.from_numpy(found) - right).abs().max())
        worst = max(worst, gap / largest if largest else gap)
    return worst
