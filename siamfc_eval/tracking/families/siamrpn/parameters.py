"""Hyper-parameters of the SiamRPN family, as definition files hold them."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from siamfc_eval.tracking.families.siamese.parameters import Fraction, Parameters, Positive


class SiamRPNParameters(Parameters):
    """Of the SiamRPN family (Li et al. 2018, section 4.3; DaSiamRPN; pysot)."""

    search_size: Annotated[int, Field(ge=16)] = 287
    window_influence: Fraction = 0.40
    penalty_k: Annotated[float, Field(ge=0)] = 0.16
    """Strength of the penalty on changes of size and ratio: exp(-k (change of size * change of ratio - 1))."""
    size_rate: Fraction = 0.30
    """How far the size moves to the winning anchor's, times that anchor's penalised score."""
    shape_share: Fraction = 1.0
    """How much of a change of shape (log width / height) since the first frame is believed: 1, all, as published; 0,
    none, as with SiamFC. Networks that have seen few shapes take thin targets for squarer than they are."""
    vote_overlap: Fraction | None = None
    """Boxes of other anchors that overlap the winner's at least so much are averaged with it, weighted by the fourth
    power of their penalised scores (box voting, after Gidaris & Komodakis 2015); none: the winner's alone."""
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
