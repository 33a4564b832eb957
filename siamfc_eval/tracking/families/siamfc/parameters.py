"""Hyper-parameters of the SiamFC family, as definition files hold them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from siamfc_eval.tracking.families.siamese.parameters import Fraction, Parameters, Positive
from siamfc_eval.tracking.families.siamfc.responses import Bicubic

RECENT_EVERY = 10
"""Default of `SiamFCParameters.recent_every`."""


def _is_zero(value: float) -> bool:
    """Whether an option is off: it is then no part of what results are distinguished by, as before there was one."""
    return value == 0.0


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

    template_rate: Fraction = Field(default=0.0, exclude_if=_is_zero)
    """Share of the exemplar's features that those of the target replace in every frame: the linear interpolation that
    Bertinetto et al. 2016, section 4, tried and left out. 0: the first frame's stay."""
    recent_weight: Fraction = Field(default=0.0, exclude_if=_is_zero)
    """Weight in the response of a second exemplar, which a later frame gives; the first one has the rest. 0: none."""
    recent_every: Annotated[int, Field(ge=1, exclude_if=lambda value: value == RECENT_EVERY)] = RECENT_EVERY
    """Frames after which the second exemplar is taken anew."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.scales % 2 == 0:
            raise ValueError(
                f"scales is {self.scales}; an odd number is needed, so that one of them is the present scale"
            )
        if not self.min_size_ratio <= 1 <= self.max_size_ratio:
            raise ValueError("min_size_ratio and max_size_ratio must enclose 1")
        return self
