"""Repetitions of stochastic trackers, each as statistics of its own: what chance in the tracker adds to a score."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics.scores import Measure, Scores
from siamfc_eval.results.raw import RawRun, TrackerResults

Floats = NDArray[np.float64]
_PROTOCOLS = ("ope", "supervised", "unsupervised")
"""Whose several runs of a sequence are repetitions; of others they are segments, shifts or anchors."""


def with_repetitions(scores: Scores, results: Mapping[str, TrackerResults], dataset: Dataset) -> Scores:
    """The same scores, with the statistics of each repetition of the trackers that have different ones.

    Args:
        scores: of these results.
        results: tracker -> its runs.
        dataset: what they are of.
    """
    if scores.measure.protocol not in _PROTOCOLS:
        return scores
    by_name = {sequence.name: sequence for sequence in dataset}
    trackers = dict(scores.trackers)
    for name, tracker in scores.trackers.items():
        runs = results[name].runs if name in results else {}
        if tracker.statistics is None or not any(_differ(several) for several in runs.values()):
            continue
        rows = np.asarray(tracker.statistics)
        parts = tuple(
            _rows(scores.measure, by_name[sequence], runs.get(sequence, ()), row)
            for sequence, row in zip(scores.sequences, rows, strict=True)
        )
        trackers[name] = dataclasses.replace(tracker, repetitions=parts)
    return dataclasses.replace(scores, trackers=trackers)


def _differ(runs: tuple[RawRun, ...]) -> bool:
    return len({run.digest for run in runs}) > 1


def _rows(measure: Measure, sequence: Sequence, runs: tuple[RawRun, ...], row: Floats) -> Floats:
    """Shape (repetitions, k): the rows of each run, whose mean is the row of all; one where they are the same."""
    if not _differ(runs) or np.isnan(row).any():
        return row[None, :]
    each = np.stack([measure.statistics(sequence, (run.trajectory(),)) for run in runs])
    mean = each.mean(axis=0)
    # A convention may weigh a sequence by its repetitions, so that the row of all is no mean.
    scale = np.divide(row, mean, out=np.ones_like(row), where=mean != 0)
    return np.asarray(each * scale)


def values_of_repetitions(measure: Measure, repetitions: tuple[Floats, ...]) -> dict[str, Floats]:
    """Metric -> its score over all sequences, of the first repetitions, of the second ones, and so on.

    Args:
        measure: whose rows they are.
        repetitions: of each sequence shape (repetitions, k), as `TrackerScores.repetitions` has them; of a sequence
            with fewer they are taken in turn.

    Returns:
        Arrays as long as the most repetitions of a sequence.
    """
    most = max(len(part) for part in repetitions)
    there = [part for part in repetitions if not np.isnan(part).any()]
    sums = np.stack([np.sum([part[number % len(part)] for part in there], axis=0) for number in range(most)])
    return {key: np.asarray(values) for key, values in measure.finish(sums).items()}
