"""From raw results to scores: statistics per sequence, their sums, and what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics import cache as cached
from siamfc_eval.metrics.attributes import choose_source, members
from siamfc_eval.metrics.convention import Convention
from siamfc_eval.metrics.conventions import CONVENTIONS, build_measure, convention_on
from siamfc_eval.metrics.extra import METRICS, Extended, extended
from siamfc_eval.metrics.gathering import Gatherer
from siamfc_eval.metrics.scores import (
    Gap,
    Measure,
    Mismatch,
    Scores,
    Strict,
    Tagged,
    TrackerScores,
)
from siamfc_eval.metrics.signature import Signature
from siamfc_eval.metrics.speed import speeds
from siamfc_eval.metrics.summing import summed, summed_by_attribute, sums_of_groups
from siamfc_eval.plain_text import few
from siamfc_eval.results.raw import REPAIRED, TrackerResults

Floats = NDArray[np.float64]
_NAMED = 8
"""Sequences that a sentence names at most."""


def score(
    results: Mapping[str, TrackerResults],
    dataset: Dataset,
    convention: str,
    *,
    metrics: Iterable[str] = (),
    attribute_source: str | None = None,
    on_mismatch: Mismatch = "convention",
    cache: Path | None = None,
    skip_unusable: bool = False,
    skip_unreadable: bool = False,
) -> Scores:
    """Score raw results under a convention.

    Args:
        results: tracker -> its runs, as `siamfc_eval.results.read.read_results` gives them.
        dataset: the ground truth, with the sequences that count.
        convention: a name of `siamfc_eval.metrics.conventions.CONVENTIONS`.
        metrics: names of metrics in addition to the convention's own, see `siamfc_eval.metrics.extra.METRICS`.
        attribute_source: whose attribute table to use; None: the preferred one; "none": no attributes.
        on_mismatch: what becomes of files of another length than their sequence.
        cache: folder in which statistics are cached between calls; None: nothing is cached.
        skip_unusable: leave out trackers whose files the convention refuses, and say so in `Scores.incomplete`,
            instead of raising.
        skip_unreadable: take files that cannot be read for missing, and name them, instead of raising.

    Returns:
        The scores. A sequence that a tracker has no result of is named in `Scores.incomplete`, its row is NaN, and the
        tracker's scores are over the sequences that are there. A file that was skipped because it cannot be read is
        named there too, and in `Scores.metadata["refused"]`.

    Raises:
        UnknownNameError: no such convention, metric or attribute source.
        InputError: no results, or files that cannot be read or that the convention refuses, each with the reason.
    """
    dataset, unscored = _with_ground_truth(dataset)
    rules = convention_on(convention, dataset)
    measure = build_measure(convention, dataset)
    if isinstance(measure, Strict):
        measure = measure.relaxed(on_mismatch)
    measure = extended(measure, metrics)
    if not results:
        raise InputError(f"no results of {dataset.name} to score.")
    if unscored:
        results = {name: _on(dataset, result) for name, result in results.items()}
    source = choose_source(dataset, attribute_source, rules.attributes)
    groups = members(dataset, source)
    job = _Job(dataset, Gatherer(dataset, measure, dataset.ground_truth_hash, cache), groups, on_mismatch)
    found = job.score_all(results, skip_unusable, skip_unreadable)
    signature = Signature(
        dataset.name,
        measure.convention,
        dataset.ground_truth_hash,
        pins=_pins(measure, rules, source if groups else ""),
    )
    counts = {attribute: len(indices) for attribute, indices in groups.items()}
    if isinstance(measure, Tagged):
        source = "the frame tags of the data set"
        counts = _tag_counts(dataset, found.trackers)
    gaps = (*found.refused, *unscored, *found.incomplete)
    return Scores(
        dataset=dataset.name,
        convention=measure.convention,
        signature=str(signature),
        measure=measure,
        sequences=dataset.names,
        trackers=found.trackers,
        incomplete=tuple(gap.text for gap in gaps),
        gaps=(*gaps, *found.changed),
        attribute_source=source if any(tracker.attributes for tracker in found.trackers.values()) else "",
        attribute_counts=counts,
        attribute_members={} if isinstance(measure, Tagged) else _named_members(dataset, groups),
        metadata={"refused": tuple(gap.text for gap in found.refused)},
    )


def _pins(measure: Measure, rules: Convention, attributes: str) -> dict[str, str]:
    """What a signature says after the convention's name.

    Args:
        measure: with the metrics that were asked for.
        rules: the convention.
        attributes: the source of the sequences' attributes; "" for none.
    """
    pins = dict(measure.pins)
    if attributes and not isinstance(measure, Tagged):
        pins["att"] = attributes
    providers = {CONVENTIONS.provider(rules.name)}
    if isinstance(measure, Extended):
        providers |= {METRICS.provider(extra.metric.key) for extra in measure.extras}
    if outside := sorted(providers - {""}):
        pins["from"] = "+".join(outside)
    return pins


def _named_members(dataset: Dataset, groups: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[str, ...]]:
    names = dataset.names
    return {attribute: tuple(names[place] for place in places) for attribute, places in groups.items()}


def _with_ground_truth(dataset: Dataset) -> tuple[Dataset, list[Gap]]:
    """The sequences that can be scored, and a sentence about those with ground truth of the first frame only.

    Raises:
        InputError: there are only such.
    """
    scored = tuple(sequence for sequence in dataset if sequence.is_annotated_beyond_start)
    if len(scored) == len(dataset):
        return dataset, []
    without = [sequence.name for sequence in dataset if not sequence.is_annotated_beyond_start]
    if not scored:
        raise InputError(
            f"{dataset.name}: no ground truth after frame 1 in any sequence, so there is nothing to score. The boxes "
            "that trackers answered are in the results; a benchmark that keeps its ground truth scores them itself."
        )
    more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    names = ", ".join(without[:_NAMED])
    remark = f"no ground truth after frame 1, so not scored: {names}{more}."
    return dataclasses.replace(dataset, sequences=scored), [Gap("no ground truth", remark, sequences=tuple(without))]


def _on(dataset: Dataset, result: TrackerResults) -> TrackerResults:
    """A tracker's runs on the sequences that can be scored."""
    names = set(dataset.names)
    runs = {name: several for name, several in result.runs.items() if name in names}
    return dataclasses.replace(result, runs=runs, missing=tuple(name for name in result.missing if name in names))


def _tag_counts(dataset: Dataset, trackers: Mapping[str, TrackerScores]) -> dict[str, int]:
    """Tag -> number of frames, in the order in which the measure names them."""
    names = list(dict.fromkeys(tag for tracker in trackers.values() for tag in tracker.attributes))
    tagged = {
        tag: sum(int(np.sum(sequence.tags[tag])) for sequence in dataset if tag in sequence.tags) for tag in names
    }
    return {tag: count for tag, count in tagged.items() if count}


@dataclass
class _Found:
    """What became of the trackers."""

    trackers: dict[str, TrackerScores] = field(default_factory=dict)
    incomplete: list[Gap] = field(default_factory=list)
    """What their scores are not over, or over in another form."""
    refused: list[Gap] = field(default_factory=list)
    """Trackers, and files of others, that are not scored."""
    changed: list[Gap] = field(default_factory=list)
    """What was repaired before, on request."""


@dataclass
class _Job:
    """What is the same for all trackers."""

    dataset: Dataset
    gatherer: Gatherer
    groups: Mapping[str, tuple[int, ...]]
    policy: Mismatch

    def score_all(self, results: Mapping[str, TrackerResults], skip_unusable: bool, skip_unreadable: bool) -> _Found:
        """The scores of all trackers; arguments and errors as of the function `score`."""
        found = _Found()
        for name, result in results.items():
            try:
                scores, gaps, unreadable = self.score(result)
                if unreadable and not skip_unreadable:
                    raise InputError(" ".join(unreadable))
            except InputError as error:
                if not skip_unusable:
                    raise
                found.refused.append(Gap("unscored", f"{name} is not scored: {error}", name))
                continue
            found.trackers[name] = scores
            found.incomplete += gaps
            repaired = (note for note in result.notes if note.startswith(REPAIRED))
            found.changed += [Gap("repaired", f"{name}: {note}", name) for note in repaired]
            found.refused += [Gap("unscored", f"{name}, not scored: {message}", name) for message in unreadable]
        return found

    def score(self, result: TrackerResults) -> tuple[TrackerScores, list[Gap], tuple[str, ...]]:
        """One tracker's scores, what is missing or was repaired, and what is wrong with files that cannot be read."""
        if not result.runs:
            nothing = f"{result.folder}: no results of {result.name} on {self.dataset.name}."
            raise InputError(" ".join([*result.unreadable, nothing]))
        entries, quirks, unreadable = self.gatherer.gather(result)
        measure = self.gatherer.measure
        width = len(next(iter(entries.values())).row)
        rows = np.full((len(self.dataset), width), np.nan)
        for index, sequence in enumerate(self.dataset):
            if sequence.name in entries:
                rows[index] = entries[sequence.name].row
        missing = [name for name in self.dataset.names if name not in entries]
        told = f"{result.name}: no result of {few(missing)}."
        gaps = [Gap("missing", told, result.name, tuple(missing))] if missing else []
        remarks = _gathered({name: entry.note for name, entry in entries.items() if entry.note})
        if self.policy in {"pad", "truncate"}:
            changed = tuple(name for name, entry in entries.items() if entry.note)
            gaps += [Gap("repaired", f"{result.name}, {remark}", result.name, changed) for remark in remarks]
        attributes, curves = summed_by_attribute(measure, _tag_sums(entries) or sums_of_groups(rows, self.groups))
        scores = summed(
            result.name,
            measure,
            self.dataset.names,
            rows,
            attributes=attributes,
            attribute_curves=curves,
            speed=speeds(entry.timing for entry in entries.values()),
            timed=result.timed if any(entry.timing[0] for entry in entries.values()) else (),
            notes=(*result.notes, *quirks, *_untimed(entries), *remarks),
        )
        return scores, gaps, unreadable


def _tag_sums(entries: Mapping[str, cached.Entry]) -> dict[str, Floats]:
    """Tag -> the sum over sequences of the rows over the frames that carry it; empty where no frames are tagged."""
    sums: dict[str, Floats] = {}
    for entry in entries.values():
        for tag, row in entry.tags.items():
            sums[tag] = sums[tag] + row if tag in sums else row
    return sums


def _untimed(entries: Mapping[str, cached.Entry]) -> tuple[str, ...]:
    """A sentence where the speed is over fewer sequences than the scores."""
    without = [name for name, entry in entries.items() if not entry.timing[0]]
    if not without or len(without) == len(entries):
        return ()
    more = f" and {len(without) - _NAMED} more" if len(without) > _NAMED else ""
    timed = len(entries) - len(without)
    return (
        f"Its speed is over {timed} of the {len(entries)} sequences that it is scored on; there are no times of "
        f"{', '.join(without[:_NAMED])}{more}.",
    )


def _gathered(remarks: Mapping[str, str]) -> list[str]:
    """Sentences that say each remark once, with the sequences that it is made of.

    Args:
        remarks: sequence -> remarks, parted by semicolons.
    """
    places: dict[str, list[str]] = {}
    for name, text in remarks.items():
        for remark in text.split("; "):
            places.setdefault(remark, []).append(name)
    return [f"{_where(names)}: {remark}." for remark, names in places.items()]


def _where(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    more = ", ..." if len(names) > _NAMED else ""
    return f"in {len(names)} sequences ({', '.join(names[:_NAMED])}{more})"
