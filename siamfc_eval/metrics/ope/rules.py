"""The rules by which toolkits score a one-pass evaluation; what each toolkit chose is in `conventions`.

Given the same boxes, toolkits disagree because of what they do with the first frame, with a box that the tracker did
not give, with ground truth that is not positive, with frames without a target and with files of another length. A
convention is one choice for each of these. Coordinates are those of the data set's own files (1-based for OTB), because
some rules look at values <= 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Validity = Literal["any", "size", "centre", "positive"]
"""Which ground truth is valid: any; w and h > 0; the centre > 0 in x and y; all four values > 0."""

Invalid = Literal["hit", "fail"]


@dataclass(frozen=True)
class OpeRules:
    """One choice for each question that toolkits answer differently; the defaults are no rule at all."""

    first_frame: Literal["as-given", "ground-truth", "drop"] = field(
        default="as-given", metadata={"effect": "the first frame"}
    )
    """The box of the first frame: as the file has it, replaced by the ground truth, or not scored."""
    bad_prediction: Literal["fail", "previous", "refuse-or-previous"] = field(
        default="fail", metadata={"effect": "boxes that the tracker did not give"}
    )
    """NaN fails and other boxes are taken as they are; NaN, w <= 0 or h <= 0 take the previous box; or NaN and negative
    sizes are refused and a size of 0 takes the previous box."""
    short_file: Literal["refuse", "truncate", "fail", "zeros"] = field(
        default="refuse", metadata={"effect": "files shorter than the sequence"}
    )
    """Refused; the sequence ends with the file; missing frames fail; or missing boxes are 0, 0, 0, 0."""
    long_file: Literal["refuse", "truncate"] = field(
        default="refuse", metadata={"effect": "files longer than the sequence"}
    )
    """Refused, or rows after the last frame are dropped."""
    valid_success: Validity = field(default="any", metadata={"effect": "invalid ground truth in success"})
    """Ground truth that is not valid fails in success."""
    valid_precision: Validity = field(default="any", metadata={"effect": "what is invalid ground truth in precision"})
    invalid_precision: Invalid = field(
        default="hit", metadata={"effect": "whether invalid ground truth is a hit in precision"}
    )
    valid_norm: Validity = field(
        default="any", metadata={"effect": "what is invalid ground truth in normalised precision"}
    )
    """The centre is meant in units of width and height."""
    invalid_norm: Invalid = field(
        default="hit", metadata={"effect": "whether invalid ground truth is a hit in normalised precision"}
    )
    unannotated: Literal["invalid", "exclude"] = field(
        default="invalid", metadata={"effect": "frames without ground truth (NaN)"}
    )
    """As any other invalid ground truth, or not scored."""
    absent: Literal["count", "fail", "exclude"] = field(
        default="count", metadata={"effect": "frames that are marked as without target"}
    )
    """As any other frame; out of the numerator but in the denominator, where `denominator` is not of the valid frames;
    or not scored."""
    denominator: Literal["frames", "valid"] = field(default="frames", metadata={"effect": "the denominator"})
    """All frames that are scored, or those with valid ground truth (`valid_success`) and not absent."""
    bins: int = field(default=21, metadata={"effect": "the number of overlap thresholds"})
    """Thresholds of the success curve, from 0 to 1."""
    grid: Literal["linspace", "colon", "quotients"] = field(
        default="linspace", metadata={"effect": "the rounding of the overlap thresholds"}
    )
    """numpy's linspace, MATLAB's 0:0.05:1, or 0/20, 1/20, ..., which differ in the last bit: it decides overlaps that
    are a threshold, as boxes of whole pixels have."""
    edges: Literal["ends", "last-pixels"] = field(default="ends", metadata={"effect": "the rounding of overlaps"})
    """Overlaps are computed by way of x + w, or of the last pixel, x + w - 1. It is the same but for the rounding,
    which decides overlaps that are a threshold, or 1."""
    error_decimals: int | None = field(default=None, metadata={"effect": "the rounding of centre errors"})
    """Decimals to which centre errors are rounded before they are compared."""
    zero_curves: Literal["count", "drop"] = field(
        default="count", metadata={"effect": "sequences in which nothing succeeds"}
    )
    """Sequences whose curve is zero everywhere count in the mean over sequences, or are dropped from it."""
    pooling: Literal["sequences", "frames"] = field(
        default="sequences", metadata={"effect": "pooling over sequences or over frames"}
    )
    """Scores are means over sequences, or over all frames of all sequences."""
    clip: bool = field(default=False, metadata={"effect": "clipping of boxes to the image"})
    """Boxes and ground truth are cut to the image first."""
    alignment: Literal["whole", "segment"] = field(default="whole", metadata={"effect": "segments"})
    """A run covers the sequence from its first frame, or is a segment of it (TRE)."""
