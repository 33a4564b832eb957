"""The SiamRPN family: definitions, presets, what a search tries, and the way from a definition to a tracker."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.families.siamese import definition as siamese
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.family import Described, Family, LoadOptions, Range
from siamfc_eval.tracking.presets import read_presets
from siamfc_eval.tracking.tracker import Tracker

PRESETS = read_presets(Path(__file__).parent)
"""Of `SiamRPNParameters`, by name."""

RANGES: dict[str, Range] = {
    "window_influence": (0.1, 0.7),
    "penalty_k": (0.0, 0.9),
    "size_rate": (0.1, 0.9),
}
"""What a search tries: the values that every published tracker of the family tunes."""


class SiamRPNDefinition(NetworkDefinition[SiamRPNParameters]):
    """A tracker of the SiamRPN family."""

    kind = SiamRPNParameters
    presets: ClassVar = PRESETS

    family: Literal["siamrpn"]


def build(described: Described[SiamRPNDefinition], options: LoadOptions) -> Tracker:
    """The tracker of a definition, with its network and weights."""
    from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker

    network, notes = siamese.load_network(described, options)
    parameters = described.definition.resolved(str(described.path))
    tracker = SiamRPNTracker(options.name or described.name, network, parameters, options.device)
    facts: dict[str, Any] = tracker_facts(described, options)
    tracker.facts, tracker.notes = {**facts, "name": tracker.name}, notes
    return tracker


FAMILY = Family(
    "siamrpn",
    "A network that scores anchors and shapes the best one (Li et al. 2018)",
    SiamRPNDefinition,
    build,
    siamese.facts,
    siamese.check,
    siamese.lacks,
    SiamRPNParameters,
    RANGES,
)
