"""Plots, tables and a web page from results."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from siamfc_eval.api.published import scores_of_published
from siamfc_eval.api.results import truth_of
from siamfc_eval.api.selection import (
    Selecting,
    convention_of,
    first_manifest,
    other_protocols,
    read_runs,
    score_results,
    statistics_folder,
)
from siamfc_eval.comparison.compare import Comparison, compare
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Scores
from siamfc_eval.metrics.timelines import Timelines, timelines
from siamfc_eval.reporting.paper import write_paper
from siamfc_eval.reporting.report import TOP, Report, Section, write_report
from siamfc_eval.reporting.tables import ranked
from siamfc_eval.results.folders import ResultFolder

if TYPE_CHECKING:
    from siamfc_eval.results.manifest import Manifest, Session
    from siamfc_eval.results.raw import RawResults
    from siamfc_eval.viewing.strips import TrackerStrip

Folder = Path | str
Truth = Path | str | Dataset
FORMATS = ("png", "svg", "pdf")
"""Of figures as files."""


@dataclass(frozen=True)
class WrittenReport:
    """A report on disk."""

    page: Path
    """report.html."""
    sections: tuple[Section, ...]
    """What it shows, scores and their comparison, one for each benchmark, protocol and convention."""

    @property
    def scored(self) -> tuple[Scores, ...]:
        """The scores that it shows."""
        return tuple(section.scores for section in self.sections)

    def to_json(self) -> dict[str, Any]:
        """The page, and the scores and the comparison of each section, as plain data."""
        sections = [
            {
                "title": section.heading,
                "scores": section.scores.to_json(),
                "comparison": section.comparison.to_json() if section.comparison is not None else None,
            }
            for section in self.sections
        ]
        return {"report": str(self.page), "sections": sections}

    def __repr__(self) -> str:
        return f"<Report {self.page}>"


def report(
    results: Folder | collections.abc.Sequence[Folder] = (),
    out: Path | str | None = None,
    *,
    conventions: collections.abc.Sequence[str] = (),
    data: Truth | collections.abc.Sequence[Truth] | None = None,
    dataset: str | None = None,
    title: str | None = None,
    figures: bool = False,
    formats: collections.abc.Sequence[str] = (),
    highlight: collections.abc.Sequence[str] = (),
    top: int = TOP,
    frames: bool = False,
    style: str | None = None,
    metric: str | None = None,
    resamples: int = 10_000,
    seed: int = 0,
    **selecting: Unpack[Selecting],
) -> WrittenReport:
    """Write report.html, which can be explored, with the findings and tables of results; tables are files as well.

    Several folders, such as runs on several benchmarks, share one page, and so do all protocols of a run.

    Args:
        results: a folder, as for `siamfc_eval.score`, or several; none: only what is `published` on `dataset`.
        out: folder of the report; None: `report` within the (first) results, or here.
        conventions: whose rules; none: as for `siamfc_eval.score`, for each protocol that there are runs of.
        data, dataset: the ground truth, as for `siamfc_eval.score`; of several folders one each, in their order.
        title: heading; None: the data sets' names.
        figures: write every figure as a file, too.
        formats: of these files: "png", "svg", "pdf"; none: all. Any asks for `figures`.
        highlight: trackers that are always drawn, and on top; none: one's own, where there are published ones, too.
        top: how many trackers figures show at first; every other can be shown on the page.
        frames: show pictures of the worst moments of the trackers that figures show; needs the data set's images.
        style: write a folder `paper`, too, with figures, tables and curves for a paper: "ieee", "cvpr" or "slides".
        metric, resamples, seed: of the comparison, as for `siamfc_eval.compare`.
        selecting: see `siamfc_eval.api.selection.Selecting`.

    Raises:
        InputError, UnknownNameError: as `siamfc_eval.score`, or the folder cannot be written, or nothing of that name
            is there to be highlighted.
    """
    folders = [ResultFolder(one) for one in ([results] if isinstance(results, Path | str) else results)]
    selecting["metrics"] = (*selecting.get("metrics", ()), *filter(None, [metric]))
    sections: list[Section] = []
    lacking: list[str] = []
    names: list[str] = []
    facts: dict[str, str] = {}
    if not folders:
        for scores in _of_published(conventions, data.name if isinstance(data, Dataset) else dataset, selecting):
            comparison = compare(scores, metric, resamples=resamples, seed=seed)
            sections.append(Section(f"{scores.dataset}, {scores.convention}", scores, comparison))
            names.append(scores.dataset)
    for folder, truths in zip(folders, _one_each(data, len(folders)) if folders else (), strict=True):
        truth = truth_of(folder, truths, dataset)
        pictured = _Pictured(tuple(highlight), top) if frames else None
        job = _Job(folder, truth, metric, resamples, seed, selecting, pictured)
        found, failed = job.sections(conventions)
        sections += found
        lacking += failed
        names.append(truth.name)
        prefix = f"{truth.name}: " if len(folders) > 1 else ""
        facts |= {f"{prefix}{key}": value for key, value in run_facts(folder).items()}
    known = {name for section in sections for name in section.scores.trackers}
    for name in highlight:
        if name not in known:
            raise UnknownNameError("tracker", name, known)
    shown = Report(
        title or ", ".join(dict.fromkeys(names)),
        tuple(sections),
        facts,
        highlighted=tuple(dict.fromkeys(highlight)) or _own(sections),
        top=top,
        incomplete=tuple(lacking),
    )
    place = Path(out).expanduser() if out is not None else (folders[0].path if folders else Path()) / "report"
    page = write_report(shown, place, tuple(formats) or (FORMATS if figures else ()))
    if style is not None:
        write_paper(shown, place / "paper", style)
    return WrittenReport(page, tuple(sections))


def _own(sections: collections.abc.Sequence[Section]) -> tuple[str, ...]:
    """One's own trackers, where there are published ones beside them."""
    published = {name for section in sections for name in section.scores.metadata.get("published", {})}
    everyone = dict.fromkeys(name for section in sections for name in section.scores.trackers)
    return tuple(name for name in everyone if name not in published) if published else ()


def _of_published(
    conventions: collections.abc.Sequence[str], dataset: str | None, selecting: Selecting
) -> Iterator[Scores]:
    """The scores of published trackers alone, under each convention."""
    words, common = selecting.get("published", ()), selecting.get("common_sequences", False)
    for convention in conventions or (None,):
        yield scores_of_published(words, dataset, convention, common)


def _one_each(data: Truth | collections.abc.Sequence[Truth] | None, count: int) -> list[Truth | None]:
    """The ground truth of each folder.

    Raises:
        InputError: neither one nor as many as there are folders.
    """
    if data is None or isinstance(data, Path | str | Dataset):
        given: list[Truth | None] = [data]
    else:
        given = list(data) or [None]
    if len(given) not in (1, count):
        raise InputError(
            f"{len(given)} data sets were given for {count} folders of results; expected one for each, in their order."
        )
    return given * count if len(given) == 1 else given


class _Pictured(NamedTuple):
    """Whose worst moments are shown in pictures."""

    highlighted: tuple[str, ...]
    top: int

    def strips(self, raw: RawResults, scores: Scores, comparison: Comparison) -> tuple[TrackerStrip, ...]:
        """Of the best trackers and the highlighted ones; none for runs from anchors, which have no first failure."""
        from siamfc_eval.viewing.strips import worst_moments

        if scores.measure.protocol == "multi-start":
            return ()
        ranking = ranked(scores, comparison)
        return worst_moments(raw, [name for name in ranking if name in {*ranking[: self.top], *self.highlighted}])


class _Job(NamedTuple):
    """The sections of one folder."""

    folder: ResultFolder
    truth: Dataset
    metric: str | None
    resamples: int
    seed: int
    selecting: Selecting
    pictured: _Pictured | None

    def sections(self, conventions: collections.abc.Sequence[str]) -> tuple[list[Section], list[str]]:
        """What is shown, and a sentence for each protocol after the first that cannot be scored."""
        found: list[Section] = []
        failed: list[str] = []
        lines: dict[str, Timelines] = {}
        for convention, protocol in self._wanted(conventions):
            # What is published of other protocols has a file of its own.
            beside = {**self.selecting, "protocol": protocol, "published": ()}
            chosen = self.selecting if protocol is None else Selecting(**beside)  # type: ignore[typeddict-item]
            try:
                found.append(self._section(convention, protocol, chosen, lines))
            except InputError as error:
                if not found or protocol is None:
                    raise
                failed.append(f"{self.truth.name}, {protocol}, is not scored: {error}")
        return found, failed

    def _wanted(self, conventions: collections.abc.Sequence[str]) -> Iterator[tuple[str, str | None]]:
        """Convention and folder of a protocol (None: what the convention reads) of each section."""
        asked = self.selecting.get("protocol")
        usual = convention_of(self.folder, self.truth, asked)
        if conventions or asked is not None:
            yield from ((convention, None) for convention in conventions or (usual,))
            return
        yield usual, None
        yield from other_protocols(self.folder, usual)

    def _section(
        self, convention: str, protocol: str | None, selecting: Selecting, lines: dict[str, Timelines]
    ) -> Section:
        reading = {key: selecting[key] for key in ("trackers", "protocol", "segment") if key in selecting}
        raw = read_runs(self.folder, self.truth, convention, **reading)  # type: ignore[arg-type]
        # Before the scores, which let go of what was parsed.
        key = f"{build_measure(convention, self.truth).protocol}/{protocol}"
        if key not in lines:
            lines[key] = timelines(raw, cache=statistics_folder(selecting.get("keep", True)))
        scores = score_results(self.folder, self.truth, convention, raw=raw, **selecting)
        comparison = compare(scores, self.metric, resamples=self.resamples, seed=self.seed)
        return Section(
            ", ".join([self.truth.name, *filter(None, [protocol]), convention]),
            scores,
            comparison,
            timelines=lines[key],
            hardware=hardware_of(raw, self.folder),
            strips=self.pictured.strips(raw, scores, comparison) if self.pictured is not None else (),
            beside=protocol is not None,
        )


def hardware_of(raw: RawResults, folder: ResultFolder) -> dict[str, str]:
    """Tracker -> on what it was timed, or else run, as its manifest says; only those of which that is known."""
    known = {}
    for name, tracker in raw.items():
        manifest = folder.manifest(tracker.folder)
        if manifest is not None:
            sessions = manifest.timing_sessions or _sessions(manifest)
            machines = dict.fromkeys(_listed(session.hardware) for session in sessions)
            known[name] = " or ".join(filter(None, machines))
    return {name: machine for name, machine in known.items() if machine}


def _sessions(manifest: Manifest) -> list[Session]:
    """The sessions that made the results."""
    made = {status.session for status in manifest.items.values() if status.status == "done"} or {0}
    return [session for number, session in enumerate(manifest.sessions) if number in made]


def run_facts(results: Path | ResultFolder) -> dict[str, str]:
    """How the results came about, from the first manifest below the folder; empty for other toolkits' results."""
    manifest = first_manifest(results)
    if manifest is None:
        return {}
    sessions = _sessions(manifest)

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
