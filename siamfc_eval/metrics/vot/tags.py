"""Which frames carry which of VOT's tags."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence

TAGS = ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change")


class FrameTags(NamedTuple):
    """Which frames of a sequence carry which tag: "all", VOT's tags, and "empty" for frames without any."""

    present: tuple[str, ...]
    """The tags that some frame carries."""
    absent: tuple[str, ...]
    """The others."""
    marks: NDArray[np.float64]
    """Shape (present tags, n), 0 or 1."""


class TagTable(dict[Sequence, FrameTags]):
    """Sequence -> the tags of its frames, looked up once for all trackers that one measure scores."""

    def __missing__(self, sequence: Sequence) -> FrameTags:
        self[sequence] = frame_tags(sequence)
        return self[sequence]


def frame_tags(sequence: Sequence) -> FrameTags:
    """The tags of a sequence's frames.

    A tag that the data set left out for a sequence (an empty list) is carried by no frame of it.
    """
    frames = len(sequence)
    names = ("all", *TAGS, "empty")
    marks = np.zeros((len(names), frames))
    marks[0] = 1.0
    for row, name in zip(marks[1:-1], TAGS, strict=True):
        given = np.asarray(sequence.tags.get(name, ()), dtype=np.float64)[:frames]
        row[: len(given)] = given
    marks[-1] = 1.0 - marks[1:-1].max(axis=0)
    carried = marks.max(axis=1, initial=0.0) > 0
    present = tuple(name for name, is_carried in zip(names, carried, strict=True) if is_carried)
    return FrameTags(present, tuple(name for name in names if name not in present), marks[carried])
