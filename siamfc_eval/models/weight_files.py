"""Tensors out of weights files, whatever the container; never by running code that a file brings along."""

from __future__ import annotations

import dataclasses
import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.models.checksums import check_sums
from siamfc_eval.models.foreign_files import HEAD, LARGEST, check_zip, refuse_other_kinds
from siamfc_eval.models.integrity import DIGEST

WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net", "module")
"""Keys under which training programs keep the network's tensors, in addition to epoch, optimizer and the like."""

_PARALLEL = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

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
    notes: tuple[str, ...] = ()
    """What a person should know of how it was read."""
    unused: tuple[str, ...] = ()
    """Names that were left out."""

    def within(self, prefix: str) -> WeightFile | None:
        """The part of the file whose names begin so, without the prefix; None if there is none."""
        inner = {name.removeprefix(prefix): t for name, t in self.tensors.items() if name.startswith(prefix)}
        outside = tuple(name for name in self.tensors if not name.startswith(prefix))
        return dataclasses.replace(self, tensors=inner, unused=self.unused + outside) if inner else None


def read_weight_file(path: Path, key: str | None = None) -> WeightFile:
    """Read .safetensors, HDF5, or what torch.save wrote (.pth, .pth.tar, .pt, .model); distinguished by content.

    MATLAB files are read by `matconvnet.read_matconvnet`.

    Args:
        path: the file.
        key: under which of a dictionary's keys the tensors are ("ema", "ema.state_dict"); None: under the usual ones.

    Raises:
        InputError: the file is absent, no weights file, corrupt, or cannot be read without running code from it.
    """
    if path.is_dir():
        raise InputError(f"{path}: a folder, not a weights file; give the file in it")
    if not path.is_file():
        raise InputError(f"{path}: no such weights file")
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    is_safetensors = head[8:9] == b"{"
    if not is_safetensors:
        refuse_other_kinds(path, head)
    is_safetensors |= path.suffix == ".safetensors"
    if is_safetensors or head.startswith(_HDF5_MAGIC):
        if key is not None:
            raise InputError(f"{path}: has no keys to choose '{key}' from; --weights-key is for what torch.save wrote")
        return _read_safetensors(path) if is_safetensors else _read_hdf5(path)
    return _read_torch(path, key)


def _read_safetensors(path: Path) -> WeightFile:
    try:
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError as error:
        raise MissingDependencyError("safetensors", "torch", f"reading {path}") from error
    try:
        # The format's own reader compares every size in the head with the file before it makes a tensor.
        with safe_open(path, framework="pt", device="cpu") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118 - no mapping
            metadata = dict(stream.metadata() or {})
    # A damaged head can name a type that torch or the reader lacks.
    except (SafetensorError, ValueError, TypeError, KeyError, RuntimeError, OSError) as error:
        raise InputError(f"{path}: not readable as safetensors ({error}); fetch it again or convert it anew") from error
    if DIGEST not in metadata:
        check_sums(path)
    return WeightFile(path, tensors, metadata)


def _read_hdf5(path: Path) -> WeightFile:
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingDependencyError("h5py", "torch", f"reading {path}") from error
    tensors: dict[str, Tensor] = {}
    total = 0

    def take(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiu":
            total += item.size * item.dtype.itemsize
            if total > LARGEST:
                raise InputError(
                    f"{path}: its tensors take more than {LARGEST:,} bytes; no network of this family does"
                )
            tensors[name.replace("/", ".")] = torch.as_tensor(item[()])

    try:
        with h5py.File(path, "r") as stream:
            if "MATLAB_class" in stream.attrs or path.suffix == ".mat":
                raise InputError(f"{path}: a MATLAB 7.3 file; save it in MATLAB with '-v7' so that it can be read")
            stream.visititems(take)
    # h5py passes on what the library finds under many types.
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
        raise InputError(f"{path}: not readable as HDF5 ({error}); fetch it again") from error
    check_sums(path)
    return WeightFile(path, tensors)


def _read_torch(path: Path, key: str | None) -> WeightFile:
    with path.open("rb") as stream:
        is_zip = stream.read(4) == b"PK\x03\x04"
    if is_zip:
        check_zip(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own, on types that are refused below with a message
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path}: no plain weights: it is damaged, or it holds Python objects besides tensors, which could run "
            f"code when loaded and are refused ({_refused_object(error)}). If you trust where it is from, save its "
            "tensors alone once, where its own project is installed: torch.save(torch.load(IN, map_location='cpu', "
            "weights_only=False)['state_dict'], OUT), or with .state_dict() in place of ['state_dict'] if it is the "
            "network itself"
        ) from error
    except Exception as error:  # whatever a damaged pickle leads torch to; nothing of the file has run
        raise InputError(
            f"{path}: not readable as PyTorch weights ({_first_line(error)}). Expected .safetensors, .pth, .pt, "
            ".model, .h5 or .mat; if it is one of these, fetch it again"
        ) from error
    check_sums(path)
    return _unwrap(path, content, key)


def _refused_object(error: Exception) -> str:
    """The name of the Python object that weights_only refused, where torch says it."""
    match = re.search(r"GLOBAL ([\w.]+)", str(error))
    return match.group(1) if match else "no zip or pickle of tensors"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _unwrap(path: Path, content: object, key: str | None) -> WeightFile:
    notes: tuple[str, ...] = ()
    if key is not None:
        content = _chosen(path, content, key)
    wrapper: tuple[str, ...] = ()
    while isinstance(content, Mapping):
        inner = next((name for name in WRAPPERS if isinstance(content.get(name), Mapping)), None)
        if inner is None:
            break
        others = [str(name) for name in content if name != inner and _holds_tensors(content[name])]
        if others:
            notes += (
                f"taken: '{inner}'; the file also holds weights under {', '.join(repr(one) for one in others)}, which "
                f"--weights-key {others[0]} takes instead",
            )
        wrapper += tuple(str(name) for name in content if name != inner)
        content = content[inner]
    tensors = (
        {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
        if isinstance(content, Mapping)
        else {}
    )
    if not tensors:
        raise InputError(_nothing_found(path, content))
    had_module = False
    while tensors and (prefix := next((p for p in _PARALLEL if all(n.startswith(p) for n in tensors)), None)):
        had_module |= prefix == "module."
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return WeightFile(path, tensors, wrapper=wrapper, had_module_prefix=had_module, notes=notes)


def _chosen(path: Path, content: object, key: str) -> object:
    """What is under a key of the file's dictionary; dots go further in.

    Raises:
        InputError: there is no such key.
    """
    for part in [key] if isinstance(content, Mapping) and key in content else key.split("."):
        if not isinstance(content, Mapping) or part not in content:
            found = ", ".join(map(str, list(content)[:8])) if isinstance(content, Mapping) else type(content).__name__
            raise InputError(f"{path}: nothing under the key '{key}'; found there: {found or 'nothing'}")
        content = content[part]
    return content


def _holds_tensors(value: object) -> bool:
    """Whether a value is a state dict, bare or wrapped; an optimizer's state, numbered and not named, is none."""
    if not isinstance(value, Mapping):
        return False
    named = [entry for name, entry in value.items() if isinstance(name, str)]
    return any(isinstance(entry, Tensor) and entry.dim() > 0 for entry in named) or any(
        _holds_tensors(value.get(name)) for name in WRAPPERS
    )


def _nothing_found(path: Path, content: object) -> str:
    if not isinstance(content, Mapping):
        found = type(content).__name__
    else:
        found = f"a dictionary with {', '.join(map(str, list(content)[:5]))}" if content else "an empty dictionary"
        held = [str(name) for name, value in content.items() if _holds_tensors(value)]
        if held:
            found += f"; there are tensors under {', '.join(held)}, which --weights-key {held[0]} takes"
    return f"{path}: no tensors found. Expected a state dict, bare or under one of {', '.join(WRAPPERS)}; found {found}"
