"""The SiamFC family: definitions, presets, what a search tries, and the way from a definition to a tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.families.siamese import definition as siamese
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.family import Described, Family, LoadOptions, Range
from siamfc_eval.tracking.presets import read_presets
from siamfc_eval.tracking.tracker import Tracker

PRESETS = read_presets(Path(__file__).parent)
"""Of `SiamFCParameters`, by name."""

RANGES: dict[str, Range] = {
    "window_influence": (0.02, 0.6),
    "scale_penalty": (0.9, 1.0),
    "scale_rate": (0.1, 1.0),
    "scale_step": (1.01, 1.2),
}
"""What a search tries: the values that every published tracker of the family tunes."""


class SiamFCDefinition(NetworkDefinition[SiamFCParameters]):
    """A tracker of the SiamFC family."""

    kind = SiamFCParameters
    presets: ClassVar = PRESETS

    family: Literal["siamfc"]


def build(described: Described[SiamFCDefinition], options: LoadOptions) -> Tracker:
    """The tracker of a definition, with its network and weights."""
    from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker

    network, notes = siamese.load_network(described, options)
    parameters = described.definition.resolved(str(described.path))
    tracker = SiamFCTracker(options.name or described.name, network, parameters, options.device)
    facts: dict[str, Any] = tracker_facts(described, options)
    tracker.facts, tracker.notes = {**facts, "name": tracker.name}, notes
    return tracker


FAMILY = Family(
    "siamfc",
    "A network that answers with a response map, at a few scales (Bertinetto et al. 2016)",
    SiamFCDefinition,
    build,
    siamese.facts,
    siamese.check,
    siamese.lacks,
    SiamFCParameters,
    RANGES,
)
