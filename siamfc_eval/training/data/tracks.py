"""Training material in memory: targets followed over images, and stills without any box."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from siamfc_eval.geometry.regions import Boxes


@dataclass(frozen=True, eq=False)
class Track:
    """One target in the images of one video; a track of one image is a still with a box."""

    name: str
    """Identity of the target; pairs of one name are never negatives of one another."""
    images: tuple[Path, ...]
    """One image per annotated frame, in order of time."""
    boxes: Boxes
    """Shape (n, 4): x, y, w, h in pixels of each image, 0-based."""
    times: tuple[int, ...] = field(default=())
    """Frame number of each image in its video; empty: consecutive."""

    def __len__(self) -> int:
        return len(self.images)

    def usable(self, smallest: float = 4.0) -> Track:
        """The frames whose box is known and at least `smallest` pixels wide and high."""
        good = np.isfinite(self.boxes).all(axis=1) & (np.nan_to_num(self.boxes[:, 2:]).min(axis=1) >= smallest)
        keep = np.flatnonzero(good)
        times = self.times or tuple(range(len(self.images)))
        return Track(self.name, tuple(self.images[i] for i in keep), self.boxes[keep], tuple(times[i] for i in keep))


@dataclass(frozen=True, eq=False)
class Material:
    """What one source of training data holds."""

    name: str
    """The source's name in the configuration, used in messages."""
    tracks: tuple[Track, ...] = ()
    stills: tuple[Path, ...] = ()
