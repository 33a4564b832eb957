"""A page for each metric, from what it declares."""

from __future__ import annotations

import itertools

from docs.pages.page import Page, listing, table
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.metrics.declared import SPEEDS
from siamfc_eval.metrics.extra import METRICS
from siamfc_eval.metrics.scores import Metric


def metrics_by_key() -> dict[str, dict[Metric, list[str]]]:
    """Key -> the metrics that have it, each with the conventions that report it."""
    users: dict[Metric, list[str]] = {}
    for name, convention in CONVENTIONS.items():
        for metric in convention.metrics:
            users.setdefault(metric, []).append(name)
    others = itertools.chain(SPEEDS.values(), (extra.metric for extra in METRICS.values()))
    found: dict[str, dict[Metric, list[str]]] = {}
    for metric in (*users, *others):
        found.setdefault(metric.key, {})[metric] = users.get(metric, [])
    return found


def metric_pages() -> list[Page]:
    """A list of all, then a page for each key."""
    found = metrics_by_key()
    rows = [
        (f"[{metric.label}](metrics/{key}.md)", f"`{key}`", metric.better, metric.definition)
        for key, metrics in found.items()
        for metric in metrics
    ]
    text = "# Metrics\n\nEach is computed under a [convention](conventions.md), which decides what counts.\n\n"
    text += table(("metric", "key", "better", "what it measures"), rows)
    text += "\n\n" + listing(f"metrics/{key}" for key in found)
    pages = [Page(f"metrics/{key}.md", _page(key, metrics), in_menu=False) for key, metrics in found.items()]
    return [Page("metrics.md", text), *pages]


def _title(metrics: dict[Metric, list[str]]) -> str:
    return next(iter(metrics)).label


def _page(key: str, metrics: dict[Metric, list[str]]) -> str:
    parts = [f"# {_title(metrics)}\n\nIn JSON and on the command line: `{key}`.\n"]
    for metric, conventions in metrics.items():
        if len(metrics) > 1:
            kind = CONVENTIONS[conventions[0]].protocol
            parts.append(f"## In {kind} runs\n")
        parts.append(_described(metric, conventions))
    return "\n".join(parts)


def _described(metric: Metric, conventions: list[str]) -> str:
    low, high = (f"{bound:g}" if abs(bound) != float("inf") else "unbounded" for bound in (metric.low, metric.high))
    facts = [
        ("formula", f"`{metric.formula}`" if metric.formula else ""),
        ("better", metric.better),
        ("range", f"{low} to {high}" if high != "unbounded" else f"from {low} on"),
        ("unit", metric.unit),
        ("source", metric.source),
        ("reported under", ", ".join(f"[{name}](../conventions/{name}.md)" for name in conventions)),
    ]
    rows = [(name, value) for name, value in facts if value]
    return f"{metric.definition}\n\n{table(('', ''), rows)}\n"
