"""Speed from recorded times, under the two names that the field mixes up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

FPS_TOTAL = "fps_total"
"""Frames divided by the time that they took: how long a user waits."""
FPS_MEAN = "fps_mean"
"""The mean over sequences of the mean of 1 / t over frames: got10k's. Quick frames dominate it."""


def speeds(times: Iterable[NDArray[np.float64]]) -> dict[str, float]:
    """Both speeds in frames per second.

    Args:
        times: for each sequence the seconds of its frames, shape (n,); NaN and values <= 0 were not measured.

    Returns:
        `FPS_TOTAL` and `FPS_MEAN`; empty where nothing was measured.

    Source of `FPS_MEAN`: got10k 0.1.3, `ExperimentOTB.report`.
    """
    measured = [positive for values in times if (positive := values[values > 0]).size]
    if not measured:
        return {}
    seconds = sum(float(values.sum()) for values in measured)
    frames = sum(values.size for values in measured)
    return {
        FPS_TOTAL: frames / seconds,
        FPS_MEAN: float(np.mean([np.mean(1.0 / values) for values in measured])),
    }
