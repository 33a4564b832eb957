"""What a page shows beside scores and tests: bands on curves, average ranks, and what is open between two trackers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from siamfc_eval.comparison.bands import curve_bands
from siamfc_eval.comparison.closeness import MARGIN, closeness
from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.comparison.ranks import compare_ranks
from siamfc_eval.metrics.scores import CurveAxis
from siamfc_eval.reporting.page.packing import packed, rounded
from siamfc_eval.reporting.pair_tables import needed_text

BANDS = 5
"""Best trackers whose curves have bands, beside the highlighted ones: a page with all at once could not be read."""
_RESAMPLES = 500
_PAIRS = 40
"""Pairs of which it is said whether they are the same and what would settle them."""


def bands_data(
    comparison: Comparison, axis: CurveAxis, order: Sequence[str], highlighted: Sequence[str]
) -> dict[str, Any] | None:
    """Bands on a curve of the best and the highlighted trackers; None where there are none.

    Args:
        comparison: of the trackers; its level and seed are those of the bands.
        axis: the curve.
        order: trackers of the section, best first.
        highlighted: trackers that have bands wherever they stand.
    """
    scores, level = comparison.scores, comparison.level
    wanted = [name for name in order if name in scores.trackers and axis.key in scores.trackers[name].curves]
    wanted = [name for i, name in enumerate(wanted) if i < BANDS or name in highlighted]
    if not wanted or len(scores.sequences) < 2:
        return None
    few = dataclasses.replace(scores, trackers={name: scores.trackers[name] for name in wanted})
    found = curve_bands(few, axis.key, level=level, resamples=_RESAMPLES, seed=comparison.seed)
    sides = {side: np.stack([getattr(found[name], side) for name in wanted]) for side in ("low", "high")}
    whole = {side: np.stack([getattr(found[name], f"{side}_all") for name in wanted]) for side in ("low", "high")}
    return {
        "trackers": [order.index(name) for name in wanted],
        "level": level,
        "pointwise": {side: packed(values) for side, values in sides.items()},
        "simultaneous": {side: packed(values) for side, values in whole.items()},
    }


def ranks_data(comparison: Comparison, order: Sequence[str]) -> dict[str, Any] | None:
    """Average ranks over sequences with the groups that do not differ; None where there is nothing to compare."""
    ranks = compare_ranks(comparison)
    if ranks is None or len(ranks.average_ranks) < 2:
        return None
    place = {name: i for i, name in enumerate(order)}
    return {
        "order": [place[name] for name in ranks.average_ranks],
        "averages": rounded(ranks.average_ranks.values()),
        "sequences": ranks.sequences,
        "friedman": _small(ranks.friedman_p),
        "criticalDifference": rounded([ranks.critical_difference])[0],
        "groups": [[place[name] for name in group] for group in ranks.wilcoxon_groups],
        "nemenyi": [[place[name] for name in group] for group in ranks.nemenyi_groups],
    }


def closeness_data(comparison: Comparison, order: Sequence[str], highlighted: Sequence[str]) -> dict[str, Any]:
    """Of pairs that do not differ significantly, those of the leader and of highlighted trackers: whether they are the
    same within a margin, and how many sequences would settle them."""
    about = {comparison.ranking[0], *highlighted}
    pairs = tuple(
        (pair.better, pair.worse)
        for pair in comparison.pairs
        if not pair.significant() and about & {pair.better, pair.worse}
    )[:_PAIRS]
    place = {name: i for i, name in enumerate(order)}
    found = closeness(comparison, pairs, seed=comparison.seed) if pairs and len(comparison.sequences) > 1 else ()
    return {
        "margin": MARGIN,
        "pairs": [
            [place[one.better], place[one.worse], _small(one.equivalence_p), int(one.same()), needed_text(one)]
            for one in found
        ],
    }


def _small(p: float) -> float | None:
    return float(f"{p:.3g}") if math.isfinite(p) else None
