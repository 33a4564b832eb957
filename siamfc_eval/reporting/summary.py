"""What a report says first: the findings in sentences."""

from __future__ import annotations

import math

from siamfc_eval.comparison.compare import Comparison, Pair
from siamfc_eval.comparison.resampling import Interval
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.tables import cell_text, p_text


def findings(scores: Scores, comparison: Comparison | None) -> tuple[str, ...]:
    """The main findings, one sentence each, the most important first.

    Nothing is claimed that the tests do not carry: a lead that may be chance is called that.
    """
    if comparison is None or not comparison.ranking:
        return ()
    digits, label = comparison.metric.digits, comparison.metric.label
    leader = comparison.ranking[0]
    sentences = [f"{leader} has the best {label}: {_with_interval(comparison.intervals[leader], digits)}."]
    against_leader = [pair for pair in comparison.pairs if pair.better == leader]
    beaten = [pair for pair in against_leader if pair.significant()]
    open_pairs = [pair for pair in against_leader if not pair.significant()]
    if beaten:
        sentences.append(f"It is ahead of {_names(beaten, digits)}: differences that chance does not explain.")
    if open_pairs:
        sentences.append(
            f"From {_names(open_pairs, digits)} it is not told apart on these {len(comparison.sequences)} sequences."
        )
    weakest = _weakest_attribute(scores, leader)
    if weakest:
        sentences.append(weakest)
    if comparison.excluded:
        sentences.append(
            f"{len(comparison.excluded)} of {len(scores.sequences)} sequences lack a result of some tracker "
            "and are left out of the comparison."
        )
    return tuple(sentences)


def _names(pairs: list[Pair], digits: int, shown: int = 4) -> str:
    parts = [
        f"{pair.worse} (by {cell_text(abs(pair.difference.value), digits)}, p {p_text(pair.p_adjusted)})"
        for pair in pairs[:shown]
    ]
    if len(pairs) > shown:
        parts.append(f"{len(pairs) - shown} more")
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _with_interval(interval: Interval, digits: int) -> str:
    if not math.isfinite(interval.low):
        return cell_text(interval.value, digits)
    low, high = cell_text(interval.low, digits), cell_text(interval.high, digits)
    return f"{cell_text(interval.value, digits)} (interval {low} to {high})"


def _weakest_attribute(scores: Scores, name: str) -> str:
    metric = scores.measure.metrics[0]
    values = {
        attribute: float(row.get(metric.key, math.nan))
        for attribute, row in scores.trackers[name].attributes.items()
        if attribute not in {"all", "empty"}
    }
    known = {attribute: value for attribute, value in values.items() if math.isfinite(value)}
    if len(known) < 2:
        return ""
    pick = min if metric.better == "higher" else max
    worst = pick(known, key=lambda attribute: known[attribute])
    return f"Its weakest attribute is {worst} ({metric.label} {cell_text(known[worst], metric.digits)})."
