"""Definition files of trackers: read strictly, written as they are read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.storage.reading import read_toml
from siamfc_eval.storage.validation import explain_validation
from siamfc_eval.storage.writing import write_atomic
from siamfc_eval.tracking.family import FAMILIES, Definition, Described

P = TypeVar("P", bound=BaseModel)


def read_definition(path: Path) -> Definition:
    """A tracker's definition from its TOML file, hyper-parameters checked.

    Raises:
        InputError: the file is missing or no TOML, a key is unknown, a value has the wrong type or is out of range.
        UnknownNameError: no preset has this name.
    """
    values = read_toml(path, "tracker definition")
    return parse_definition(values, path)


def parse_definition(values: Mapping[str, Any], path: Path) -> Definition:
    """A tracker's definition from plain values; `path` names their source in errors.

    Raises:
        InputError, UnknownNameError: as `read_definition`.
    """
    name = values.get("family")
    if not isinstance(name, str) or name not in FAMILIES:
        raise InputError(f"{path}: family is {name!r}; expected one of {', '.join(FAMILIES)}.")
    family = FAMILIES[name]
    try:
        definition: Definition = family.definition.model_validate(dict(values))
    except ValidationError as error:
        raise InputError(explain_validation(error, str(path), family.definition)) from error
    family.check(Described(path, definition))
    return definition


def write_definition(path: Path, definition: Definition, notes: Sequence[str] = ()) -> None:
    """Write a definition as TOML, values that are their defaults left out, notes as comments on top."""
    lines = [f"# {note}" for note in notes] + [f"family = {_toml(definition.family)}"]
    tables = []
    values = definition.model_dump(mode="json", exclude_defaults=True, exclude={"family"}, by_alias=True)
    for key, value in values.items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{name} = {_toml(entry)}" for name, entry in value.items())]
        else:
            lines.append(f"{key} = {_toml(value)}")
    write_atomic(path, "\n".join(lines + tables) + "\n")


def _toml(value: object) -> str:
    """A string, number, truth value or list of these; JSON writes them as TOML does."""
    return json.dumps(value)


def resolve_parameters(
    kind: type[P], presets: Mapping[str, Mapping[str, Any]], preset: str | None, single: Mapping[str, Any], where: str
) -> P:
    """Hyper-parameters of a definition: a preset, if one is named, with single values laid over it.

    Raises:
        UnknownNameError: there is no preset of this name.
        InputError: an unknown parameter or a value out of range; `where` names the file.
    """
    if preset is not None and preset not in presets:
        raise UnknownNameError("preset", preset, presets)
    try:
        return kind(**{**(presets[preset] if preset is not None else {}), **single})
    except ValidationError as error:
        raise InputError(explain_validation(error, f"{where} [parameters]", kind)) from error
