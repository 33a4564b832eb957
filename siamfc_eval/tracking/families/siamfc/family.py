"""The SiamFC family: definitions, presets, what a search tries."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition, siamese_family
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.family import Range
from siamfc_eval.tracking.presets import read_presets

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


FAMILY = siamese_family(
    "siamfc",
    "A network that answers with a response map, at a few scales (Bertinetto et al. 2016)",
    SiamFCDefinition,
    "siamfc_eval.tracking.families.siamfc.tracker:SiamFCTracker",
    RANGES,
)
