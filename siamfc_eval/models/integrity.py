"""Whether weights can be used and are what was written: their values, a digest of tensors and text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from siamfc_eval.errors import InputError
from siamfc_eval.models.foreign_files import LARGEST

DIGEST = "sha256"
"""Metadata key under which our own files keep `content_digest`."""


def content_digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """SHA-256 of names, types, shapes and bytes of the tensors and of the text next to them, the digest left out."""
    digest = hashlib.sha256()
    text = {key: value for key, value in metadata.items() if key != DIGEST}
    digest.update(json.dumps(text, sort_keys=True).encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def check_digest(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Compare tensors and text of one of our own files with the digest in it.

    Raises:
        InputError: they differ, or there is no digest.
    """
    if metadata.get(DIGEST) != content_digest(tensors, metadata):
        raise InputError(
            f"{path}: its tensors are not those that were written (their SHA-256 differs); the file is damaged, fetch "
            "or write it again"
        )


def usable_weights(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of a network as float32; counters as they are.

    Raises:
        InputError: a tensor of another kind (whole numbers, quantised, sparse, complex), with values that are not
            finite or a negative variance, or more than any network of the family has.
    """
    for name, tensor in tensors.items():
        _check_kind(path, name, tensor)
    # Counted before a tensor is made: an expanded one has few bytes in the file and any number of values.
    total = sum(tensor.numel() for tensor in tensors.values()) * 4
    if total > LARGEST:
        raise InputError(
            f"{path}: its tensors would take {total:,} bytes; no network of this family takes {LARGEST:,}. The file is "
            "damaged or not what it seems"
        )
    converted = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    for name, tensor in converted.items():
        if not tensor.is_floating_point():
            continue
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(
                f"{path}: tensor {name} has values that are not finite; the training diverged or the file broke"
            )
        if name.endswith("running_var") and bool((tensor < 0).any()):
            raise InputError(
                f"{path}: tensor {name} has negative values, which no variance has; the file broke or was changed"
            )
    return converted


def _check_kind(path: Path, name: str, tensor: Tensor) -> None:
    """Refuse what is no plain tensor of floating-point numbers."""
    what = ""
    if tensor.is_quantized:
        what = "quantised; save the network before it is quantised, or each tensor's dequantize()"
    elif tensor.layout != torch.strided:
        what = "sparse; save each tensor's to_dense()"
    elif tensor.is_complex():
        what = "complex, which no network of this family is"
    elif tensor.is_meta:
        what = "without values (on torch's meta device); save the network where it has its weights"
    elif not tensor.is_floating_point() and not name.endswith("num_batches_tracked"):
        kind = str(tensor.dtype).removeprefix("torch.")
        what = f"of type {kind}, where floating-point numbers are expected; if it is quantised, multiply by its scale"
    if what:
        raise InputError(f"{path}: tensor {name} is {what}")
