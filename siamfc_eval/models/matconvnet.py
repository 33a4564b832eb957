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
from siamfc_eval.models.layouts import Conversion, alexnet_options

_CONV = re.compile(r"^(?:.*_)?conv(\d)([fb])$")
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
                _tensor(value.transpose(3, 2, 0, 1)) if part == "f" else _tensor(value.reshape(-1))
            )
            used.add(name)
        elif match := _NORM.match(name):
            number, part = match.groups()
            tensors |= _norm(f"backbone.conv{number}.1", part, value)
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
        adjust, adjusted = _adjustment(values)
        options |= {"scale": 1.0, "adjust": adjust} if adjusted else {}
        tensors |= adjusted
        used |= {name for name in values if name.startswith(("fin_adjust", "adjust")) and adjusted}
    return Conversion("SiamFC", options, tensors, notes, tuple(name for name in values if name not in used))


def _read(path: Path) -> tuple[dict[str, NDArray[Any]], list[Any]]:
    """Parameters by name, and the layers."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    try:
        content = loadmat(path, struct_as_record=False, squeeze_me=True)
    except NotImplementedError as error:
        raise InputError(f"{path}: a MATLAB 7.3 file; save it in MATLAB with '-v7' so that it can be read") from error
    except (MatReadError, ValueError, TypeError, OSError, EOFError) as error:
        raise InputError(f"{path}: not readable as a MATLAB file ({error}); fetch it again") from error
    net = content.get("net")
    if net is None or not hasattr(net, "params"):
        found = ", ".join(name for name in content if not name.startswith("__")) or "nothing"
        raise InputError(f"{path}: a MatConvNet network 'net' with 'params' is expected, found {found}")
    values = {str(p.name): np.asarray(p.value, dtype=np.float32) for p in np.atleast_1d(net.params)}
    return values, list(np.atleast_1d(getattr(net, "layers", [])))


def _tensor(value: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value, dtype=np.float32))


def _norm(prefix: str, part: str, value: NDArray[Any]) -> dict[str, Tensor]:
    """Multiplier, bias or moments of a batch norm, under our names."""
    if part != "x":
        return {f"{prefix}.{'weight' if part == 'm' else 'bias'}": _tensor(value.reshape(-1))}
    moments = value.reshape(-1, 2)
    return {
        f"{prefix}.running_mean": _tensor(moments[:, 0]),
        f"{prefix}.running_var": _tensor(moments[:, 1] ** 2),
        f"{prefix}.num_batches_tracked": torch.tensor(0),
    }


def _adjustment(values: dict[str, NDArray[Any]]) -> tuple[str, dict[str, Tensor]]:
    """Kind and tensors of the final adjustment: gain and bias, or a batch norm of one channel."""
    for prefix in ("fin_adjust", "adjust", "adjust_"):
        if f"{prefix}f" in values and f"{prefix}b" in values:
            gain, bias = (_tensor(values[f"{prefix}{part}"].reshape(())) for part in "fb")
            return "affine", {"head.adjust.gain": gain, "head.adjust.bias": bias}
        if f"{prefix}_bnm" in values:
            tensors: dict[str, Tensor] = {}
            for part in "mbx":
                tensors |= _norm("head.adjust", part, values[f"{prefix}_bn{part}"])
            return "batch_norm", tensors
    return "none", {}


def _layer_options(layers: list[Any]) -> dict[str, Any]:
    """Strides and the last ReLU, where the layers say other than the standard network."""
    options: dict[str, Any] = {}
    relus = convolutions = 0
    for layer in layers:
        name = str(layer.name)
        if name.startswith(("br2_", "b_")):
            continue
        if re.search(r"conv\d$", name):
            convolutions += 1
        if re.search(r"relu\d$", name):
            relus += 1
        stride = np.ravel(getattr(layer.block, "stride", [0]))
        if name.endswith("conv1") and int(stride[0]) not in (0, 2):
            options["conv1_stride"] = int(stride[0])
        if name.endswith("pool2") and int(stride[0]) not in (0, 2):
            options["pool2_stride"] = int(stride[0])
    if convolutions and relus == convolutions:
        options["final_relu"] = True
    return options
