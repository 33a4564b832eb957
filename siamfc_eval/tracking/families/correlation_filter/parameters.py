"""Hyper-parameters of the kernelised correlation filter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]


class CorrelationFilterParameters(BaseModel):
    """Of `CorrelationFilterTracker` (Henriques et al. 2015, table 2). Unknown keys and values are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    features: Literal["grey", "hog"] = "hog"
    """What is correlated: grey values, or histograms of oriented gradients."""
    kernel: Literal["gaussian", "linear"] = "gaussian"
    """Similarity of two patches: KCF's, or the linear one of DCF (MOSSE with several channels)."""
    cell: Annotated[int, Field(ge=1, le=16)] = 4
    """Side of a cell in pixels; 1 for grey values."""
    padding: Annotated[float, Field(ge=0, le=8)] = 1.5
    """The window is 1 + this times the target's width and height."""
    bandwidth: Positive = 0.5
    """Of the Gaussian kernel."""
    label_width: Positive = 0.1
    """Standard deviation of the wanted response, as a share of the target's size."""
    regularisation: Positive = 1e-4
    update_rate: Annotated[float, Field(ge=0, le=1)] = 0.02
    """How far the model moves to the newest frame; 0: the first frame's for ever."""
    scales: tuple[Positive, ...] = (1.0,)
    """Sizes at which the target is searched, relative to the present one. KCF has one; SAMF (Li and Zhu 2014) seven."""
    largest_window: Annotated[int, Field(ge=16)] = 250
    """Patches are shrunk so that the geometric mean of the window's sides is at most this many pixels."""
