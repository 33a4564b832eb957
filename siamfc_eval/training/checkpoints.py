"""Training states on disk: written whole or not at all, and refused where they belong to something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import replacing
from siamfc_eval.training.configuration import TrainingConfiguration

FORMAT = "siamfc-eval training 1"


def training_identity(configuration: TrainingConfiguration) -> str:
    """What must be equal for a checkpoint to be continued: all but what changes neither batches nor updates."""
    values = configuration.model_dump(mode="json")
    for name in ("workers", "threads", "cache_mb", "log_every", "save_every", "keep_every", "broken_limit"):
        values["loop"].pop(name)
    values.pop("validation")
    return json.dumps(values, sort_keys=True)


def _completed(identity: str) -> dict[str, Any]:
    """An identity's values, with the defaults of what there was not yet when it was written."""
    values: dict[str, Any] = json.loads(identity)
    try:
        configuration = TrainingConfiguration.model_validate(values)
    except ValidationError:  # of a version with other keys: what differs is shown as it is
        return values
    completed: dict[str, Any] = json.loads(training_identity(configuration))
    return completed


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint next to its place, then move it there; on failure the old one is untouched.

    Raises:
        InputError: the disk is full or the folder cannot be written; the message says which checkpoint is left.
    """
    left = f"The earlier {path.name} is untouched." if path.exists() else "There is no earlier one."
    remedy = f"{left} Make room, then run the same command again."
    with replacing(path, remedy=remedy) as unfinished, unfinished.open("wb") as stream:
        try:
            torch.save({"format": FORMAT, **state}, stream)
        except RuntimeError as error:  # what torch makes of a full disk
            raise InputError(f"{path}: cannot write this checkpoint ({error}). {remedy}") from error


def read_state(path: Path) -> dict[str, Any]:
    """Read a file that `save_state` wrote; no code in it is run.

    Raises:
        InputError: not readable, or no checkpoint of a training.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the unpickler meets foreign bytes with whatever its stack machine trips over
        raise InputError(
            f"{path}: not a readable checkpoint ({type(error).__name__}: {error}). Restore it, or move it away."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path}: no checkpoint of a training ('{FORMAT}'). Weights alone cannot be resumed.")
    return state


def load_state(path: Path, configuration: TrainingConfiguration) -> dict[str, Any]:
    """Read a checkpoint that belongs to this configuration.

    Raises:
        InputError: not readable, no training checkpoint, or of another model or configuration; names what differs.
    """
    state = read_state(path)
    theirs, ours = _completed(state["identity"]), json.loads(training_identity(configuration))
    differing = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
    if differing:
        shown = "; ".join(f"{key}: {theirs.get(key)!r} there, {ours.get(key)!r} here" for key in differing)[:600]
        raise InputError(
            f"{path}: a checkpoint of another training, it differs in {', '.join(differing)} ({shown}). "
            "Give another --out, or the configuration that it was made with."
        )
    return state
