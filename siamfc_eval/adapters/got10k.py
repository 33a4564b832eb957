"""Our trackers in the experiments of the GOT-10k toolkit (got10k 0.1.3).

from got10k.experiments import ExperimentOTB
from siamfc_eval.adapters.got10k import load_got10k_tracker

ExperimentOTB("OTB2015").run(load_got10k_tracker("siamfc-slim", origin=1))
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import MissingDependencyError, TrackerError
from siamfc_eval.geometry.regions import Box, bounding_box
from siamfc_eval.tracking.tracker import Tracker

try:
    from got10k.trackers import Tracker as _Got10kBase
except ModuleNotFoundError as error:
    raise MissingDependencyError("got10k", "got10k", "running our trackers in got10k's experiments") from error


class Got10kTracker(_Got10kBase):  # type: ignore[misc]  # got10k has no types
    """One of our trackers as a `got10k.trackers.Tracker`.

    Args:
        tracker: ours.
        origin: what the data set's own annotation adds to 0-based coordinates: 1 for OTB (and OTB's relatives UAV123,
            NfS, TColor128, LaSOT), 0 for GOT-10k, VOT and TrackingNet. The toolkit hands annotations over as they are
            and writes answers as they are, so a tracker has to speak the data set's own coordinates.
    """

    def __init__(self, tracker: Tracker, *, origin: float) -> None:
        super().__init__(name=tracker.name, is_deterministic=tracker.is_deterministic)
        self._tracker = tracker
        self._offset = np.array([origin, origin, 0.0, 0.0])
        self._state: Any = None

    def init(self, image: Image.Image, box: Box) -> None:
        """Start on an image, RGB, with x, y, w, h in the data set's coordinates.

        Raises:
            InputError: the box cannot be tracked.
        """
        self._state = self._tracker.init(_frame(image), np.asarray(box, dtype=np.float64) - self._offset)

    def update(self, image: Image.Image) -> Box:
        """x, y, w, h in the data set's coordinates.

        Raises:
            TrackerError: not started yet.
        """
        if self._state is None:
            raise TrackerError(f"tracker {self.name}: update before init; give it the first image and box.")
        self._state, output = self._tracker.update(self._state, _frame(image))
        box: Box = bounding_box(output.region) + self._offset
        return box


def load_got10k_tracker(
    spec: str, *, origin: float, device: str = "auto", weights: Path | str | None = None
) -> Got10kTracker:
    """`siamfc_eval.adapters.load.load_tracker`, dressed for got10k; `origin` as in `Got10kTracker`."""
    return Got10kTracker(load_tracker(spec, device=device, weights=weights), origin=origin)


def _frame(image: Image.Image) -> Frame:
    return Frame(None, lambda: np.asarray(image.convert("RGB"), dtype=np.uint8))
