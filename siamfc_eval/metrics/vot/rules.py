"""What VOT toolkits do differently when they score the same supervised runs, one field for each rule.

Everything else is shared: accuracy leaves out coded frames and the burn-in; EAO cuts a run into fragments at its
failures, pads those that end in failure with zeros, and averages the running mean overlap of the fragments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from siamfc_eval.geometry.raster import Rasteriser


@dataclass(frozen=True)
class SupervisedRules:
    """The rules of one convention for the supervised (reset-based) protocol."""

    tail_failures: Literal["open", "open-beyond", "padded"] = field(
        metadata={"effect": "failures too late for a re-initialisation"}
    )
    """A failure f opens no zero tail (its fragment counts as far as the run goes) where the next start f + `skip` is no
    frame of the n there are ("open": f + `skip` >= n); only where it is also not the one after the last ("open-beyond":
    f + `skip` > n); or it is padded with zeros like any other."""
    rasteriser: Rasteriser = field(metadata={"effect": "the rasteriser"})
    """Which rule turns regions into pixels."""
    interval_shift: Literal[-1, 0] = field(metadata={"effect": "the shift of the EAO interval"})
    """Curve points low + shift .. high + shift are averaged; point j is the mean overlap of the j frames that follow an
    initialisation."""
    fragment_starts: Literal["failure", "initialisation"] = field(metadata={"effect": "where a fragment begins"})
    """`skip` frames after a failure whatever the file says, or where the file has an initialisation."""
    fragment_weights: Literal["share", "one"] = field(metadata={"effect": "fragment weights"})
    """The share of the frames up to and including the next start that exist (1, except k / (k + 1) where the next start
    is the frame after the last, and less where a file is too short), or 1."""
    repetitions: Literal["averaged", "counted", "fifteen"] = field(
        metadata={"effect": "sequences with more repetitions"}
    )
    """In EAO a sequence counts once however many repetitions it has ("averaged"), or once for each of them ("counted"):
    it makes a difference for a tracker that is repeated 3 times where that proves it deterministic and 15 times
    elsewhere. "fifteen": as "counted", but the first repetition is all that is read, in every metric, where there are
    not exactly 15."""
    accuracy_bounds: Literal["image", "beyond"] = field(metadata={"effect": "the image border in accuracy"})
    """Overlaps in accuracy are clipped to the image, or to one column and one row more. EAO always clips to the
    image."""
    accuracy_pooling: Literal["frames", "sequences"] = field(metadata={"effect": "pooling of accuracy"})
    """The mean over all valid frames of the data set (repetitions are averaged for each frame first), or the mean over
    sequences weighted by length, where a sequence without a valid frame counts 0."""
    robustness: Literal["failures-per-frame", "weighted-failures"] = field(metadata={"effect": "what robustness is"})
    """100 times failures by frames (the papers' R), or the failures of a sequence, averaged with its length as
    weight."""
    curve_end: Literal["longest-sequence", "longest-fragment"] = field(metadata={"effect": "the end of the EAO curve"})
    """The curve goes as far as the longest sequence of the data set, or as the longest fragment of the tracker, so that
    a tracker that never lasts for the interval's lengths is averaged over those that it reached."""
    curve_start: Literal[0, 1] = field(metadata={"effect": "the first point of the EAO curve"})
    """Drawn, never averaged: the initialisation frame counts 0 or 1."""
    other_length: Literal["cut", "raise"] = field(metadata={"effect": "files of another length"})
    """Frames count as far as file and ground truth both go, or the run is refused."""
    skip: int = field(default=5, metadata={"effect": "frames skipped after a failure"})
    burn_in: int = field(default=10, metadata={"effect": "burn-in"})
    """Frames from each initialisation on that do not count in accuracy."""
    sensitivity: float = field(default=30.0, metadata={"effect": "the sensitivity of reliability"})
    """S in the AR plot's axis exp(-S * failures per frame)."""
