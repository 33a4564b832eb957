"""Correlation filters: definitions, presets, what a search tries, and the way from a definition to a tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.definition import resolve_parameters
from siamfc_eval.tracking.families.correlation_filter.parameters import CorrelationFilterParameters
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, Range, refuse_weights
from siamfc_eval.tracking.presets import read_presets
from siamfc_eval.tracking.tracker import Tracker

PRESETS = read_presets(Path(__file__).parent)
"""Of `CorrelationFilterParameters`, by name."""

RANGES: dict[str, Range] = {
    "update_rate": (0.002, 0.2),
    "padding": (0.8, 3.0),
    "label_width": (0.03, 0.2),
    "bandwidth": (0.1, 1.0),
}


class CorrelationFilterDefinition(Definition):
    """A correlation filter."""

    family: Literal["correlation-filter"]
    preset: str | None = None
    """Named hyper-parameters that `parameters` is laid over."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Single hyper-parameters."""

    def resolved(self, where: str) -> CorrelationFilterParameters:
        """Preset and single values together; `where` names the file in errors."""
        return resolve_parameters(CorrelationFilterParameters, PRESETS, self.preset, self.parameters, where)


def check(described: Described[CorrelationFilterDefinition]) -> None:
    """Preset and hyper-parameters of a definition.

    Raises:
        InputError, UnknownNameError: they are not hyper-parameters of the family.
    """
    described.definition.resolved(str(described.path))


def facts(described: Described[CorrelationFilterDefinition], options: LoadOptions) -> dict[str, Any]:
    """What decides the answers."""
    return {"parameters": described.definition.resolved(str(described.path)).model_dump(mode="json")}


def build(described: Described[CorrelationFilterDefinition], options: LoadOptions) -> Tracker:
    """The tracker of a definition."""
    from siamfc_eval.tracking.families.correlation_filter.tracker import CorrelationFilterTracker

    refuse_weights(described, options)
    parameters = described.definition.resolved(str(described.path))
    tracker = CorrelationFilterTracker(options.name or described.name, parameters)
    tracker.facts = tracker_facts(described, options)
    return tracker


FAMILY = Family(
    "correlation-filter",
    "Ridge regression over all shifts of a patch, in the Fourier domain (KCF, DCF, SAMF)",
    CorrelationFilterDefinition,
    build,
    facts,
    check,
    parameters=CorrelationFilterParameters,
    ranges=RANGES,
)
