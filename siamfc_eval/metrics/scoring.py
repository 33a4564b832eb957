"""From raw results to scores: statistics per sequence, their sums, and what is missing."""

from __future__ import annotations

import collections.abc
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics import cache as kept
from siamfc_eval.metrics.attributes import choose_source, members
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import (
    Batched,
    Measure,
    Mismatch,
    RefusedError,
    Runs,
    Scores,
    Strict,
    Tagged,
    TrackerScores,
)
from siamfc_eval.metrics.signature import Signature, dataset_hash, sequence_hash
from siamfc_eval.metrics.speed import speeds
from siamfc_eval.results.quirks import detect_quirks
from siamfc_eval.results.raw import RawRun, TrackerResults

Floats = NDArray[np.float64]
_Problem = tuple[Path, InputError]
_SHOWN = 8
"""Problems of one tracker that are told in full."""


def score(
    results: Mapping[str, TrackerResults],
    dataset: Dataset,
    convention: str,
    *,
    attribute_source: str | None = None,
    on_mismatch: Mismatch = "strict",
    cache: Path | None = None,
    skip_unusable: bool = False,
) -> Scores:
    """Score raw results under a convention.

    Args:
        results: tracker -> its runs, as `siamfc_eval.results.read.read_results` gives them.
        dataset: the ground truth, with the sequences that count.
        convention: a name of `siamfc_eval.metrics.conventions.CONVENTIONS`.
        attribute_source: whose attribute table to use; None: the preferred one; "none": no attributes.
        on_mismatch: what becomes of files of another length that the convention refuses.
        cache: folder of statistics that are kept between calls; None: nothing is kept.
        skip_unusable: leave out trackers whose files the convention refuses, and say so in `Scores.incomplete`,
            instead of raising.

    Returns:
        The scores. A sequence that a tracker has no result of is named in `Scores.incomplete`, its row is NaN, and the
        tracker's scores are over the sequences that are there.

    Raises:
        UnknownNameError: no such convention or attribute source.
        InputError: no results, or the convention refuses files; each is named with the reason.
    """
    measure = build_measure(convention, dataset)
    if isinstance(measure, Strict):
        measure = measure.relaxed(on_mismatch)
    if not results:
        raise InputError(f"no results of {dataset.name} to score.")
    source = choose_source(dataset, attribute_source, convention)
    groups = members(dataset, source)
    ground_truth = dataset_hash(dataset)
    job = _Job(dataset, measure, groups, ground_truth, cache, on_mismatch)
    trackers: dict[str, TrackerScores] = {}
    incomplete: list[str] = []
    refused: list[str] = []
    for name, result in results.items():
        try:
            trackers[name], gaps = job.score(result)
        except InputError as error:
            if not skip_unusable:
                raise
            refused.append(f"{name} is not scored: {error}")
        else:
            incomplete += gaps
    counts = {attribute: len(indices) for attribute, indices in groups.items()}
    if isinstance(measure, Tagged):
        source = "the frame tags of the data set"
        counts = _tag_counts(dataset, trackers)
    pins = {**measure.pins, "att": source} if groups and not isinstance(measure, Tagged) else dict(measure.pins)
    signature = Signature(dataset.name, measure.convention, ground_truth, pins=pins)
    return Scores(
        dataset=dataset.name,
        convention=measure.convention,
        signature=str(signature),
        measure=measure,
        sequences=dataset.names,
        trackers=trackers,
        incomplete=(*refused, *incomplete),
        attribute_source=source if any(tracker.attributes for tracker in trackers.values()) else "",
        attribute_counts=counts,
        metadata={"refused": tuple(refused)},
    )


def _tag_counts(dataset: Dataset, trackers: Mapping[str, TrackerScores]) -> dict[str, int]:
    """Tag -> number of frames, in the order in which the measure names them."""
    names = list(dict.fromkeys(tag for tracker in trackers.values() for tag in tracker.attributes))
    tagged = {
        tag: sum(int(np.sum(sequence.tags[tag])) for sequence in dataset if tag in sequence.tags) for tag in names
    }
    return {tag: count for tag, count in tagged.items() if count}


@dataclass
class _Job:
    """What is the same for all trackers."""

    dataset: Dataset
    measure: Measure
    groups: Mapping[str, tuple[int, ...]]
    ground_truth: str
    """Hash of the data set."""
    cache: Path | None
    policy: Mismatch
    _hashes: dict[str, str] = field(default_factory=dict)
    """Sequence -> hash of all that its statistics depend on beside its result files."""

    def score(self, result: TrackerResults) -> tuple[TrackerScores, list[str]]:
        """One tracker's scores, and what is missing or was repaired."""
        if not result.runs:
            raise InputError(f"{result.folder}: no results of {result.name} on {self.dataset.name}.")
        entries = self._entries(result)
        width = len(next(iter(entries.values())).row)
        rows = np.full((len(self.dataset), width), np.nan)
        for index, sequence in enumerate(self.dataset):
            if sequence.name in entries:
                rows[index] = entries[sequence.name].row
        present = ~np.isnan(rows).any(axis=1)
        attributes, attribute_curves = self._attributes(rows, present, entries)
        each = self.measure.finish(rows)
        gaps = [f"{result.name}: no result of {', '.join(result.missing)}."] if result.missing else []
        remarks = [f"{name}: {entry.note}." for name, entry in entries.items() if entry.note]
        if self.policy != "strict":
            gaps += [f"{result.name}, {remark}" for remark in remarks]
        total = rows[present].sum(axis=0)
        scores = TrackerScores(
            name=result.name,
            values=_numbers(self.measure.finish(total)),
            sequences={
                sequence.name: {key: float(values[index]) for key, values in each.items()}
                for index, sequence in enumerate(self.dataset)
            },
            curves=self.measure.finish_curves(total),
            attributes=attributes,
            attribute_curves=attribute_curves,
            statistics=rows,
            speed=speeds(_times(result)),
            notes=(*result.notes, *map(str, detect_quirks(result, self.dataset)), *remarks),
        )
        return scores, gaps

    def _attributes(
        self, rows: Floats, present: NDArray[np.bool_], entries: Mapping[str, kept.Entry]
    ) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, Floats]]]:
        """Scores and curves over the sequences of each attribute, or over the frames of each tag."""
        sums: dict[str, Floats] = {}
        for entry in entries.values():
            for tag, row in entry.tags.items():
                sums[tag] = sums[tag] + row if tag in sums else row
        if not sums:
            for attribute, indices in self.groups.items():
                chosen = [index for index in indices if present[index]]
                sums[attribute] = rows[chosen].sum(axis=0)
        if not sums:
            return {}, {}
        stacked = np.stack(list(sums.values()))
        values, curves = self.measure.finish(stacked), self.measure.finish_curves(stacked)
        return (
            {name: {key: float(of[i]) for key, of in values.items()} for i, name in enumerate(sums)},
            {name: {key: of[i] for key, of in curves.items()} for i, name in enumerate(sums)},
        )

    def _entries(self, result: TrackerResults) -> dict[str, kept.Entry]:
        """Sequence -> statistics, from the cache where they are there.

        Raises:
            InputError: files that cannot be read or that the convention refuses, all of them named.
        """
        wanted = [sequence for sequence in self.dataset if sequence.name in result.runs]
        problems: list[_Problem] = []
        keys: dict[str, str] = {}
        known: dict[str, kept.Entry] = {}
        slot = ""
        if self.cache is not None:
            slot = kept.hash_of(str(result.folder.resolve()), result.name, self.dataset.name, self._definition)
            known = kept.load(self.cache, slot)
            for sequence in wanted:
                try:
                    keys[sequence.name] = self._key(sequence, result.runs[sequence.name])
                except InputError as error:
                    problems.append((result.folder, error))
        entries = {name: known[key] for name, key in keys.items() if key in known}
        fresh = [sequence for sequence in wanted if sequence.name not in entries]
        computed = self._compute(fresh, result, problems) if not problems else {}
        if problems:
            raise InputError(_told(problems))
        if computed and self.cache is not None:
            computed = {
                name: kept.Entry(keys[name], entry.row, entry.note, entry.tags) for name, entry in computed.items()
            }
            kept.store(self.cache, slot, [*entries.values(), *computed.values()])
        entries |= computed
        return {sequence.name: entries[sequence.name] for sequence in wanted}

    def _compute(
        self, sequences: collections.abc.Sequence[Sequence], result: TrackerResults, problems: list[_Problem]
    ) -> dict[str, kept.Entry]:
        """Statistics from the files; what is wrong with files is appended to `problems`."""
        runs: list[Runs] = []
        notes: list[str] = []
        for sequence in sequences:
            trajectories = []
            remarks: dict[str, None] = {}
            for run in result.runs[sequence.name]:
                try:
                    trajectory = run.trajectory()
                    remark = self.measure.check(sequence, trajectory) if isinstance(self.measure, Strict) else ""
                except InputError as error:
                    problems.append((run.path, error))
                    continue
                trajectories.append(trajectory)
                if remark:
                    remarks[remark] = None
            runs.append(trajectories)
            more = f"; {len(remarks) - 2} more runs likewise" if len(remarks) > 2 else ""
            notes.append("; ".join(list(remarks)[:2]) + more)
        if problems or not sequences:
            return {}
        rows = _statistics(self.measure, sequences, runs)
        tags: list[Mapping[str, Floats]] = [{}] * len(sequences)
        if isinstance(self.measure, Tagged):
            tags = [self.measure.tag_statistics(*pair) for pair in zip(sequences, runs, strict=True)]
        return {
            sequence.name: kept.Entry("", row, note, of_tags)
            for sequence, row, note, of_tags in zip(sequences, rows, notes, tags, strict=True)
        }

    @cached_property
    def _definition(self) -> str:
        """The convention, and the data set as a whole, on which the width of a row may depend."""
        measure = self.measure
        return f"{measure.convention}|{measure.rules!r}|{dict(measure.pins)!r}|{self.ground_truth}"

    def _key(self, sequence: Sequence, runs: tuple[RawRun, ...]) -> str:
        """Hash of everything that the statistics of one sequence depend on."""
        if sequence.name not in self._hashes:
            ground_truth = f"{sequence_hash(sequence).hex()}|{sequence.image_size}"
            self._hashes[sequence.name] = kept.hash_of(kept.code_hash(), self._definition, ground_truth)
        return kept.hash_of(self._hashes[sequence.name], *(f"{run.digest}|{run.origin}|{run.start}" for run in runs))


def _statistics(measure: Measure, sequences: collections.abc.Sequence[Sequence], runs: list[Runs]) -> Floats:
    if isinstance(measure, Batched):
        return measure.statistics_many(sequences, runs)
    return np.stack([measure.statistics(*pair) for pair in zip(sequences, runs, strict=True)])


def _times(result: TrackerResults) -> list[NDArray[np.float64]]:
    """The measured times of each sequence, all repetitions together."""
    collected = []
    for runs in result.runs.values():
        times = [run.times for run in runs]
        known = [values for values in times if values is not None]
        if known:
            collected.append(np.concatenate(known))
    return collected


def _numbers(values: Mapping[str, Floats]) -> dict[str, float]:
    return {key: float(value) for key, value in values.items()}


def _told(problems: list[_Problem]) -> str:
    """What is wrong with files, in a few sentences; a remedy that is the same for many is said once."""
    remedies: dict[str, None] = {}
    sentences = []
    for path, error in problems[:_SHOWN]:
        text = error.reason if isinstance(error, RefusedError) else str(error)
        sentences.append((text if str(path) in text else f"{path}: {text}").rstrip(".") + ".")
        if isinstance(error, RefusedError):
            remedies[error.remedy] = None
    more = [f"And {len(problems) - _SHOWN} more such files."] if len(problems) > _SHOWN else []
    return " ".join([*sentences, *more, *remedies])


def scores_json(scores: Scores) -> dict[str, object]:
    """The scores as plain data for programs; missing numbers are None.

    The layout is stable: `{"dataset", "convention", "signature", "incomplete", "trackers": {name: {metric: value, ...,
    "sequences": {sequence: {metric: value}}, "attributes": {...}, "speed": {...}, "notes": [...]}}}`.
    """
    return {
        "dataset": scores.dataset,
        "convention": scores.convention,
        "signature": scores.signature,
        "incomplete": list(scores.incomplete),
        "attribute_source": scores.attribute_source,
        "trackers": {
            name: {
                **_plain(tracker.values),
                "sequences": {sequence: _plain(values) for sequence, values in tracker.sequences.items()},
                "attributes": {attribute: _plain(values) for attribute, values in tracker.attributes.items()},
                "speed": _plain(tracker.speed),
                "notes": list(tracker.notes),
            }
            for name, tracker in scores.trackers.items()
        },
    }


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}
