"""Hyper-parameters of the trackers, as their definition files hold them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from siamfc_eval.tracking.crops import Cropping
from siamfc_eval.tracking.responses import Bicubic
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


class SiamFCParameters(Parameters):
    """Of the SiamFC family (Bertinetto et al. 2016, section 4; hyper-parameters of siamfc-pytorch).

    Cropping, up-sampling and peak are by default the exact ones; the preset "siamfc-pytorch" has that project's own.
    """

    scales: Annotated[int, Field(ge=1, le=9)] = 3
    """Number of scales searched, odd: exponents -1, 0, 1 or -2, ..., 2."""
    scale_step: Annotated[float, Field(ge=1, le=2)] = 1.0375
    """Ratio between neighbouring scales."""
    scale_penalty: Fraction = 0.9745
    """Factor on the responses of every scale but the present one."""
    scale_rate: Fraction = 0.59
    """How far the size moves to the winning scale in one frame; 1: all the way."""
    upsampling: Annotated[int, Field(ge=1, le=64)] = 16
    """Factor by which the response is enlarged: 17 -> 272."""
    upsampled_size: Annotated[int, Field(ge=3, le=2048)] | None = None
    """Side of the enlarged response where it is no multiple of the response's (SiameseX: 273), for `upsampling`."""
    min_size_ratio: Positive = 0.2
    """The target never gets smaller than this times its first size."""
    max_size_ratio: Positive = 5.0
    """The target never gets larger than this times its first size."""
    upsampling_kernel: Bicubic = "spline"
    """Which bicubic enlarges the response; "opencv" is what siamfc-pytorch and its kin use."""
    refine_peak: bool = True
    """Find the peak between the samples of the enlarged response. The originals do not; see `find_peak`."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.scales % 2 == 0:
            raise ValueError(
                f"scales is {self.scales}; an odd number is needed, so that one of them is the present scale"
            )
        if not self.min_size_ratio <= 1 <= self.max_size_ratio:
            raise ValueError("min_size_ratio and max_size_ratio must enclose 1")
        return self


class SiamRPNParameters(Parameters):
    """Of the SiamRPN family (Li et al. 2018, section 4.3; DaSiamRPN; pysot)."""

    search_size: Annotated[int, Field(ge=16)] = 287
    window_influence: Fraction = 0.40
    penalty_k: Annotated[float, Field(ge=0)] = 0.16
    """Strength of the penalty on changes of size and ratio: exp(-k (change of size * change of ratio - 1))."""
    size_rate: Fraction = 0.30
    """How far the size moves to the winning anchor's, times that anchor's penalised score."""
    min_size: Positive = 10.0
    """The target never gets narrower or lower than this, in pixels of the frame."""
    anchor_scales: tuple[Positive, ...] = (8.0,)
    """Anchor sides in strides."""
    anchor_ratios: tuple[Positive, ...] = (0.33, 0.5, 1.0, 2.0, 3.0)
    """Anchor height / width."""
    small_search_size: Annotated[int, Field(ge=16)] | None = None
    """Side of the search crop for a target that is small on its first frame (SiamDW on VOT2017: 287); none: as any."""
    small_target: Fraction = 0.004
    """A target is small if it covers less than this share of its first frame."""
    lost_search_size: Annotated[int, Field(ge=16)] | None = None
    """After a failure the search crop grows up to this side (DaSiamRPN long-term: 831); none: it never grows."""
    lost_search_step: Annotated[int, Field(ge=8)] = 96
    """Pixels by which the search crop grows in each frame in which the target stays lost."""
    lost_below: Fraction = 0.8
    """A best score below this is a failure: the target is taken to be where it was."""
    found_above: Fraction = 0.95
    """A best score above this ends the enlarged search."""
    lost_window_influence: Fraction | None = None
    """Weight of the cosine window while the search is enlarged (pysot long-term: .001); none: the usual one."""

    @model_validator(mode="after")
    def _lost_search_is_larger(self) -> Self:
        if self.lost_search_size is not None and self.lost_search_size < self.search_size:
            raise ValueError(f"lost_search_size {self.lost_search_size} is smaller than search_size {self.search_size}")
        return self
