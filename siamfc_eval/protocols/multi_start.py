"""VOT's multi-start experiment (VOT2020 on): runs from anchors, forward or backward, without resets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Steps
from siamfc_eval.protocols.initial import initial_region, is_visible
from siamfc_eval.protocols.span import span
from siamfc_eval.protocols.trajectory import Code

EVERY = 50
"""Frames between anchors, VOT2020."""


@dataclass(frozen=True)
class Anchor:
    """A frame from which a tracker is run towards one end of the sequence."""

    frame: int
    """0-based index into the sequence's frames."""
    forward: bool
    """True: towards the last frame; False: towards the first."""

    def frames(self, length: int) -> range:
        """Frame indices in the order in which the tracker sees them, the anchor first."""
        return range(self.frame, length) if self.forward else range(self.frame, -1, -1)


def anchors(sequence: Sequence, every: int = EVERY) -> tuple[Anchor, ...]:
    """The anchors of a sequence, in frame order.

    The data set's own are taken where it has a per-frame tag "anchor"; else the first frame, each `every` frames, and
    the last frame. A run goes to the farther end. An anchor without valid ground truth moves on, in the direction of
    its run, to the next frame that has some.

    Source: Kristan et al., "The Eighth Visual Object Tracking VOT2020 Challenge Results", section 2.
    """
    length, truths = len(sequence), sequence.ground_truth
    tagged = np.flatnonzero(sequence.tags.get("anchor", np.zeros(0, dtype=bool)))
    positions = [int(frame) for frame in tagged] or [*range(0, length - 1, every), length - 1]
    found = {}
    for position in positions:
        forward = length - 1 - position >= position
        for frame in Anchor(position, forward).frames(length):
            if is_visible(truths[frame], sequence.image_size):
                found[frame] = Anchor(frame, forward)
                break
    return tuple(found[frame] for frame in sorted(found))


def multi_start(sequence: Sequence, anchor: Anchor, polygons: bool = False) -> Steps:
    """The run from one anchor; its trajectory is in the order in which the tracker saw the frames, the anchor first."""
    region = initial_region(sequence, anchor.frame, polygons)
    return (yield from span(anchor.frames(len(sequence)), region, Code.INITIALIZED))
