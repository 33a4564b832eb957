"""Our own weights files: safetensors that say which network they hold and what it is fed with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch

from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.models.integrity import DIGEST, content_digest
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.storage.writing import replacing

FORMAT = "siamfc-eval-2"
"""Value of the metadata key `format`."""

UNSIGNED_FORMAT = "siamfc-eval-1"
"""What files without a digest have there, which older versions wrote and the project ships."""

OWN_KEYS = ("format", "model", "options", "preprocessing")
"""Metadata keys that every file of ours has."""


def save_model(
    model: SiameseNetwork, path: str | Path, *, half: bool = False, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a network as safetensors, atomically; `checkpoints.load_model` reads it back without any option.

    Args:
        model: built by the registry (its name and options are kept).
        path: ends in .safetensors.
        half: keep convolution kernels in float16. Everything else stays float32: running variances of networks on
            0..255 exceed float16's range.
        metadata: further text, such as the source of the weights.

    Raises:
        InputError: the path has another suffix, or its folder does not exist.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.torch import save_file
    except ModuleNotFoundError as error:
        raise MissingDependencyError("safetensors", "torch", f"writing {path}") from error
    path = Path(path).expanduser()
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: weights are written as .safetensors; give a path that ends so")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such folder to write weights in; make it first")
    tensors = {}
    for name, tensor in model.state_dict().items():
        kept = tensor.detach().cpu()
        is_kernel = kept.dim() == 4 and kept.is_floating_point()
        tensors[name] = (kept.to(torch.float16) if half and is_kernel else kept).contiguous()
    text = dict(metadata or {}) | {
        "format": FORMAT,
        "model": model.name,
        "options": json.dumps(model.options),
        "preprocessing": json.dumps(model.preprocessing.to_json()),
    }
    text[DIGEST] = content_digest(tensors, text)
    with replacing(path) as unfinished:
        try:
            save_file(tensors, unfinished, metadata=text)
        except SafetensorError as error:
            raise InputError(f"{path}: cannot write these weights ({error}). Free some space.") from error
        unfinished.chmod(0o644)  # safetensors leaves it readable by its owner alone
