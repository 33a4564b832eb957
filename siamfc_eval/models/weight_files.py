"""Tensors out of weights files, whatever the container; never by running code that a file brings along."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from siamfc_eval.errors import InputError, MissingDependencyError

WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net")
"""Keys under which training programs keep the network's tensors, beside epoch, optimizer and the like."""

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class WeightFile:
    """The tensors of a file, by the names that they have in it, on the CPU."""

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    """Text metadata of safetensors."""
    wrapper: tuple[str, ...] = ()
    """The other keys of the dictionary that the tensors were wrapped in; () for a bare state dict."""
    had_module_prefix: bool = False
    """Whether every name began with `module.`, which DataParallel adds and reading removes."""


def read_weight_file(path: Path) -> WeightFile:
    """Read .safetensors, HDF5, or what torch.save wrote (.pth, .pth.tar, .pt, .model); told apart by content.

    MATLAB files are read by `matconvnet.read_matconvnet`.

    Raises:
        InputError: the file is absent, no weights file, corrupt, or cannot be read without running code from it.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    with path.open("rb") as stream:
        head = stream.read(64)
    if not head:
        raise InputError(f"{path}: the file is empty; fetch it again")
    if head.startswith(b"version https://git-lfs"):
        raise InputError(f"{path}: a Git LFS pointer, not the weights themselves; run 'git lfs pull' where it is from")
    if head.lstrip()[:1] == b"<":
        raise InputError(f"{path}: a web page, not weights; a download that needed confirmation was probably saved")
    if head[4:8] == b"TFL3":
        raise InputError(f"{path}: a TFLite network; give its weights as .pth, .safetensors, .h5 or .mat instead")
    if head.startswith(_HDF5_MAGIC):
        return _read_hdf5(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return _read_torch(path)


def _read_safetensors(path: Path) -> WeightFile:
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError as error:
        raise MissingDependencyError("safetensors", "torch", f"reading {path}") from error
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - no mapping
            metadata = dict(stream.metadata() or {})
    except SafetensorError as error:
        raise InputError(f"{path}: not readable as safetensors ({error}); fetch it again or convert it anew") from error
    return WeightFile(path, tensors, metadata)


def _read_hdf5(path: Path) -> WeightFile:
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingDependencyError("h5py", "torch", f"reading {path}") from error
    tensors: dict[str, Tensor] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu":
            tensors[name.replace("/", ".")] = torch.as_tensor(item[()])

    try:
        with h5py.File(path, "r") as stream:
            if "MATLAB_class" in stream.attrs or path.suffix == ".mat":
                raise InputError(f"{path}: a MATLAB 7.3 file; save it in MATLAB with '-v7' so that it can be read")
            stream.visititems(take)
    except OSError as error:
        raise InputError(f"{path}: not readable as HDF5 ({error}); fetch it again") from error
    return WeightFile(path, tensors)


def _read_torch(path: Path) -> WeightFile:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path}: no plain weights: it is damaged, or it holds Python objects besides tensors, which could run "
            f"code when loaded and are refused ({_refused_object(error)}). If you trust where it is from, save its "
            "tensors alone once, where its own project is installed: torch.save(torch.load(IN, map_location='cpu', "
            "weights_only=False)['state_dict'], OUT)"
        ) from error
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path}: not readable as PyTorch weights ({_first_line(error)}). Expected .safetensors, .pth, .pt, "
            ".model, .h5 or .mat; if it is one of these, fetch it again"
        ) from error
    return _unwrap(path, content)


def _refused_object(error: Exception) -> str:
    """The name of the Python object that weights_only refused, where torch says it."""
    match = re.search(r"GLOBAL ([\w.]+)", str(error))
    return match.group(1) if match else "no zip or pickle of tensors"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _unwrap(path: Path, content: object) -> WeightFile:
    wrapper: tuple[str, ...] = ()
    while isinstance(content, Mapping):
        inner = next((key for key in WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        wrapper += tuple(str(key) for key in content if key != inner)
        content = content[inner]
    tensors = (
        {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors:
        raise InputError(
            f"{path}: no tensors found. Expected a state dict, bare or under one of {', '.join(WRAPPERS)}; found "
            + (f"a dictionary with {', '.join(map(str, list(content)[:5]))}" if isinstance(content, Mapping) else "")
            + ("" if isinstance(content, Mapping) else type(content).__name__)
        )
    has_prefix = all(name.startswith("module.") for name in tensors)
    if has_prefix:
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}
    return WeightFile(path, tensors, wrapper=wrapper, had_module_prefix=has_prefix)
