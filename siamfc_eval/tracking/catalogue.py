"""Trackers by name: definitions in `trackers/`, the tracker that each describes, and what decides its answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from siamfc_eval.catalogue import catalogue_names, find_definition
from siamfc_eval.errors import TrackerError
from siamfc_eval.tracking.definition import read_definition
from siamfc_eval.tracking.family import FAMILIES, Described, LoadOptions
from siamfc_eval.tracking.tracker import Tracker


def tracker_names() -> list[str]:
    """Names of the trackers in the catalogue."""
    return catalogue_names("trackers")


def load_described(spec: str, options: LoadOptions | None = None) -> Tracker:
    """The tracker that a name or a definition file describes, ready to start.

    Args:
        spec: a name of `tracker_names()`, or the path of a .toml file.
        options: see `LoadOptions`.

    Returns:
        A tracker whose `facts` (plain JSON values with a "hash") say all that decides its answers, and whose `notes`,
        if it has a network, what was assumed of its weights.

    Raises:
        UnknownNameError: no such tracker, model or preset.
        InputError: the definition is wrong, or its weights are missing or belong to another network.
        MissingDependencyError: a network is asked for and torch is not installed.
    """
    options = options or LoadOptions()
    described = read_catalogue(spec)
    family = FAMILIES[described.definition.family]
    tracker = family.build(described, options)
    if not isinstance(tracker, Tracker):
        raise TrackerError(f"{described.path}: {type(tracker).__name__} is no tracker; it lacks init, update or name.")
    return tracker


def check_described(spec: str, options: LoadOptions | None = None) -> None:
    """Whether a definition can be used and what it needs is there, without loading a network.

    Raises:
        UnknownNameError, InputError: as `load_described`.
    """
    described = read_catalogue(spec)
    FAMILIES[described.definition.family].present(described, options or LoadOptions())


def tracker_facts(described: Described[Any], options: LoadOptions | None = None) -> dict[str, Any]:
    """What decides a tracker's answers, with a "hash" over it, without loading a network.

    Raises:
        UnknownNameError, InputError: as `load_described`.
    """
    definition, options = described.definition, options or LoadOptions()
    family = FAMILIES[definition.family]
    facts: dict[str, Any] = {"family": definition.family, **family.facts(described, options)}
    facts["hash"] = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return {"name": options.name or described.name, **facts}


def read_catalogue(spec: str) -> Described[Any]:
    """A definition and its file, by catalogue name, model name or path.

    Raises:
        UnknownNameError, InputError: as `load_described`.
    """
    path: Path = find_definition("trackers", _canonical(spec))
    return Described(path, read_definition(path))


def _canonical(spec: str) -> str:
    """Models' known names stand for their trackers: "SiamRPN++" is siamrpnpp, "SiamFCRes22" is siamfcres22."""
    if spec.endswith(".toml") or "/" in spec or spec in tracker_names():
        return spec
    plain = spec.lower().replace("+", "p")
    return plain if plain in tracker_names() else spec
