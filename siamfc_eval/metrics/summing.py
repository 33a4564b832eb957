"""The scores of a tracker from its rows of statistics: over all sequences, each of them, and those of an attribute."""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.metrics.scores import Measure, TrackerScores

Floats = NDArray[np.float64]


def summed(
    name: str, measure: Measure, sequences: collections.abc.Sequence[str], rows: Floats, **more: Any
) -> TrackerScores:
    """A tracker's scores over the sequences that it has.

    Args:
        name: of the tracker.
        measure: whose rows they are.
        sequences: names, in the order of the rows.
        rows: shape (sequences, k); rows of NaN are missing.
        more: fields of `TrackerScores` that no sum gives: attributes, speed, notes.
    """
    each = measure.finish(rows)
    total = rows[~np.isnan(rows).any(axis=1)].sum(axis=0)
    return TrackerScores(
        name=name,
        values={key: float(value) for key, value in measure.finish(total).items()},
        sequences={
            sequence: dict(zip(each, values, strict=True))
            for sequence, *values in zip(sequences, *(values.tolist() for values in each.values()), strict=True)
        },
        curves=measure.finish_curves(total),
        statistics=rows,
        **{"attributes": {}, **more},
    )


def summed_by_attribute(
    measure: Measure, sums: Mapping[str, Floats]
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, Floats]]]:
    """Scores and curves of each attribute.

    Args:
        measure: whose rows were summed.
        sums: attribute -> shape (k,): the sum of the rows that have it.
    """
    if not sums:
        return {}, {}
    stacked = np.stack(list(sums.values()))
    values, curves = measure.finish(stacked), measure.finish_curves(stacked)
    return (
        {name: {key: float(scores[i]) for key, scores in values.items()} for i, name in enumerate(sums)},
        {name: {key: curve[i] for key, curve in curves.items()} for i, name in enumerate(sums)},
    )


def sums_of_groups(rows: Floats, groups: Mapping[str, collections.abc.Sequence[int]]) -> dict[str, Floats]:
    """Attribute -> the sum of the rows that have it; missing rows (NaN) add nothing.

    Args:
        rows: shape (sequences, k).
        groups: attribute -> indices of the sequences that have it.
    """
    if not groups:
        return {}
    membership = np.zeros((len(groups), len(rows)))
    for line, indices in zip(membership, groups.values(), strict=True):
        line[list(indices)] = 1.0
    there = np.where(np.isnan(rows).any(axis=1, keepdims=True), 0.0, rows)
    return dict(zip(groups, membership @ there, strict=True))
