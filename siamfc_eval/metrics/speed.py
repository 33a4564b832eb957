"""Speed from recorded times, under the two names that the field mixes up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.declared import FPS_MEAN, FPS_TOTAL

Timing = tuple[float, float, float]
"""Of the measured frames of one sequence: their number, their seconds, the sum of 1 / seconds."""


def timing(times: Iterable[NDArray[np.float64]]) -> Timing:
    """What is stored of the times of one sequence.

    Args:
        times: of each run the seconds of its frames, shape (n,); NaN and values <= 0 were not measured.
    """
    measured = [values[values > 0] for values in times]
    return (
        float(sum(values.size for values in measured)),
        float(sum(values.sum() for values in measured)),
        float(sum((1.0 / values).sum() for values in measured)),
    )


def speeds(timings: Iterable[Timing]) -> dict[str, float]:
    """Both speeds in frames per second, from one entry for each sequence; empty where nothing was measured.

    Source of `FPS_MEAN`: got10k 0.1.3, `ExperimentOTB.report`.
    """
    measured = [entry for entry in timings if entry[0] > 0]
    if not measured:
        return {}
    frames, seconds, _ = (sum(column) for column in zip(*measured, strict=True))
    return {
        FPS_TOTAL.key: frames / seconds,
        FPS_MEAN.key: sum(rates / count for count, _, rates in measured) / len(measured),
    }
