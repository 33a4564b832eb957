"""What each sequence adds to a score, whether that is a sum or not: pseudo-values of the jackknife (Tukey 1958).

The mean of the pseudo-values is the score but for its bias, and their spread that of the score. Of a score that is a
mean over sequences they are the scores of the sequences.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from siamfc_eval.comparison.resampling import Finish, Floats
from siamfc_eval.metrics.scores import Reducible, Scores


def metric_rows(scores: Scores, key: str) -> tuple[dict[str, Floats], Finish]:
    """The statistics of each tracker, no more of them than a metric needs, and the rule that makes it of their sums.

    Args:
        scores: of trackers that have every sequence.
        key: of the metric.
    """
    rows = {name: np.asarray(tracker.statistics, dtype=np.float64) for name, tracker in scores.trackers.items()}
    measure = scores.measure
    if isinstance(measure, Reducible):
        reduction = measure.reduced(key)
        return {name: reduction.reduce(row) for name, row in rows.items()}, reduction.finish

    def finish(statistics: Floats) -> Floats:
        return np.asarray(measure.finish(statistics)[key], dtype=np.float64)

    return rows, finish


def pseudo_values(rows: Floats, finish: Finish) -> Floats:
    """Shape (sequences,): the score, moved by how much more or less it is without each sequence.

    Args:
        rows: shape (sequences, k).
        finish: see `Finish`.
    """
    total = rows.sum(axis=0)
    count = len(rows)
    return np.asarray(count * finish(total) - (count - 1) * finish(total - rows), dtype=np.float64)


def all_pseudo_values(scores: Scores, key: str) -> Mapping[str, Floats]:
    """Tracker -> its pseudo-values."""
    rows, finish = metric_rows(scores, key)
    return {name: pseudo_values(row, finish) for name, row in rows.items()}
