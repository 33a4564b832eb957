"""Hyper-parameters that all Siamese trackers have."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from siamfc_eval.tracking.families.siamese.crops import Cropping
from siamfc_eval.tracking.targets import PolygonFit

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


class Parameters(BaseModel):
    """What both families have in common. Unknown keys and values out of range are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    context: Annotated[float, Field(ge=0)] = 0.5
    """Margin around the target: (width + height) times this is added to both sides before the root is taken."""
    exemplar_size: Annotated[int, Field(ge=8)] = 127
    """Side of the exemplar crop in pixels."""
    search_size: Annotated[int, Field(ge=16)] = 255
    """Side of the search crop in pixels; it shows search_size / exemplar_size times the exemplar's side."""
    window_influence: Fraction = 0.176
    """Weight of the cosine window."""
    polygon_fit: PolygonFit = "bounds"
    """How a start polygon becomes a box: "bounds", "area" or "pysot"."""
    crop: Cropping = "exact"
    """Crops at a fraction of a pixel, or to whole pixels: "rounded" as siamfc-pytorch, "pysot" as pysot takes them."""

    @model_validator(mode="after")
    def _search_holds_exemplar(self) -> Self:
        if self.search_size < self.exemplar_size:
            raise ValueError(f"search_size {self.search_size} is smaller than exemplar_size {self.exemplar_size}")
        return self
