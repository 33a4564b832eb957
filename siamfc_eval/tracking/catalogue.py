"""Trackers by name: the definitions in `trackers/`, and the tracker that each of them describes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.catalogue import catalogue_names, find_definition
from siamfc_eval.errors import InputError, MissingDependencyError, TrackerError
from siamfc_eval.tracking.definition import (
    ClassDefinition,
    NetworkDefinition,
    OpenCVDefinition,
    SiamFCDefinition,
    SiamRPNDefinition,
    TrackerDefinition,
    TraxDefinition,
    definition_facts,
    read_definition,
)
from siamfc_eval.tracking.tracker import Tracker

if TYPE_CHECKING:
    from siamfc_eval.models.siamese import SiameseNetwork


def tracker_names() -> list[str]:
    """Names of the trackers in the catalogue."""
    return catalogue_names("trackers")


def load_tracker(
    spec: str, device: str = "auto", weights: Path | str | None = None, weights_key: str | None = None
) -> Tracker:
    """The tracker that a name or a definition file describes, ready to start.

    Args:
        spec: a name of `tracker_names()`, or the path of a .toml file.
        device: "auto", "cpu", "cuda" or "cuda:N"; only networks use it.
        weights: a weights file of any layout that `load_weights` knows, instead of the definition's own.
        weights_key: where in it the tensors are, e.g. "ema", instead of what the definition says.

    Returns:
        A tracker whose `facts` (plain JSON values with a "hash") say all that decides its answers, and whose `notes`,
        if it has a network, what was assumed of its weights.

    Raises:
        UnknownNameError: no such tracker, model or preset.
        InputError: the definition is wrong, or its weights are missing or belong to another network.
        MissingDependencyError: a network is asked for and torch is not installed.
    """
    path, definition = _with_key(spec, weights_key)
    if isinstance(definition, TraxDefinition | ClassDefinition):
        raise InputError(f"{path}: family {definition.family} is loaded by siamfc_eval.adapters.load.load_tracker.")
    name = path.stem
    facts = tracker_facts(spec, weights, weights_key)
    tracker: Any
    if isinstance(definition, SiamFCDefinition | SiamRPNDefinition):
        if importlib.util.find_spec("torch") is None:
            raise MissingDependencyError("torch", "torch", f"tracker {name}")
        network, notes = load_network(name, path, definition, weights)
        if isinstance(definition, SiamFCDefinition):
            from siamfc_eval.tracking.siamfc import SiamFCTracker

            tracker = SiamFCTracker(name, network, definition.resolved(str(path)), device)
        else:
            from siamfc_eval.tracking.siamrpn import SiamRPNTracker

            tracker = SiamRPNTracker(name, network, definition.resolved(str(path)), device)
        tracker.notes = notes
    else:
        if weights is not None:
            raise InputError(f"tracker {name} has no network, so weights ({weights}) mean nothing to it.")
        if isinstance(definition, OpenCVDefinition):
            from siamfc_eval.tracking.opencv import OpenCVTracker

            tracker = OpenCVTracker(name, definition.algorithm)
        else:
            from siamfc_eval.tracking.static import StaticTracker

            tracker = StaticTracker(name)
    tracker.facts = facts
    if not isinstance(tracker, Tracker):
        raise TrackerError(f"{path}: {type(tracker).__name__} is no tracker; it lacks init, update or name.")
    return tracker


def tracker_facts(spec: str, weights: Path | str | None = None, weights_key: str | None = None) -> dict[str, Any]:
    """What decides a tracker's answers, with a "hash" over it, without loading a network.

    Raises:
        UnknownNameError, InputError: as `load_tracker`.
    """
    path, definition = _with_key(spec, weights_key)
    file = _weights_file(path.stem, path, definition, weights) if isinstance(definition, NetworkDefinition) else None
    return {"name": path.stem, **definition_facts(definition, str(path), file)}


def read_catalogue(spec: str) -> tuple[Path, TrackerDefinition]:
    """A definition and its file, by catalogue name, model name or path.

    Raises:
        UnknownNameError, InputError: as `load_tracker`.
    """
    path = find_definition("trackers", _canonical(spec))
    return path, read_definition(path)


def _with_key(spec: str, weights_key: str | None) -> tuple[Path, TrackerDefinition]:
    """`read_catalogue`, with another key into the weights file if one is given.

    Raises:
        UnknownNameError, InputError: as `load_tracker`.
    """
    path, definition = read_catalogue(spec)
    if weights_key is None:
        return path, definition
    if not isinstance(definition, SiamFCDefinition | SiamRPNDefinition):
        raise InputError(f"tracker {path.stem} has no network, so the key '{weights_key}' means nothing to it.")
    return path, definition.model_copy(update={"weights_key": weights_key})


def _canonical(spec: str) -> str:
    """Models' known names stand for their trackers: "SiamRPN++" is siamrpnpp, "SiamFCRes22" is siamfcres22."""
    if spec.endswith(".toml") or "/" in spec or spec in tracker_names():
        return spec
    plain = spec.lower().replace("+", "p")
    return plain if plain in tracker_names() else spec


def _weights_file(name: str, path: Path, definition: NetworkDefinition, weights: Path | str | None) -> Path:
    """The weights file to use, which exists."""
    if weights is None and definition.weights is None:
        source = f" Published weights: {definition.weights_source}." if definition.weights_source else ""
        raise InputError(
            f"tracker {name} comes without weights for its network {definition.model}. Give a file with --weights, "
            f'or name it as weights = "FILE" in a copy of {path}.{source}'
        )
    file = Path(weights).expanduser() if weights is not None else path.parent / str(definition.weights)
    if not file.is_file():
        raise InputError(
            f"{file}: no such weights file, which tracker {name} needs for its network {definition.model}. "
            "Put it there or give another with --weights."
        )
    return file


def load_network(
    name: str, path: Path, definition: NetworkDefinition, weights: Path | str | None = None
) -> tuple[SiameseNetwork, tuple[str, ...]]:
    """A definition's network with its weights and preprocessing, and what its loader noted.

    Args:
        name: the tracker's, for messages.
        path: of the definition.
        definition: the tracker.
        weights: instead of the definition's own.

    Raises:
        InputError: the weights are missing, damaged or another network's.
    """
    from siamfc_eval.models.checkpoints import build_from_checkpoint, read_checkpoint
    from siamfc_eval.models.preprocessing import Preprocessing

    file = _weights_file(name, path, definition, weights)
    wanted = definition.preprocessing
    preprocessing = Preprocessing(**wanted.model_dump()) if wanted is not None else None
    checkpoint = read_checkpoint(file, definition.source, definition.weights_key)
    network = build_from_checkpoint(checkpoint, definition.model, preprocessing=preprocessing)
    return network, tuple(f"{name}: {file}: {note}" for note in checkpoint.notes)
