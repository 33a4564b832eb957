"""The SiamRPN family: definitions, presets, what a search tries."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition, siamese_family
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.family import Range
from siamfc_eval.tracking.presets import read_presets

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


FAMILY = siamese_family(
    "siamrpn",
    "A network that scores anchors and shapes the best one (Li et al. 2018)",
    SiamRPNDefinition,
    "siamfc_eval.tracking.families.siamrpn.tracker:SiamRPNTracker",
    RANGES,
)
