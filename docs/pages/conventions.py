"""A page for each convention, from the record that computes its scores."""

from __future__ import annotations

import dataclasses
from typing import Any

from sphinx.pycode import ModuleAnalyzer

from docs.pages.page import Page, listing, table
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.conventions import CONVENTIONS


def convention_pages() -> list[Page]:
    """A list of all, then a page for each convention."""
    rows = [(f"[{name}](conventions/{name}.md)", entry.protocol, entry.summary) for name, entry in CONVENTIONS.items()]
    text = "# Each convention\n\n" + table(("convention", "scores runs", "whose numbers"), rows)
    text += "\n\n" + listing(f"conventions/{name}" for name in CONVENTIONS)
    pages = [Page(f"conventions/{name}.md", _page(CONVENTIONS[name]), in_menu=False) for name in CONVENTIONS]
    return [Page("each-convention.md", text), *pages]


def _page(convention: Convention) -> str:
    parts = [f"# {convention.name}\n\n{convention.summary}.\n", _facts(convention), _rules(convention)]
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


def rule_meanings(rules: Any) -> dict[str, str]:
    """Name of each rule -> what is written under it in the source."""
    kind = type(rules)
    written = ModuleAnalyzer.for_module(kind.__module__).find_attr_docs()
    return {
        field.name: " ".join(written.get((kind.__qualname__, field.name), ())) for field in dataclasses.fields(rules)
    }
