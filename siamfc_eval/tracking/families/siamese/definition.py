"""Definitions of trackers that run a Siamese network: which network, which weights, which hyper-parameters."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from siamfc_eval.errors import InputError, MissingDependencyError, UnknownNameError
from siamfc_eval.models.checksums import check_sums, file_sum
from siamfc_eval.models.engines.engine import AUTO, PRECISIONS, Computing, Precision, resolve_engine
from siamfc_eval.models.weight_packages import find_weights, package_of
from siamfc_eval.registry import Entry
from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.definition import resolve_parameters
from siamfc_eval.tracking.families.siamese.parameters import Parameters
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, Range
from siamfc_eval.tracking.tracker import Tracker

if TYPE_CHECKING:
    from siamfc_eval.models.siamese import SiameseNetwork

P = TypeVar("P", bound=Parameters)
D = TypeVar("D", bound="NetworkDefinition[Any]")


class PreprocessingDefinition(BaseModel):
    """What the network expects of its input, where the weights file does not say so itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    order: Literal["RGB", "BGR"] = "RGB"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


class NetworkDefinition(Definition, Generic[P]):
    """A tracker with a Siamese network; a family names its hyper-parameters and presets."""

    kind: ClassVar[type[Parameters]]
    """Hyper-parameters of the family."""
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    """Named hyper-parameters."""

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
    engine: str = AUTO
    """What computes the network, one of `siamfc-eval list engines`; "auto": see `resolve_engine`."""
    precision: Precision = "float32"
    """In what the backbone is computed."""
    quantised: str | None = None
    """ONNX file of the backbone in int8, relative to the definition's folder, made from these very weights."""
    preset: str | None = None
    """Named hyper-parameters that `parameters` is laid over."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Single hyper-parameters."""

    def resolved(self, where: str) -> P:
        """Preset and single values together; `where` names the file in errors."""
        kind: type[P] = self.kind  # type: ignore[assignment]
        return resolve_parameters(kind, self.presets, self.preset, self.parameters, where)


def check(described: Described[NetworkDefinition[Any]]) -> None:
    """Preset and hyper-parameters of a definition.

    Raises:
        InputError, UnknownNameError: they are not hyper-parameters of the family.
    """
    described.definition.resolved(str(described.path))


def lacks(described: Described[NetworkDefinition[Any]]) -> str:
    """What is missing before the network can run, as `Family.lacks`."""
    weights = described.definition.weights
    if weights is None:
        return "give --weights"
    try:
        if find_weights(described.folder, weights, described.name) is not None:
            return ""
    except InputError:  # of a package that is absent or another; whoever runs the tracker is told all of it
        pass
    package = package_of(described.folder, weights)
    return f"lacks {weights} ({package})" if package else f"lacks {weights}"


def present(described: Described[NetworkDefinition[Any]], options: LoadOptions) -> None:
    """As `Family.present`: the weights are there, and in int8 where that is asked for."""
    weights_file(described, options)
    if (options.precision or described.definition.precision) == "int8":
        _quantised(described, options)


def facts(described: Described[NetworkDefinition[Any]], options: LoadOptions) -> dict[str, Any]:
    """What decides the answers; the weights file's content enters as a SHA-256, its place does not."""
    definition = described.definition
    weights = file_sum(weights_file(described, options))
    found = {
        "model": definition.model,
        "preprocessing": definition.preprocessing.model_dump() if definition.preprocessing else None,
        "parameters": definition.resolved(str(described.path)).model_dump(mode="json"),
        "weights_sha256": weights,
    }
    computing = computing_of(described, options)
    engine = resolve_engine(computing.engine, computing.precision)
    # Only where they are given, so that results of before are still those of the same tracker.
    single = {
        "source": options.source or definition.source,
        "weights_key": options.weights_key or definition.weights_key,
        "engine": engine if engine != "torch" else None,
        "precision": computing.precision if computing.precision != "float32" else None,
        "quantised_sha256": file_sum(computing.quantised) if computing.quantised is not None else None,
    }
    return found | {key: value for key, value in single.items() if value is not None}


def computing_of(described: Described[NetworkDefinition[Any]], options: LoadOptions) -> Computing:
    """What computes the network, and in what.

    Raises:
        UnknownNameError: there is no such engine.
        InputError: no such precision, not one of this engine, or int8 and there is no quantised backbone.
    """
    definition = described.definition
    precision: Any = options.precision or definition.precision
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", str(precision), PRECISIONS)
    engine = options.engine or definition.engine
    try:
        resolve_engine(engine, precision)
    except UnknownNameError:
        raise
    except InputError as error:
        raise InputError(f"tracker {described.name}: {error}") from error
    return Computing(engine, precision, _quantised(described, options) if precision == "int8" else None)


def _quantised(described: Described[NetworkDefinition[Any]], options: LoadOptions) -> Path:
    """The file with the backbone in int8, which is made from the weights that are used."""
    name, definition = described.name, described.definition
    offered = "Use --precision float32, or quantise your network: see docs/speed.md."
    if definition.quantised is None:
        raise InputError(f"tracker {name} has no backbone in int8. {offered}")
    if options.weights is not None:
        raise InputError(
            f"tracker {name}: its backbone in int8 ({definition.quantised}) is made from its own weights, not from "
            f"{options.weights}. {offered}"
        )
    file = find_weights(described.folder, definition.quantised, f"tracker {name} in int8")
    if file is None:
        missing = described.folder / definition.quantised
        raise InputError(f"{missing}: no such file, which tracker {name} needs for int8. {offered}")
    check_sums(file)  # It has no digest of its own, unlike weights.
    return file


def weights_file(described: Described[NetworkDefinition[Any]], options: LoadOptions) -> Path:
    """The weights file to use, which exists.

    Raises:
        InputError: there is none, or it is in a package that is not installed or does not match.
    """
    name, definition = described.name, described.definition
    if options.weights is None and definition.weights is None:
        source = f" Published weights: {definition.weights_source}." if definition.weights_source else ""
        raise InputError(
            f"tracker {name} comes without weights for its network {definition.model}. Give a file with --weights, "
            f'or name it as weights = "FILE" in a copy of {described.path}.{source}'
        )
    given = options.weights
    if given is None and (found := find_weights(described.path.parent, str(definition.weights), f"tracker {name}")):
        return found
    file = Path(given).expanduser() if given is not None else described.path.parent / str(definition.weights)
    if file.is_dir():
        raise InputError(f"{file}: a folder, not a weights file; give the file in it with --weights.")
    if not file.is_file():
        raise InputError(
            f"{file}: no such weights file, which tracker {name} needs for its network {definition.model}. "
            "Put it there or give another with --weights."
        )
    return file


def load_network(
    described: Described[NetworkDefinition[Any]], options: LoadOptions
) -> tuple[SiameseNetwork, tuple[str, ...]]:
    """The network with its weights and preprocessing, and what its loader noted.

    Raises:
        InputError: the weights are missing or belong to another network.
        MissingDependencyError: torch is not installed.
    """
    name, definition = described.name, described.definition
    if importlib.util.find_spec("torch") is None:
        raise MissingDependencyError("torch", "torch", f"tracker {name}")
    from siamfc_eval.models.checkpoints import build_from_checkpoint, read_checkpoint
    from siamfc_eval.models.preprocessing import Preprocessing

    file = weights_file(described, options)
    wanted = definition.preprocessing
    preprocessing = Preprocessing(**wanted.model_dump()) if wanted is not None else None
    checkpoint = read_checkpoint(
        file, options.source or definition.source, options.weights_key or definition.weights_key
    )
    network = build_from_checkpoint(checkpoint, definition.model, preprocessing=preprocessing)
    return network, tuple(f"{name}: {file}: {note}" for note in checkpoint.notes)


def siamese_family(
    name: str, summary: str, definition: type[D], tracker: str, ranges: Mapping[str, Range]
) -> Family[D]:
    """A family whose trackers hold a network.

    Args:
        name: of the family.
        summary: one line.
        definition: what a definition file holds; names the hyper-parameters.
        tracker: `module:class`, imported when a tracker is built, for it needs torch.
        ranges: hyper-parameters that a search tries.
    """

    def build(described: Described[D], options: LoadOptions) -> Tracker:
        network, notes = load_network(described, options)
        kind = Entry(name, tracker).load()
        parameters = described.definition.resolved(str(described.path))
        computing = computing_of(described, options)
        if computing.quantised is not None:
            from siamfc_eval.models.engines.quantisation import check_origin

            check_origin(computing.quantised, weights_file(described, options))
        built: Any = kind(options.name or described.name, network, parameters, options.device, computing)
        built.facts, built.notes = tracker_facts(described, options), notes
        return cast(Tracker, built)

    return Family(name, summary, definition, build, facts, check, lacks, definition.kind, ranges, present)
