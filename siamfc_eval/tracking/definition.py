"""A tracker as a file: which network, which weights, which hyper-parameters."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, TypeAdapter, ValidationError

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.storage.validation import explain_validation
from siamfc_eval.storage.writing import write_atomic
from siamfc_eval.tracking.parameters import Parameters, SiamFCParameters, SiamRPNParameters
from siamfc_eval.tracking.presets import SIAMFC_PRESETS, SIAMRPN_PRESETS

FAMILIES = ("siamfc", "siamrpn", "opencv", "static", "trax", "class")
"""What `family` in a definition may be."""


class _Definition(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    """One sentence for `siamfc-eval list trackers`."""


class PreprocessingDefinition(BaseModel):
    """What the network expects of its input, where the weights file does not say so itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Literal["RGB", "BGR"] = "RGB"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


class NetworkDefinition(_Definition):
    """What the definitions of Siamese trackers have in common."""

    model: str
    """Known name of the network, one of `siamfc-eval list models`; its widths are read from the weights."""
    weights: str | None = None
    """Weights file, relative to the definition's folder; none: the user brings one."""
    source: str | None = None
    """Project whose layout the weights have, where that leaves a doubt, e.g. "siamesex"; none: by their names."""
    weights_key: str | None = None
    """Where in the weights file the tensors are, e.g. "ema"; none: under the usual keys."""
    weights_source: str = ""
    """Where weights for this network are published; shown when they are missing."""
    preprocessing: PreprocessingDefinition | None = None
    """Overrides what the weights file's layout implies."""
    preset: str | None = None
    """Named hyper-parameters that `parameters` is laid over."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Single hyper-parameters."""


class SiamFCDefinition(NetworkDefinition):
    """A tracker of the SiamFC family."""

    family: Literal["siamfc"]

    def resolved(self, where: str) -> SiamFCParameters:
        """Preset and single values together; `where` names the file in errors."""
        return _resolve(SiamFCParameters, SIAMFC_PRESETS, self, where)


class SiamRPNDefinition(NetworkDefinition):
    """A tracker of the SiamRPN family."""

    family: Literal["siamrpn"]

    def resolved(self, where: str) -> SiamRPNParameters:
        """Preset and single values together; `where` names the file in errors."""
        return _resolve(SiamRPNParameters, SIAMRPN_PRESETS, self, where)


class OpenCVDefinition(_Definition):
    """One of OpenCV's own trackers."""

    family: Literal["opencv"]
    algorithm: str
    """Name as in cv2.Tracker<name>, e.g. "MIL", "CSRT", "KCF"."""


class StaticDefinition(_Definition):
    """The start box on every frame."""

    family: Literal["static"]


class TraxDefinition(_Definition):
    """A tracker in another process that speaks TraX."""

    family: Literal["trax"]
    command: str = Field(min_length=1)
    """Command line, split as a shell splits words; it is started in the definition's folder."""
    timeout: PositiveFloat | None = Field(default=None, allow_inf_nan=False)
    """Seconds for the hello and for each answer; none: as for any TraX tracker. It decides nothing of the answers."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables added to the tracker's environment."""


class ClassDefinition(_Definition):
    """A Python class of the user's own, which runs in a process of its own."""

    family: Literal["class"]
    class_name: str = Field(alias="class", min_length=1)
    """`file.py:Class`, the file relative to the definition's folder, or `package.module:Class`."""
    style: str | None = None
    """In which it is written, e.g. "pysot"; none: by its methods."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Of the constructor, by name. Relative paths begin in the definition's folder, in which the process runs."""
    timeout: PositiveFloat | None = Field(default=None, allow_inf_nan=False)
    """Seconds to make the tracker, and for each of its calls; none: as for any class. It decides nothing of answers."""


TrackerDefinition = (
    SiamFCDefinition | SiamRPNDefinition | OpenCVDefinition | StaticDefinition | TraxDefinition | ClassDefinition
)

_ADAPTER: TypeAdapter[TrackerDefinition] = TypeAdapter(Annotated[TrackerDefinition, Field(discriminator="family")])

P = TypeVar("P", bound=Parameters)


def read_definition(path: Path) -> TrackerDefinition:
    """A tracker's definition from its TOML file, hyper-parameters checked.

    Raises:
        InputError: the file is missing or no TOML, a key is unknown, a value has the wrong type or is out of range.
        UnknownNameError: no preset has this name.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot read this tracker definition ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}.") from error
    return parse_definition(values, str(path))


def parse_definition(values: Mapping[str, Any], where: str) -> TrackerDefinition:
    """A tracker's definition from plain values; `where` names their source in errors.

    Raises:
        InputError, UnknownNameError: as `read_definition`.
    """
    if values.get("family") not in FAMILIES:
        raise InputError(f"{where}: family is {values.get('family')!r}; expected one of {', '.join(FAMILIES)}.")
    try:
        definition = _ADAPTER.validate_python(dict(values))
    except ValidationError as error:
        known: dict[str, type[BaseModel]] = {
            "siamfc": SiamFCDefinition,
            "siamrpn": SiamRPNDefinition,
            "opencv": OpenCVDefinition,
            "static": StaticDefinition,
            "trax": TraxDefinition,
            "class": ClassDefinition,
        }
        raise InputError(explain_validation(error, where, tags=known)) from error
    if isinstance(definition, SiamFCDefinition | SiamRPNDefinition):
        definition.resolved(where)
    return definition


def write_definition(path: Path, definition: TrackerDefinition, notes: Sequence[str] = ()) -> None:
    """Write a definition as TOML, values that are their defaults left out, notes as comments on top."""
    lines = [f"# {note}" for note in notes] + [f"family = {_toml(definition.family)}"]
    tables = []
    for key, value in definition.model_dump(mode="json", exclude_defaults=True, exclude={"family"}).items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{name} = {_toml(entry)}" for name, entry in value.items())]
        else:
            lines.append(f"{key} = {_toml(value)}")
    write_atomic(path, "\n".join(lines + tables) + "\n")


def _toml(value: object) -> str:
    """A string, number, truth value or list of these; JSON writes them as TOML does."""
    return json.dumps(value)


def definition_facts(definition: TrackerDefinition, where: str, weights: Path | None) -> dict[str, Any]:
    """Everything that decides what a tracker answers, as plain JSON values: for manifests and hashes.

    Args:
        definition: the tracker.
        where: its source, for errors.
        weights: the weights file in use; its content enters as a SHA-256, its place does not.
    """
    facts: dict[str, Any] = {"family": definition.family}
    if isinstance(definition, OpenCVDefinition):
        facts["algorithm"] = definition.algorithm
    if isinstance(definition, TraxDefinition):
        facts |= {"command": definition.command, "environment": definition.environment}
    if isinstance(definition, SiamFCDefinition | SiamRPNDefinition):
        facts |= {
            "model": definition.model,
            "preprocessing": definition.preprocessing.model_dump() if definition.preprocessing else None,
            "parameters": definition.resolved(where).model_dump(mode="json"),
            "weights_sha256": _file_hash(weights) if weights else None,
        }
        # Only where they are given, so that results of before are still those of the same tracker.
        reading = {"source": definition.source, "weights_key": definition.weights_key}
        facts |= {key: value for key, value in reading.items() if value is not None}
    facts["hash"] = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return facts


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _resolve(kind: type[P], presets: Mapping[str, Mapping[str, Any]], definition: NetworkDefinition, where: str) -> P:
    if definition.preset is not None and definition.preset not in presets:
        raise UnknownNameError("preset", definition.preset, presets)
    base = presets[definition.preset] if definition.preset else {}
    try:
        return kind(**{**base, **definition.parameters})
    except ValidationError as error:
        raise InputError(explain_validation(error, f"{where} [parameters]", kind)) from error
