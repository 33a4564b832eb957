"""A page for each convention, from the record that computes its scores."""

from __future__ import annotations

import dataclasses
from typing import Any

from sphinx.pycode import ModuleAnalyzer

from docs.pages import example
from docs.pages.page import Page, listing, table
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.conventions import CONVENTIONS
from siamfc_eval.protocols.table import protocol


def convention_pages() -> list[Page]:
    """A list of all, then a page for each convention."""
    rows = [(f"[{name}](conventions/{name}.md)", entry.protocol, entry.summary) for name, entry in CONVENTIONS.items()]
    text = "# Each convention\n\n" + table(("convention", "scores runs", "whose numbers"), rows)
    text += "\n\n" + listing(f"conventions/{name}" for name in CONVENTIONS)
    pages = [Page(f"conventions/{name}.md", _page(CONVENTIONS[name]), in_menu=False) for name in CONVENTIONS]
    return [Page("each-convention.md", text), *pages]


def _page(convention: Convention) -> str:
    parts = [f"# {convention.name}\n\n{convention.summary}.\n", _facts(convention), _rules(convention)]
    parts += [_worked(convention), _against_the_usual(convention)]
    return "\n\n".join(parts)


def _facts(convention: Convention) -> str:
    metrics = ", ".join(f"[{metric.label}](../metrics/{metric.key}.md)" for metric in convention.metrics)
    elsewhere = "; ".join(
        f"on data sets whose names begin with {start}, `{other}` holds instead"
        for start, other in convention.elsewhere.items()
    )
    exceptions = "; ".join(
        f"on {start}*: " + ", ".join(f"{rule} `{value}`" for rule, value in changes.items())
        for start, changes in convention.exceptions.items()
    )
    facts = [
        ("follows", convention.source),
        ("scores", f"{convention.protocol} runs"),
        ("reports", metrics),
        ("default for", ", ".join(convention.benchmarks)),
        ("attributes", f"those of {convention.attributes}" if convention.attributes else ""),
        ("exceptions", "; ".join(filter(None, [exceptions, elsewhere]))),
    ]
    return table(("", ""), [(name, value) for name, value in facts if value])


def _rules(convention: Convention) -> str:
    meanings = rule_meanings(convention.rules)
    rows = [
        (
            str(field.metadata.get("effect", field.name)),
            f"`{getattr(convention.rules, field.name)}`",
            meanings[field.name],
        )
        for field in dataclasses.fields(convention.rules)
    ]
    return "## Its rules\n\n" + table(("rule", "here", "what the choices are"), rows)


def _worked(convention: Convention) -> str:
    """What the trackers of the example score."""
    scores = example.scores_under(convention.name, convention.protocol)
    frame = scores.to_frame("tracker")
    rows = []
    for tracker in example.TRACKERS:
        known = tracker.name in frame.index
        values = [frame.loc[tracker.name].get(metric.key) if known else None for metric in convention.metrics]
        cells = [
            f"{value:.{m.digits}f}" if value is not None else "refused"
            for m, value in zip(convention.metrics, values, strict=True)
        ]
        rows.append((tracker.name, *cells))
    who = (
        "Computed as this page was built, of four made-up trackers on the drawn benchmark: one is steady, one loses "
        "its target at times, one is rough, and one is careless: now and then it gives no box, or one without a width."
    )
    return f"## What it gives\n\n{who}\n\n{table(('tracker', *(m.label for m in convention.metrics)), rows)}"


def _against_the_usual(convention: Convention) -> str:
    """The rules that make the difference to the convention that is usual for these runs."""
    usual = protocol(convention.protocol).convention
    if usual == convention.name:
        return ""
    found = example.explanation(usual, convention.name, convention.protocol)
    if found is None:
        return ""
    key, digits = found.metric.key, max(found.metric.digits, 4)
    first, second = (f"{scores[key]:.{digits}f}" for scores in found.scores)
    said = (
        f"## Against {usual}\n\n`{found.tracker}` has a {found.metric.label} of {first} under [{usual}]({usual}.md) "
        f"and of {second} here, rule by rule (`siamfc-eval explain {usual} {convention.name}`):\n\n"
    )
    rows = [
        (step.effect, f"`{step.before}`", f"`{step.after}`", f"{step.differences[key]:+.{digits}f}")
        for step in found.steps
    ]
    idle = f"\n\nWithout an effect on this tracker: {'; '.join(found.without_effect)}." if found.without_effect else ""
    return said + (table(("rule", usual, "here", "difference"), rows) if rows else "No rule has an effect.") + idle


def rule_meanings(rules: Any) -> dict[str, str]:
    """Name of each rule -> what is written under it in the source."""
    kind = type(rules)
    written = ModuleAnalyzer.for_module(kind.__module__).find_attr_docs()
    return {
        field.name: " ".join(written.get((kind.__qualname__, field.name), ())) for field in dataclasses.fields(rules)
    }
