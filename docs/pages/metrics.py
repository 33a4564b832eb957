"""A page for each metric, from what it declares."""

from __future__ import annotations

import itertools

import numpy as np

import siamfc_eval as se
from docs.pages import example
from docs.pages.page import Page, listing, table
from siamfc_eval.geometry.boxes import overlaps
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
    return f"{metric.definition}\n\n{table(('', ''), rows)}\n\n{_worked(metric, conventions)}\n"


def _worked(metric: Metric, conventions: list[str]) -> str:
    """Its value frame by frame where a few frames are enough, and of the trackers of the example."""
    parts = []
    if "plain" in conventions:
        parts.append(_on_four_frames(metric))
    if conventions:
        name = conventions[0]
        frame = example.scores_under(name, CONVENTIONS[name].protocol).to_frame("tracker")
        rows = [(tracker, f"{value:.{metric.digits}f}") for tracker, value in frame[metric.key].items()]
        parts.append(
            f"Four made-up trackers on the drawn benchmark, under [{name}](../conventions/{name}.md), which shows what "
            f"they are:\n\n{table(('tracker', metric.label), rows)}\n"
        )
    return "\n".join(parts)


def _on_four_frames(metric: Metric) -> str:
    """A sequence of four frames by hand."""
    truth = np.array([[100.0, 80, 40, 20]] * 4)
    boxes = truth + np.array([[0.0, 0, 0, 0], [4, 2, 0, 0], [10, 10, 4, 0], [60, 0, 0, 0]])
    away = boxes[:, :2] + boxes[:, 2:] / 2 - truth[:, :2] - truth[:, 2:] / 2
    rows = [
        (str(number), *(str([round(float(x)) for x in box]) for box in (real, found)), *numbers)
        for number, (real, found, *numbers) in enumerate(
            zip(
                truth,
                boxes,
                (f"{value:.3f}" for value in overlaps(boxes, truth)),
                (f"{np.hypot(*delta):.1f}" for delta in away),
                (f"{np.hypot(*(delta / truth[0, 2:])):.3f}" for delta in away),
                strict=True,
            ),
            1,
        )
    ]
    value = se.one_pass_scores(boxes, truth, convention="plain")[metric.key]
    headings = ("frame", "ground truth", "box", "overlap", "centre error", "by the target's size")
    return (
        f"On these four frames it is **{value:.4g}** under [plain](../conventions/plain.md), computed as this page was "
        f"built:\n\n{table(headings, rows)}\n"
    )
