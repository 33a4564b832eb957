"""The report model, and its writing to a folder."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.comparison.agreement import Agreement
from siamfc_eval.comparison.compare import Comparison
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.metrics.timelines import Timelines
from siamfc_eval.reporting import plots, tables
from siamfc_eval.reporting.figure_files import Picture, write_figures, write_part
from siamfc_eval.reporting.figures.figure import FigureSource
from siamfc_eval.reporting.figures.registry import draw_figures
from siamfc_eval.reporting.latex import table_latex
from siamfc_eval.reporting.overview import agreement_table, agreements, overview_table
from siamfc_eval.reporting.rendering import to_csv
from siamfc_eval.reporting.summary import findings, headline
from siamfc_eval.storage.json_text import json_text
from siamfc_eval.viewing.strips import TrackerStrip

if TYPE_CHECKING:
    from matplotlib.figure import Figure


TOP = 10
"""Trackers that a page's figures show at first."""


@dataclass(frozen=True, eq=False)
class Section:
    """One experiment under one convention."""

    heading: str
    scores: Scores
    comparison: Comparison | None = None
    timelines: Timelines | None = None
    """Overlaps frame by frame, which sections of the same runs share; None where there are no boxes."""
    hardware: Mapping[str, str] = field(default_factory=dict)
    """Tracker -> on what its times were taken; speeds are compared only where it is the same."""
    strips: tuple[TrackerStrip, ...] = ()
    """Pictures of the worst moments; none where they were not asked for."""
    beside: bool = False
    """It is of runs other than those that the report was asked for; files of the others are not named after it."""

    @property
    def alike(self) -> Scores:
        """The scores over the sequences that all ranked trackers have; what is drawn together is of the same ones."""
        return self.comparison.scores if self.comparison is not None else self.scores


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that a report shows, before it is drawn."""

    title: str
    sections: tuple[Section, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    """How the numbers were made: command, versions, hardware; shown at the end."""
    highlighted: tuple[str, ...] = ()
    """Trackers that are always drawn, and on top."""
    top: int = TOP
    """Trackers that figures show at first, in addition to the highlighted ones."""
    incomplete: tuple[str, ...] = ()
    """What the report lacks as a whole, one sentence each."""

    @cached_property
    def agreements(self) -> tuple[Agreement, ...]:
        """How alike the rankings of every two sections are."""
        return agreements(self.sections)

    @property
    def trackers(self) -> tuple[str, ...]:
        """Every tracker of the report, highlighted ones first, then in the order of the rankings: that of colours."""
        ranked = [name for section in self.sections for name in tables.ranked(section.scores, section.comparison)]
        known = [name for name in self.highlighted if name in ranked]
        return tuple(dict.fromkeys((*known, *ranked)))


@dataclass(frozen=True, eq=False)
class DrawnSection:
    """A section with its sentences, tables and figures."""

    section: Section
    stem: str
    """Prefix of the section's files, safe as a file name."""
    headline: str
    """The main finding as a heading; "" where nothing can be said."""
    findings: tuple[str, ...]
    tables: tuple[tables.Table, ...]
    figures: Mapping[str, Figure]
    """File stem -> figure: all of them where files were asked for, else those of other packages."""
    added: tuple[str, ...]
    """Stems of other packages' figures, which the page shows as they are; it draws all others itself."""
    wide: frozenset[str]
    """Stems of the figures that take the whole width."""


def write_report(report: Report, out: Path, formats: Sequence[str] = ()) -> Path:
    """Write a report to a folder: report.html (self-contained), report.json, and each table as files.

    Args:
        report: what to show.
        out: folder; made if it is not there. Files of an earlier report in it are replaced one by one, each whole.
        formats: of the figures' files; none: figures are on the page only, and no plotting library is loaded.

    Returns:
        The path of report.html.

    Raises:
        InputError: the folder cannot be written, or the report has no section.
    """
    from siamfc_eval.reporting.html import render_page

    if not report.sections:
        raise InputError("nothing to report: no experiment was scored. Give a folder with results.")
    styles = plots.tracker_styles(report.trackers)
    several = sum(not section.beside for section in report.sections) > 1
    drawn = [
        _draw(section, i if several or section.beside else 0, styles, added_only=not formats)
        for i, section in enumerate(report.sections, 1)
    ]
    if formats:
        pictures = [
            Picture(out / "figures" / f"{part.stem}{stem}", figure, part.section.scores.signature)
            for part in drawn
            for stem, figure in part.figures.items()
        ]
        write_figures(pictures, formats)
    for part in drawn:
        signature = part.section.scores.signature
        for table in (*part.tables, tables.long_sequence_table(part.section.scores)):
            write_part(out / "tables" / f"{part.stem}{table.key}.csv", to_csv(table, signature))
            if table.key != "per_sequence":
                latex = table_latex(table, signature, part.section.comparison, part.stem)
                write_part(out / "tables" / f"{part.stem}{table.key}.tex", latex)
    together = (overview_table(report.sections), agreement_table(report.sections, report.agreements))
    for table in filter(None, together):
        write_part(out / "tables" / f"{table.key}.csv", to_csv(table))
        write_part(out / "tables" / f"{table.key}.tex", table_latex(table))
    write_part(out / "report.json", json_text(report_json(report)))
    page = out / "report.html"
    write_part(page, render_page(report, drawn))
    return page


def report_json(report: Report) -> dict[str, Any]:
    """All numbers of a report as plain data; missing numbers are None."""
    return {
        "title": report.title,
        "facts": dict(report.facts),
        "sections": [
            {
                "heading": section.heading,
                "dataset": section.scores.dataset,
                "convention": section.scores.convention,
                "signature": section.scores.signature,
                "incomplete": list(section.scores.incomplete),
                "gaps": [gap.to_json() for gap in section.scores.gaps],
                "findings": list(findings(section.scores, section.comparison)),
                "trackers": {name: _tracker_json(section.scores, name) for name in section.scores.trackers},
                "curves": {axis.key: _numbers(axis.x) for axis in section.scores.measure.curves},
                "comparison": None if section.comparison is None else section.comparison.to_json(),
            }
            for section in report.sections
        ],
        "agreement": [one.to_json() for one in report.agreements],
    }


def _draw(section: Section, number: int, styles: Mapping[str, plots.Style], added_only: bool) -> DrawnSection:
    scores, comparison = section.scores, section.comparison
    shown = [tables.ranking_table(scores, comparison)]
    if comparison is not None and comparison.pairs:
        shown.append(tables.pairs_table(comparison))
    attributes = tables.attribute_table(scores, comparison)
    if attributes is not None:
        shown.append(attributes)
    shown.append(tables.sequence_table(scores, comparison))
    slug = re.sub(r"[^a-z0-9]+", "-", section.heading.lower()).strip("-")[:60]
    stem = f"{number:02d}-{slug}-" if number else ""
    drawn = draw_figures(FigureSource(scores, comparison, styles), added_only=added_only)
    return DrawnSection(
        section,
        stem,
        headline(comparison),
        findings(scores, comparison),
        tuple(shown),
        {name: one.figure for name, one in drawn.items()},
        tuple(name for name, one in drawn.items() if one.provider),
        frozenset(name for name, one in drawn.items() if one.wide),
    )


def _tracker_json(scores: Scores, name: str) -> dict[str, Any]:
    tracker = scores.trackers[name]
    return {
        **_plain(tracker.values),
        "speed": _plain(tracker.speed),
        "notes": list(tracker.notes),
        "curves": {key: _numbers(curve) for key, curve in tracker.curves.items()},
        "attributes": {key: _plain(values) for key, values in tracker.attributes.items()},
        "sequences": {key: _plain(values) for key, values in tracker.sequences.items()},
    }


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: float(value) if math.isfinite(value) else None for key, value in values.items()}


def _numbers(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
