"""What a protocol leaves behind: one entry per frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.geometry.regions import Boxes, Region, bounding_box


class Code(IntEnum):
    """Entries of a trajectory that are not a region, with the numbers that VOT result files use."""

    SKIPPED = 0
    """No answer: the frame was skipped after a failure, or the tracker did not report."""
    INITIALIZED = 1
    """The tracker was (re-)initialised on this frame."""
    FAILED = 2
    """The tracker's region had no overlap with the ground truth."""


FAILED, INITIALIZED = int(Code.FAILED), int(Code.INITIALIZED)
"""As numbers: a look at an enumeration takes as long as a comparison of a hundred frames."""

Entry = Region | Code


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The regions of one run of one tracker over one sequence."""

    entries: tuple[Entry, ...]
    """One per frame: a region (0-based pixels) or a code."""
    times: NDArray[np.float64] | None = None
    """Shape (n,): seconds that the tracker took for each frame, decoding excluded; NaN where it was not called."""
    confidences: NDArray[np.float64] | None = None
    """Shape (n,): the tracker's own score for each frame; NaN where it has none."""

    def __len__(self) -> int:
        return len(self.entries)

    def boxes(self) -> Boxes:
        """Shape (n, 4): bounding boxes of the regions; NaN rows for codes."""
        rows = [np.full(4, np.nan) if isinstance(entry, Code) else bounding_box(entry) for entry in self.entries]
        return np.array(rows, dtype=np.float64).reshape(-1, 4)
