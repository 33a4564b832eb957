"""Plots, tables and a web page from results."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from siamfc_eval.api.results import truth_of
from siamfc_eval.api.selection import Selecting, convention_of, first_manifest, score_results
from siamfc_eval.comparison.compare import compare
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.reporting.report import Report, Section, write_report
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    from siamfc_eval.results.manifest import Session


@dataclass(frozen=True)
class WrittenReport:
    """A report on disk."""

    page: Path
    """report.html."""
    sections: tuple[Section, ...]
    """What it shows, scores and their comparison, one for each convention."""

    @property
    def scored(self) -> tuple[Scores, ...]:
        """The scores that it shows."""
        return tuple(section.scores for section in self.sections)

    def __repr__(self) -> str:
        return f"<Report {self.page}>"


def report(
    results: Path | str,
    out: Path | str | None = None,
    *,
    conventions: collections.abc.Sequence[str] = (),
    data: Path | str | Dataset | None = None,
    dataset: str | None = None,
    title: str | None = None,
    formats: collections.abc.Sequence[str] = (),
    metric: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    **selecting: Unpack[Selecting],
) -> WrittenReport:
    """Write report.html with the findings, plots and tables of results, and each of them as a file of its own.

    Args:
        results: a folder, as for `siamfc_eval.score`.
        out: folder of the report; None: `report` within the results.
        conventions: whose rules; none: as for `siamfc_eval.score`.
        data, dataset: the ground truth, as for `siamfc_eval.score`.
        title: heading; None: the data set's name.
        formats: of the figures' files: "png", "svg", "pdf"; none: all.
        metric, resamples, seed: of the comparison, as for `siamfc_eval.compare`.
        selecting: see `siamfc_eval.api.selection.Selecting`.

    Raises:
        InputError, UnknownNameError: as `siamfc_eval.score`, or the folder cannot be written.
    """
    folder = ResultFolder(results)
    truth = truth_of(folder, data, dataset)
    selecting["metrics"] = (*selecting.get("metrics", ()), *filter(None, [metric]))
    sections = []
    for convention in conventions or (convention_of(folder, truth, selecting.get("protocol")),):
        scores = score_results(folder, truth, convention, **selecting)
        comparison = compare(scores, metric, resamples=resamples, seed=seed)
        sections.append(Section(f"{truth.name}, {convention}", scores, comparison))
    page = write_report(
        Report(title or truth.name, tuple(sections), run_facts(folder)),
        Path(out).expanduser() if out is not None else folder.path / "report",
        tuple(formats) or ("png", "svg", "pdf"),
    )
    return WrittenReport(page, tuple(sections))


def run_facts(results: Path | ResultFolder) -> dict[str, str]:
    """How the results came about, from the first manifest below the folder; empty for other toolkits' results."""
    manifest = first_manifest(results)
    if manifest is None:
        return {}
    made = {status.session for status in manifest.items.values() if status.status == "done"} or {0}
    sessions = [session for number, session in enumerate(manifest.sessions) if number in made]

    def of_each(describe: Callable[[Session], str]) -> str:
        """What the sessions that made the results say; once where they agree."""
        return "; later: ".join(dict.fromkeys(filter(None, map(describe, sessions))))

    facts = {
        "command": of_each(lambda session: " ".join(session.command)),
        "commit": of_each(lambda session: session.commit),
        "versions": of_each(lambda session: _listed(session.versions)),
        "hardware": of_each(lambda session: _listed(session.hardware)),
        "settings": of_each(lambda session: _listed(session.settings)),
    }
    return {name: value for name, value in facts.items() if value}


def _listed(values: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
