"""What a family of trackers is: how its definition files look, and how a tracker is made of one.

A family is one object of `Family` in a module of its own, listed in `FAMILIES` or offered by another package as an
entry point of the group `siamfc_eval.trackers`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from siamfc_eval.errors import InputError
from siamfc_eval.registry import Registry
from siamfc_eval.tracking.tracker import Tracker

Range = tuple[float, float]
"""Least and greatest value of a hyper-parameter that a search tries."""


class Definition(BaseModel):
    """A tracker's definition file (.toml); a family adds the keys that its trackers need."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: str
    """Name of the family."""
    description: str = ""
    """One sentence for `siamfc-eval list trackers`."""


D = TypeVar("D", bound=Definition)
D_co = TypeVar("D_co", bound=Definition, covariant=True)


@dataclass(frozen=True)
class LoadOptions:
    """How a tracker is loaded, in addition to what its definition says. None: as the definition says."""

    device: str = "auto"
    """"auto", "cpu", "cuda" or "cuda:N"; for networks, and for classes that ask for it."""
    weights: Path | str | None = None
    """A weights file instead of the definition's own."""
    weights_key: str | None = None
    """Where in the weights file the tensors are, e.g. "ema"."""
    source: str | None = None
    """The project in whose layout the weights file is, where that is in doubt, e.g. "siamesex"."""
    engine: str | None = None
    """What computes a network: "auto" or one of `siamfc_eval.models.engines.engine.ENGINES`."""
    precision: str | None = None
    """In what it does: "float32", "bfloat16", "float16" or "int8"."""
    timeout: float | None = None
    """Seconds that a tracker in another process may take to start, and for each answer."""
    style: str | None = None
    """In which a Python class is written; None: by its methods."""
    name: str | None = None
    """For result folders and reports, in place of the tracker's own."""
    debug: bool = False
    """Have a Python class in this process, and stop in the debugger where it raises."""


@dataclass(frozen=True)
class Described(Generic[D_co]):
    """A definition and where it was read."""

    path: Path
    definition: D_co

    @property
    def name(self) -> str:
        """The tracker's name: the file's."""
        return self.path.stem

    @property
    def folder(self) -> Path:
        """What relative paths in the definition begin at."""
        return self.path.resolve().parent


def _no_facts(described: Described[Any], options: LoadOptions) -> dict[str, Any]:
    return {}


def _complete(described: Described[Any]) -> str:
    return ""


def _nothing_to_check(described: Described[Any]) -> None:
    return None


def _nothing_to_find(described: Described[Any], options: LoadOptions) -> None:
    return None


@dataclass(frozen=True)
class Family(Generic[D]):
    """A kind of trackers."""

    name: str
    """`family` in a definition file."""
    summary: str
    definition: type[D]
    """What a definition file holds."""
    build: Callable[[Described[D], LoadOptions], Tracker]
    """Makes a tracker, called as `LoadOptions.name` says, else as the definition is; raises InputError where the
    definition or an option cannot be used."""
    facts: Callable[[Described[D], LoadOptions], dict[str, Any]] = _no_facts
    """What decides the answers other than the family's name, as plain JSON values, without making a tracker."""
    check: Callable[[Described[D]], None] = _nothing_to_check
    """Raises InputError for what the types of the definition's keys do not rule out."""
    lacks: Callable[[Described[D]], str] = _complete
    """What is missing before the tracker can run, in a few words; "" where nothing is."""
    parameters: type[BaseModel] | None = None
    """Hyper-parameters of its trackers; None where they have none."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Hyper-parameters that a search tries, and where."""
    present: Callable[[Described[D], LoadOptions], None] = _nothing_to_find
    """Raises InputError where a file that a tracker needs is not there, without loading it; a run asks this of all its
    trackers before the first runs."""


FAMILIES: Registry[Family[Any]] = Registry(
    "tracker family", "siamfc_eval.tracking.family:Family", group="siamfc_eval.trackers"
)
"""Every family, by name."""

for _name, _target in {
    "siamfc": "siamfc_eval.tracking.families.siamfc.family",
    "siamrpn": "siamfc_eval.tracking.families.siamrpn.family",
    "correlation-filter": "siamfc_eval.tracking.families.correlation_filter.family",
    "opencv": "siamfc_eval.tracking.families.opencv",
    "static": "siamfc_eval.tracking.families.static",
    "trax": "siamfc_eval.adapters.trax.family",
    "class": "siamfc_eval.adapters.classes.family",
}.items():
    FAMILIES.add(_name, f"{_target}:FAMILY")


def refuse_weights(described: Described[Any], options: LoadOptions) -> None:
    """For families without networks.

    Raises:
        InputError: weights are given, or what is to compute them.
    """
    why = f"tracker {described.name} has no network, so"
    if options.weights is not None:
        raise InputError(f"{why} weights ({options.weights}) mean nothing to it.")
    refuse_reading(why, options)
    refuse_engine(f"tracker {described.name}", options)


def refuse_reading(why: str, options: LoadOptions) -> None:
    """For trackers whose weights this package does not read.

    Args:
        why: the first words of the message, up to a comma: "tracker x has no network, so".

    Raises:
        InputError: it is said how weights are to be read.
    """
    if options.weights_key is not None:
        raise InputError(f"{why} the key '{options.weights_key}' means nothing to it.")
    if options.source is not None:
        raise InputError(f"{why} the source '{options.source}' means nothing to it.")


def refuse_engine(what: str, options: LoadOptions) -> None:
    """For trackers whose networks, if they have any, are not ours.

    Raises:
        InputError: an engine or a precision is given.
    """
    for option, value in (("--engine", options.engine), ("--precision", options.precision)):
        if value is not None:
            raise InputError(f"{what} has no network of this package, so {option} {value} means nothing to it.")
