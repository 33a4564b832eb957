"""What a protocol leaves behind: one entry per frame."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.raster import Bounds, PackedRegions, Rasteriser, joined, pack_regions, packed_overlaps
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

REGION = -1
"""In place of a code: the frame has a region."""

Entry = Region | Code


class RunPlace(NamedTuple):
    """Where a run lies in its sequence, as its file says."""

    file: str
    """The file."""
    start: int = 0
    """0-based frame of the first entry (TRE segments, multi-start anchors)."""
    label: str = ""
    """What sets the run apart from others of the file, e.g. the shift of an SRE run; "" for nothing."""
    segments: int = 1
    """How many runs of the file belong together (TRE, SRE)."""


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The regions of one run of one tracker over one sequence, and all that a measure asks of them.

    Measures read it alike whether a tracker has just made it or it was read from a file.
    """

    entries: tuple[Entry, ...]
    """One per frame: a region (0-based pixels) or a code."""
    times: NDArray[np.float64] | None = None
    """Shape (n,): seconds that the tracker took for each frame, decoding excluded; NaN where it was not called."""
    confidences: NDArray[np.float64] | None = None
    """Shape (n,): the tracker's own score for each frame; NaN where it has none."""
    place: RunPlace | None = None
    """Where it lies in its sequence; None where no file says."""

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def codes(self) -> NDArray[np.int8]:
        """Shape (n,): the number of the `Code` of each frame, or `REGION`."""
        return np.array([int(entry) if isinstance(entry, Code) else REGION for entry in self.entries], dtype=np.int8)

    def boxes(self, origin: float = 0.0) -> Boxes:
        """Shape (n, 4): bounding boxes of the regions; NaN rows for codes.

        Args:
            origin: what to add to 0-based coordinates, e.g. 1 for those of OTB's files.
        """
        rows = [np.full(4, np.nan) if isinstance(entry, Code) else bounding_box(entry) for entry in self.entries]
        boxes = np.array(rows, dtype=np.float64).reshape(-1, 4)
        return boxes + np.array([origin, origin, 0.0, 0.0]) if origin else boxes

    @cached_property
    def packed(self) -> PackedRegions:
        """The regions, 0-based, as kernels read them; codes overlap nothing."""
        return pack_regions([None if isinstance(entry, Code) else entry for entry in self.entries])

    def start_in(self, sequence: Sequence) -> int:
        """0-based frame of the sequence to which the first entry belongs.

        As the file says; a run that is shorter by the sequence's lead-in begins after it.
        """
        start = self.place.start if self.place is not None else 0
        begins_late = not start and len(self) == len(sequence) - sequence.lead_in
        return sequence.lead_in if begins_late else start

    def overlaps(
        self, sequence: Sequence, rasteriser: Rasteriser, bounds: tuple[Bounds, ...] = (None,)
    ) -> NDArray[np.float64]:
        """Overlap with the ground truth as far as both go, frame by frame; drawn once for each rule that asks.

        Args:
            sequence: the ground truth; the run's first entry is of its first frame.
            rasteriser: which rule draws the regions.
            bounds: of the images, ascending; None: regions are not clipped.

        Returns:
            Shape (len(bounds), frames), 0 in frames without a region; not to be written to. As vot-toolkit draws, it is
            1 where there is no ground truth either: two empty regions are the same.
        """
        key = (sequence, rasteriser, bounds)
        if key not in self._drawn:
            frames = min(len(self), len(sequence))
            regions, truth = self.packed.head(frames), sequence.packed.head(frames)
            clipped = [pair for pair in bounds if pair is not None]
            found = packed_overlaps(regions, truth, clipped or None, rasteriser)
            if not clipped:
                found = np.repeat(found, len(bounds), axis=0)
            self._keep(found, *key)
        return self._drawn[key]

    def _keep(
        self, found: NDArray[np.float64], sequence: Sequence, rasteriser: Rasteriser, bounds: tuple[Bounds, ...]
    ) -> None:
        """Overlaps as measures see them, from those of the regions."""
        frames = found.shape[1]
        found[:, self.codes[:frames] != REGION] = 0.0
        if rasteriser == "vot-toolkit" and (without := np.isnan(sequence.boxes[:frames]).any(axis=1)).any():
            found[:, without & np.isnan(self.boxes()[:frames]).any(axis=1)] = 1.0
        found.flags.writeable = False
        self._drawn[sequence, rasteriser, bounds] = found

    @cached_property
    def _drawn(self) -> dict[tuple[Any, ...], NDArray[np.float64]]:
        """What `overlaps` found: tags, and one convention after the other in `explain`, ask for the same."""
        return {}


def draw_together(
    runs: collections.abc.Sequence[Trajectory],
    sequences: collections.abc.Sequence[Sequence],
    truth: PackedRegions,
    rasteriser: Rasteriser,
    bounds: collections.abc.Sequence[tuple[Bounds, ...]],
) -> None:
    """Find at once, in a fraction of the time, what `Trajectory.overlaps` will be asked for one run after another.

    Args:
        runs: each as long as its sequence.
        sequences: the ground truth of each.
        truth: that of all of them in one list.
        rasteriser: which rule draws the regions.
        bounds: of each sequence's images, as many for all; none is None.
    """
    lengths = [len(sequence) for sequence in sequences]
    each = np.repeat(np.array(bounds, dtype=np.float64), lengths, axis=0).transpose(1, 0, 2)
    found = packed_overlaps(joined([run.packed for run in runs]), truth, each, rasteriser)
    parts = np.split(found, np.cumsum(lengths)[:-1], axis=1)
    for run, sequence, size, part in zip(runs, sequences, bounds, parts, strict=True):
        run._keep(part, sequence, rasteriser, size)
