"""The simplest run of a tracker: start on one frame, follow the others in a given order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.commands import Initialize, Steps, Update
from siamfc_eval.protocols.trajectory import Entry, Trajectory


def span(frames: Sequence[int], region: Region, first: Entry) -> Steps:
    """Initialise on the first of `frames` and update on the rest, whatever the tracker answers.

    Args:
        frames: 0-based indices into the sequence's frames, in the order in which the tracker sees them.
        region: what the tracker is initialised with.
        first: the trajectory's entry for the first frame: a region, or `Code.INITIALIZED` (VOT).

    Returns:
        A protocol whose trajectory has one entry per element of `frames`, in that order.
    """
    report = yield Initialize(frames[0], region)
    entries: list[Entry] = [first]
    seconds, confidences = [report.seconds], [report.confidence]
    for frame in frames[1:]:
        report = yield Update(frame)
        entries.append(report.region)
        seconds.append(report.seconds)
        confidences.append(report.confidence)
    return Trajectory(tuple(entries), np.array(seconds), np.array(confidences))


def span_of_boxes(frames: Sequence[int], region: Region) -> Steps:
    """As `span`, whose entries are bounding boxes, the first of them that of the region that was given."""
    trajectory = yield from span(frames, region, region)
    return Trajectory(tuple(trajectory.boxes()), trajectory.times, trajectory.confidences)
