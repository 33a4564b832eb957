"""An experiment as a file: which data set, under which protocols, scored by which conventions, with which trackers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siamfc_eval.catalogue import find_definition
from siamfc_eval.errors import InputError
from siamfc_eval.protocols.table import PROTOCOLS
from siamfc_eval.running.protocol_specs import AnyProtocol, settings_class
from siamfc_eval.storage.reading import read_toml
from siamfc_eval.storage.validation import explain_validation


class Experiment(BaseModel):
    """What `siamfc-eval run` does, as declared in `experiments/*.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """The file's name without its ending, unless given."""
    description: str = ""
    """One sentence for `siamfc-eval list experiments`."""
    dataset: str = "any"
    """A benchmark or layout as `load_dataset` takes it, "any" to recognise what --data holds, or "embedded"."""
    dataset_options: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the embedded benchmark's generator; empty for data sets on disk."""
    conventions: tuple[str, ...] = ("otb-matlab",)
    """Conventions under which the results are scored, the most important first."""
    trackers: tuple[str, ...] = ()
    """Trackers to run where the user names none."""
    protocols: tuple[AnyProtocol, ...] = Field(min_length=1)
    """What is run, in order."""

    @model_validator(mode="after")
    def _folders_differ(self) -> Experiment:
        folders = [protocol.folder for protocol in self.protocols]
        twice = {str(folder) for folder in folders if folders.count(folder) > 1}
        if twice:
            raise ValueError(f"two protocols write into the folder '{twice.pop()}'; give one of them another `folder`")
        return self


def load_experiment(name_or_path: str) -> Experiment:
    """The experiment of a catalogue name or a TOML file.

    Raises:
        UnknownNameError: the catalogue has no such experiment.
        InputError: the file is missing, no TOML, or has a key or value that is not understood.
    """
    path = find_definition("experiments", name_or_path)
    values = read_toml(path, "experiment")
    if "protocols" not in values:
        raise InputError(
            f"{path}: not an experiment to run: it has no [[protocols]]. "
            f"Expected at least one, with kind one of {', '.join(PROTOCOLS)}."
        )
    return parse_experiment({"name": path.stem, **values}, str(path))


def parse_experiment(values: dict[str, Any], where: str) -> Experiment:
    """An experiment from plain values; `where` names their source in errors.

    Raises:
        InputError: a key or value is not understood; each is named, with what was expected.
    """
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(
            explain_validation(error, where, Experiment, _members(values.get("protocols")), PROTOCOLS)
        ) from error


def _members(declared: object) -> dict[tuple[int | str, ...], type[BaseModel]]:
    """Where protocols are declared -> the settings of their kind, as far as there is one."""
    kinds = [str(each.get("kind")) if isinstance(each, dict) else "" for each in _listed(declared)]
    return {("protocols", place): settings_class(kind) for place, kind in enumerate(kinds) if kind in PROTOCOLS}


def _listed(declared: object) -> list[object]:
    return list(declared) if isinstance(declared, list | tuple) else []
