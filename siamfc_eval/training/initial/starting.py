"""Weights that a training starts from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import SiameseNetwork
from siamfc_eval.models.weight_files import read_weight_file
from siamfc_eval.models.weight_packages import find_weights
from siamfc_eval.training.configuration import ModelSection
from siamfc_eval.training.initial.widening import widen


def build_network(setting: ModelSection, seed: int) -> SiameseNetwork:
    """A fresh network, with the weights that the configuration names where it names any.

    Raises:
        InputError: a weights file that is missing or does not fit.
    """
    torch.manual_seed(seed)
    if setting.weights:
        path = _weights_file(setting.weights, "model.weights")
        given = load_model(path, setting.name)
        _refuse_other_options(setting.options, given, path)
        return given.train().requires_grad_(True)
    model = build_model(setting.name, **setting.options)
    if setting.widen_from:
        widen(trained_network(setting.widen_from, "model.widen_from"), model, seed, setting.widen_noise)
    if setting.backbone_weights:
        load_backbone(model, _weights_file(setting.backbone_weights, "model.backbone_weights"))
    return model


def _refuse_other_options(declared: dict[str, Any], given: SiameseNetwork, path: Path) -> None:
    """A network from a file is as the file has it; options that say otherwise would be silently ignored."""
    for key, value in declared.items():
        found = given.options.get(key)
        plain = list(found) if isinstance(found, tuple) else found
        if plain is not None and plain != value:
            raise InputError(
                f"model.options: {key} is {value}, but {path} holds a {given.name} with {plain}. Take it out: the "
                "network is as its weights have it; or start from backbone_weights or widen_from."
            )


def load_backbone(model: SiameseNetwork, path: Path) -> None:
    """Put weights of a classifier into the backbone, in place; what only the classifier has is left out.

    Args:
        model: its backbone's names must be the file's, or the file's under one common prefix.
        path: .pth (loaded without running code) or .safetensors.

    Raises:
        InputError: less than half of the backbone's tensors are in the file, or one has another shape.
    """
    tensors = read_weight_file(path).tensors
    wanted = {name: value for name, value in model.backbone.state_dict().items() if value.dim() > 0}
    prefixes = {""} | {name.split(".")[0] + "." for name in tensors}
    prefix = max(sorted(prefixes), key=lambda p: sum(p + name in tensors for name in wanted))
    found = {name: tensors[prefix + name] for name in wanted if prefix + name in tensors}
    misfits = [name for name, value in found.items() if value.shape != wanted[name].shape]
    if 2 * len(found) < len(wanted) or misfits:
        problem = f"'{misfits[0]}' has another shape" if misfits else f"it has {len(found)} of {len(wanted)} tensors"
        raise InputError(
            f"{path}: no weights for the backbone of {model.name}: {problem}. Its first names are "
            f"{', '.join(list(wanted)[:3])}; the file's are {', '.join(list(tensors)[:3])}."
        )
    model.backbone.load_state_dict(found, strict=False)


def trained_network(name: str, field: str) -> SiameseNetwork:
    """A trained network that a configuration names.

    Args:
        name: a file, or NAME for trackers/NAME.safetensors.
        field: of the configuration, for errors.

    Raises:
        InputError: there is no such file, or it does not load.
    """
    return load_model(_weights_file(name, field))


def _weights_file(name: str, field: str) -> Path:
    """The file of weights that a field of the configuration means: itself, or that name's in the catalogue."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    folder, file = catalogue_folder("trackers"), f"{name}.safetensors"
    found = find_weights(folder, file, field)
    if found is None:
        raise InputError(f"{field}: neither {name} nor {folder / file} is a file of weights. Train that network first.")
    return found
