"""What the scripts of a report's page read: the report as compact JSON.

Names go in as a reader may see them, once each; numbers that only a drawing needs are held in 16 bits, and the overlaps
of timelines as compressed bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.metrics.declared import SPEEDS
from siamfc_eval.metrics.repetitions import values_of_repetitions
from siamfc_eval.metrics.scores import CurveAxis, Scores, Tagged, TrackerScores
from siamfc_eval.metrics.timelines import Lines, Timelines
from siamfc_eval.plain_text import printable
from siamfc_eval.reporting.figures.curves import curve_limit
from siamfc_eval.reporting.page.packing import compressed, packed, rounded
from siamfc_eval.reporting.page.statistics import bands_data, closeness_data, ranks_data
from siamfc_eval.reporting.tables import standing

if TYPE_CHECKING:
    from siamfc_eval.reporting.report import Report, Section


AR_METRICS = ("accuracy", "reliability", "robustness")
"""What is drawn of single repetitions."""


def page_data(report: Report, names: Sequence[str]) -> dict[str, Any]:
    """A report as plain data; missing numbers are None.

    Args:
        report: what the page shows.
        names: every tracker of the report, in the order in which colours are given.
    """
    numbers = {name: number for number, name in enumerate(names)}
    lines = list(
        {id(section.timelines): section.timelines for section in report.sections if section.timelines}.values()
    )
    return {
        "title": printable(report.title),
        "top": report.top,
        "trackers": [{"name": printable(name), "own": name in report.highlighted} for name in names],
        "sections": [_section(section, numbers, lines, report.highlighted) for section in report.sections],
        "timelines": [_timelines(one, numbers) for one in lines],
    }


def _repetitions(scores: Scores, tracker: TrackerScores) -> dict[str, Any] | None:
    """Metric -> its score of the first repetitions, of the second ones, ...; None where there is one run only."""
    if not tracker.repetitions:
        return None
    found = values_of_repetitions(scores.measure, tracker.repetitions)
    return {key: rounded(values.tolist()) for key, values in found.items() if key in AR_METRICS}


def _section(
    section: Section, numbers: Mapping[str, int], lines: list[Timelines], highlighted: Sequence[str]
) -> dict[str, Any]:
    scores, comparison = section.scores, section.comparison
    ranks = standing(scores, comparison)
    order = list(ranks)
    alike = section.alike
    trackers = [(alike if name in alike.trackers else scores).trackers[name] for name in order]
    metrics = scores.measure.metrics
    ranking = comparison.metric if comparison is not None else metrics[0]
    attributes = _attributes(scores)
    places = {name: place for place, name in enumerate(scores.sequences)}
    return {
        "heading": printable(section.heading),
        "dataset": printable(scores.dataset),
        "convention": printable(scores.convention),
        "metrics": [
            {**metric.to_json(), "title": metric.title, "digits": metric.digits}
            for metric in sorted(metrics, key=lambda metric: metric.key != ranking.key)
        ],
        "order": [numbers[name] for name in order],
        "ranks": [ranks[name] for name in order],
        "lacking": [len(scores.missing(name)) for name in order],
        "marked": [bool(scores.missing(name)) or name in scores.marked for name in order],
        "totals": {
            metric.key: rounded(tracker.values.get(metric.key, math.nan) for tracker in trackers) for metric in metrics
        },
        "repetitions": [_repetitions(scores, tracker) for tracker in trackers],
        "sequences": [printable(name) for name in scores.sequences],
        "values": {
            metric.key: [
                rounded(
                    scores.trackers[name].sequences.get(one, {}).get(metric.key, math.nan) for one in scores.sequences
                )
                for name in order
            ]
            for metric in metrics
        },
        "curves": [
            {
                **_curve(alike, scores, axis, order, attributes),
                "bands": None if comparison is None else bands_data(comparison, axis, order, highlighted),
            }
            for axis in scores.measure.curves
        ],
        "attributesAre": "frames" if isinstance(scores.measure, Tagged) else "sequences",
        "attributes": [
            {
                "name": printable(name),
                "count": scores.attribute_counts.get(name),
                "sequences": [places[one] for one in scores.attribute_members.get(name, ()) if one in places],
            }
            for name in attributes
        ],
        "byAttribute": {
            metric.key: [
                rounded(scores.trackers[name].attributes.get(one, {}).get(metric.key, math.nan) for one in attributes)
                for name in order
            ]
            for metric in metrics
        },
        "comparison": None if comparison is None else _comparison(comparison, order),
        "averageRanks": None if comparison is None else ranks_data(comparison, order),
        "closeness": None if comparison is None else closeness_data(comparison, order, highlighted),
        "speeds": [
            {
                "key": key,
                "label": SPEEDS[key].label,
                "values": rounded(tracker.speed.get(key, math.nan) for tracker in trackers),
            }
            for key in SPEEDS
            if any(key in tracker.speed for tracker in trackers)
        ],
        "hardware": [printable(section.hardware.get(name, "")) for name in order],
        "notes": [[printable(note, lines=True) for note in scores.trackers[name].notes] for name in order],
        "timelines": next((i for i, one in enumerate(lines) if one is section.timelines), None),
    }


def _attributes(scores: Scores) -> list[str]:
    """Attributes or tags that some tracker has scores on, in the order of their tables."""
    present = {name for tracker in scores.trackers.values() for name in tracker.attributes}
    if isinstance(scores.measure, Tagged):
        present -= {"all"}  # The frames of everything are no attribute.
    known = [name for name in scores.attribute_counts if name in present]
    return known + sorted(present - set(known))


def _curve(
    alike: Scores, scores: Scores, axis: CurveAxis, order: Sequence[str], attributes: Sequence[str]
) -> dict[str, Any]:
    """A curve of every tracker, over everything and over each attribute."""
    nothing = np.full(len(axis.x), np.nan)
    every = [
        (alike if name in alike.trackers else scores).trackers[name].curves.get(axis.key, nothing) for name in order
    ]
    parts = [
        [scores.trackers[name].attribute_curves.get(one, {}).get(axis.key, nothing) for name in order]
        for one in attributes
    ]
    # Lengths that nothing reaches are not drawn; beside the first point, whose value is a convention.
    return {
        "key": axis.key,
        "title": axis.title,
        "x": rounded(axis.x),
        "xLabel": axis.x_label,
        "yLabel": axis.y_label,
        "rankedBy": axis.ranked_by,
        "averaged": None if axis.averaged is None else list(axis.averaged),
        "limit": curve_limit(alike, axis),
        "fills": axis.fills,
        "y": packed(every),
        "byAttribute": packed(parts) if parts and np.isfinite(parts).any() else None,
    }


def _comparison(comparison: Comparison, order: Sequence[str]) -> dict[str, Any]:
    place = {name: i for i, name in enumerate(order)}
    return {
        "metric": comparison.metric.key,
        "intervals": [rounded(comparison.intervals[name]) for name in comparison.ranking],
        "rankIntervals": [list(comparison.rank_intervals[name]) for name in comparison.ranking],
        "first": rounded(comparison.first_place[name] for name in comparison.ranking),
        "sequences": len(comparison.sequences),
        "tooFew": comparison.too_few,
        "level": comparison.level,
        "pairs": [
            [
                place[pair.better],
                place[pair.worse],
                *rounded(pair.difference),
                *_significant(pair.p_adjusted),
                int(pair.resolved),
                int(pair.significant()),
                pair.wins,
                pair.losses,
                pair.ties,
            ]
            for pair in comparison.pairs
        ],
    }


def _timelines(lines: Timelines, numbers: Mapping[str, int]) -> dict[str, Any]:
    names = list(lines.sequences)
    watched = lines.sequences
    return {
        "stride": lines.stride,
        "sequences": [printable(name) for name in names],
        "frames": [watched[name].frames for name in names],
        "tags": [
            {printable(tag): [list(part) for part in parts] for tag, parts in watched[name].tags.items() if parts}
            for name in names
        ],
        "trackers": [
            {
                "tracker": numbers[tracker],
                "runs": lines.runs.get(tracker, 1),
                # The first run of each sequence, then the second ones, ...
                "lines": [[number, i] for number, i in _order(found, names)],
                "data": compressed(b"".join(found[names[i]][number].tobytes() for number, i in _order(found, names))),
            }
            for tracker, found in lines.overlaps.items()
            if tracker in numbers and found
        ],
    }


def _order(found: Lines, names: Sequence[str]) -> list[tuple[int, int]]:
    """Repetition and place of the sequence of each line of a tracker."""
    return sorted((number, i) for i, name in enumerate(names) for number in found.get(name, ()))


def _significant(p: float) -> list[float | None]:
    """A p-value to three significant digits, however small it is."""
    return [float(f"{p:.3g}") if math.isfinite(p) else None]
