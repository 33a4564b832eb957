"""VOT's supervised experiment: a tracker that loses the target is re-initialised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry import raster
from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.commands import Initialize, Steps, Update
from siamfc_eval.protocols.exact_overlap import exact_overlap
from siamfc_eval.protocols.initial import initial_region, is_visible
from siamfc_eval.protocols.trajectory import Code, Entry, Trajectory

Overlap = Callable[[Region, Region], float]
"""Overlap of a reported region with the ground truth, 0 to 1; NaN counts as none."""

SKIP = 5
"""Frames from a failure to the next initialisation, VOT 2013-2019."""


FailureRule = Literal["vot-official", "vot-toolkit", "exact"]
"""How overlap with the ground truth is decided: the two rasterisers of the toolkits, or plain areas.

Around a corner that is touched they differ. The trackers of the SiamDW line (Ocean, LightTrack) ran under "exact".
"""


def failure_overlap(sequence: Sequence, rule: FailureRule = "vot-official") -> Overlap:
    """The overlap that decides on failures in a sequence, clipped to its images where their size is known."""
    if rule == "exact":
        return exact_overlap
    bounds = sequence.image_size

    def overlap(region: Region, truth: Region) -> float:
        return raster.overlap(region, truth, bounds, rule)

    return overlap


def supervised(sequence: Sequence, overlap: Overlap, skip: int = SKIP, polygons: bool = False) -> Steps:
    """Run with resets: overlap 0 is a failure (code 2), four frames are left out (0), the fifth re-initialises (1).

    A frame whose ground truth is missing, or outside the image, cannot be failed on, and a re-initialisation waits for
    the next frame that has some.

    Args:
        sequence: annotations alone are looked at.
        overlap: the convention's overlap, with the sequence's image bounds already in it.
        skip: frames from the failure to the re-initialisation.
        polygons: the tracker takes polygons.

    Raises:
        InputError: the first frame's ground truth is not a target.

    Source: Kristan et al., "A Novel Performance Evaluation Methodology for Single-Target Trackers" (PAMI 2016).
    """
    truths = sequence.ground_truth
    length = len(truths)
    entries: list[Entry] = [Code.SKIPPED] * length
    seconds, confidences = np.full(length, np.nan), np.full(length, np.nan)
    frame, tracking = 0, False
    while frame < length:
        if not tracking:
            if frame > 0 and not is_visible(truths[frame], sequence.image_size):
                frame += 1
                continue
            report = yield Initialize(frame, initial_region(sequence, frame, polygons))
            entries[frame], tracking = Code.INITIALIZED, True
        else:
            report = yield Update(frame)
            lost = is_visible(truths[frame], sequence.image_size) and not overlap(report.region, truths[frame]) > 0
            entries[frame], tracking = (Code.FAILED, False) if lost else (report.region, True)
        seconds[frame], confidences[frame] = report.seconds, report.confidence
        frame += 1 if tracking else skip
    return Trajectory(tuple(entries), seconds, confidences)
