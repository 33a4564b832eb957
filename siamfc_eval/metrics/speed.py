"""Speed from recorded times, under the two names that the field mixes up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.declared import FPS_MEAN, FPS_TOTAL
from siamfc_eval.plain_text import few

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


def comparability(timed: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """A sentence where speeds must not be compared, "" where they may be.

    Args:
        timed: trackers that have a speed -> how it was measured, as `TrackerScores.timed`.
    """
    machines = {name: " or ".join(dict.fromkeys(way["hardware"] for way in ways)) for name, ways in timed.items()}
    if len(machines) < 2 or ("" not in machines.values() and len(set(machines.values())) == 1):
        return ""
    parts = []
    for machine in dict.fromkeys(machines.values()):
        names = few([name for name, one in machines.items() if one == machine])
        parts.append(f"{names} on {machine}" if machine else f"{names} on a machine that is not known")
    return f"Speeds can be compared only between trackers that were timed on the same hardware: {'; '.join(parts)}."
