"""Which trackers and sequences are compared: all ranked trackers on the same sequences, the others apart."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import IncompleteError
from siamfc_eval.metrics.scores import Scores, TrackerScores

_MAY_LACK = 0.1
"""Share of the sequences that a ranked tracker may lack."""


class Common(NamedTuple):
    """The trackers that have nearly all sequences, and the sequences that they share."""

    trackers: tuple[str, ...]
    shared: NDArray[np.bool_]
    """Shape (sequences,): all of `trackers` have a result there."""
    apart: tuple[str, ...]
    """Trackers that lack too many sequences to be ranked with the others."""


def common_sequences(scores: Scores) -> Common:
    """The trackers that can be compared, on the sequences that all of them have.

    A tracker that lacks more than a tenth of the sequences that any tracker has (of fewer than twenty: more than one)
    is set apart, so that an unfinished tracker does not take the others' sequences away; where that is all of them,
    none is.

    Raises:
        IncompleteError: no statistics, or no sequence that the ranked trackers share.
    """
    present = {}
    for name, tracker in scores.trackers.items():
        if tracker.statistics is None:
            raise IncompleteError(
                f"{name}: no per-sequence statistics, so nothing can be resampled. Score its raw results again."
            )
        present[name] = ~np.isnan(np.asarray(tracker.statistics, dtype=np.float64)).any(axis=1)
    if not present:
        why = " ".join(scores.incomplete) or "there are no results."
        raise IncompleteError(f"{scores.dataset}: no tracker could be scored, so nothing can be compared: {why}")
    available = int(np.any(list(present.values()), axis=0).sum())
    most = max(1, int(_MAY_LACK * available))
    kept = {name: there for name, there in present.items() if available - there.sum() <= most} or present
    shared = np.all(list(kept.values()), axis=0)
    if not shared.any():
        raise IncompleteError(
            f"{scores.dataset}: no sequence has results of all of {', '.join(kept)}. "
            "Compare fewer trackers or run the missing ones."
        )
    return Common(tuple(kept), np.asarray(shared), tuple(name for name in present if name not in kept))


def restricted(scores: Scores, common: Common) -> Scores:
    """The scores of the comparable trackers over the sequences that they share; tags and speeds stay as they are."""
    if common.shared.all() and not common.apart:
        return scores
    return dataclasses.replace(
        scores,
        sequences=tuple(name for name, there in zip(scores.sequences, common.shared, strict=True) if there),
        trackers={name: _over(scores, scores.trackers[name], common.shared) for name in common.trackers},
    )


def _over(scores: Scores, tracker: TrackerScores, shared: NDArray[np.bool_]) -> TrackerScores:
    rows = np.asarray(tracker.statistics)[shared]
    total = rows.sum(axis=0)
    names = [name for name, there in zip(scores.sequences, shared, strict=True) if there]
    return dataclasses.replace(
        tracker,
        values={key: float(value) for key, value in scores.measure.finish(total).items()},
        sequences={name: tracker.sequences[name] for name in names if name in tracker.sequences},
        curves=scores.measure.finish_curves(total),
        statistics=rows,
        repetitions=tuple(rows for rows, there in zip(tracker.repetitions, shared.tolist(), strict=False) if there),
    )
