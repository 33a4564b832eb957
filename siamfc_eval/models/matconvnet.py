"""MatConvNet networks: the authors' own SiamFC and the baselines of CFNet, as .mat files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.errors import InputError
from siamfc_eval.matlab import read_variable
from siamfc_eval.models.conversion import Conversion, alexnet_options

_CONV = re.compile(r"^(?:.*_)?conv(\d)([fb])$")
_MAX_BYTES = 2**30
_NORM = re.compile(r"^(?:.*_)?bn(\d)([mbx])$")


def read_matconvnet(path: Path) -> Conversion:
    """A SiamFC network from a DagNN saved by MatConvNet: `net.params`, the two branches sharing them.

    Filters are stored (h, w, in, out); batch-norm moments as [mean, standard deviation]. Strides and the last ReLU are
    read from the layers. A correlation-filter layer (CFNet) is no part of SiamFC: its parameters are left out and
    noted, and features are correlated plainly.

    Source: MatConvNet's dagnn.Conv and dagnn.BatchNorm; bertinetto/siamese-fc; bertinetto/cfnet.

    Raises:
        InputError: the file is no MatConvNet network of this family.
    """
    values, layers = _read(path)
    convolutions: dict[str, NDArray[Any]] = {}
    used: set[str] = set()
    tensors: dict[str, Tensor] = {}
    for name, value in values.items():
        if match := _CONV.match(name):
            number, part = match.groups()
            convolutions[f"{number}{part}"] = value
            tensors[f"backbone.conv{number}.0.{'weight' if part == 'f' else 'bias'}"] = (
                _tensor(_shaped(path, name, value, "filter").transpose(3, 2, 0, 1))
                if part == "f"
                else _tensor(value.reshape(-1))
            )
            used.add(name)
        elif match := _NORM.match(name):
            number, part = match.groups()
            tensors |= _norm(path, name, value, f"backbone.conv{number}.1")
            used.add(name)
    if "1f" not in convolutions:
        raise InputError(
            f"{path}: no network of this family: parameters conv1f, conv1b, bn1m ... are expected, found "
            f"{', '.join(list(values)[:6]) or 'none'}"
        )
    options = alexnet_options(tensors, may_be_shallow=True) | _layer_options(layers)
    has_filter = any(name.startswith("join_") for name in values)
    notes: tuple[str, ...] = ()
    if has_filter:
        notes = ("the correlation-filter layer of CFNet is not part of SiamFC; its features are correlated plainly",)
    else:
        adjust, adjusted = _adjustment(path, values)
        options |= {"scale": 1.0, "adjust": adjust} if adjusted else {}
        tensors |= adjusted
        used |= {name for name in values if name.startswith(("fin_adjust", "adjust")) and adjusted}
    return Conversion("SiamFC", options, tensors, notes, tuple(name for name in values if name not in used))


def _read(path: Path) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
    """Parameters by name, and the layers."""
    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    if path.stat().st_size > _MAX_BYTES:
        raise InputError(f"{path}: larger than {_MAX_BYTES:,} bytes; no network of this family is")
    net = read_variable(path.read_bytes(), "net", path, limit=_MAX_BYTES, holding="a MatConvNet network 'net'")
    fields = _records(net)[0] if _records(net) else {}
    if "params" not in fields:
        found = ", ".join(fields) or "no fields"
        raise InputError(f"{path}: a MatConvNet network 'net' with 'params' is expected, found {found}")
    values = {}
    for parameter in _records(fields["params"]):
        value = parameter.get("value")
        if isinstance(value, np.ndarray):
            values[str(parameter.get("name"))] = value.astype(np.float32)
    return values, _records(fields.get("layers"))


def _records(value: Any) -> list[dict[str, Any]]:
    """The structs of a struct array, or of a cell array of structs; none where it is something else."""
    if isinstance(value, dict):
        return [value]
    return [record for one in value for record in _records(one)] if isinstance(value, list) else []


def _shaped(path: Path, name: str, value: NDArray[Any], rule: str) -> NDArray[Any]:
    """A filter as (h, w, in, out), moments as (channels, 2), a number as (): MATLAB drops trailing ones.

    Raises:
        InputError: it has another shape.
    """
    lengths = list(value.shape)
    if rule == "filter" and len(lengths) <= 4:
        return value.reshape(lengths + [1] * (4 - len(lengths)))
    if rule == "moments" and lengths[1:] == [2]:
        return value
    if rule == "number" and value.size == 1:
        return value.reshape(())
    raise InputError(f"{path}: parameter {name} has shape {'x'.join(map(str, lengths))}, which is no {rule}")


def _tensor(value: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(value, dtype=np.float32, order="C"))


def _norm(path: Path, name: str, value: NDArray[Any], prefix: str) -> dict[str, Tensor]:
    """Multiplier (m), bias (b) or moments (x) of a batch norm, as the last letter of the name says, under our names."""
    if name[-1] != "x":
        return {f"{prefix}.{'weight' if name[-1] == 'm' else 'bias'}": _tensor(value.reshape(-1))}
    moments = _shaped(path, name, value, "moments")
    return {
        f"{prefix}.running_mean": _tensor(moments[:, 0]),
        f"{prefix}.running_var": _tensor(moments[:, 1] ** 2),
        f"{prefix}.num_batches_tracked": torch.tensor(0),
    }


def _adjustment(path: Path, values: dict[str, NDArray[Any]]) -> tuple[str, dict[str, Tensor]]:
    """Kind and tensors of the final adjustment: gain and bias, or a batch norm of one channel."""
    for prefix in ("fin_adjust", "adjust", "adjust_"):
        names = [f"{prefix}{part}" for part in "fb"]
        if all(name in values for name in names):
            gain, bias = (_tensor(_shaped(path, name, values[name], "number")) for name in names)
            return "affine", {"head.adjust.gain": gain, "head.adjust.bias": bias}
        names = [f"{prefix}_bn{part}" for part in "mbx"]
        if all(name in values for name in names):
            tensors: dict[str, Tensor] = {}
            for name in names:
                tensors |= _norm(path, name, values[name], "head.adjust")
            return "batch_norm", tensors
    return "none", {}


def _layer_options(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Strides and the last ReLU, where the layers say other than the standard network."""
    options: dict[str, Any] = {}
    relus = convolutions = 0
    for layer in layers:
        name = str(layer.get("name"))
        if name.startswith(("br2_", "b_")):
            continue
        if re.search(r"conv\d$", name):
            convolutions += 1
        if re.search(r"relu\d$", name):
            relus += 1
        block = _records(layer.get("block"))
        strides = block[0].get("stride") if block else None
        stride = int(strides.flat[0]) if isinstance(strides, np.ndarray) and strides.size else 0
        if name.endswith("conv1") and stride not in (0, 2):
            options["conv1_stride"] = stride
        if name.endswith("pool2") and stride not in (0, 2):
            options["pool2_stride"] = stride
    if convolutions and relus == convolutions:
        options["final_relu"] = True
    return options
