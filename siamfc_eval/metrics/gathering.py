"""The statistics of one tracker on all sequences: from the cache where nothing changed, else from its files."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.metrics import cache as cached
from siamfc_eval.metrics.scores import Batched, Measure, Prepared, RefusedError, Runs, Strict, Tagged
from siamfc_eval.metrics.speed import timing
from siamfc_eval.results.formats.quirks import detect_quirks
from siamfc_eval.results.raw import RawRun, TrackerResults

Floats = NDArray[np.float64]
_Problem = tuple[Path, InputError]
_Damaged = dict[RawRun, InputError]
"""Runs whose files cannot be read: they count as missing and are named, and the others are scored."""
_SHOWN = 8
"""Problems of one tracker that are listed in full."""


class Gathered(NamedTuple):
    """One tracker's statistics."""

    entries: Mapping[str, cached.Entry]
    """Sequence -> statistics, in the data set's order, of the sequences that have results."""
    quirks: tuple[str, ...]
    """What was noticed of its files as a whole, one sentence each."""
    unreadable: tuple[str, ...] = ()
    """What is wrong with files that cannot be read and count as missing, one message each."""


@dataclass
class Gatherer:
    """Computes statistics under one measure on one data set."""

    dataset: Dataset
    measure: Measure
    ground_truth: str
    """Hash of the data set."""
    cache: Path | None
    """Folder of cached statistics; None: nothing is cached."""
    _hashes: dict[str, str] = field(default_factory=dict)
    """Sequence -> hash of all that its statistics depend on other than its result files."""

    def gather(self, result: TrackerResults) -> Gathered:
        """The statistics of a tracker.

        Raises:
            InputError: files that the convention refuses, all of them named, or not one that can be read.
        """
        try:
            return self._gather(result)
        finally:
            for runs in result.runs.values():
                for run in runs:
                    run.file.release()  # What was computed is at hand, and a benchmark's results together are many.

    def _gather(self, result: TrackerResults) -> Gathered:
        wanted = [sequence for sequence in self.dataset if sequence.name in result.runs]
        companion_stamp = cached.file_stamp(result.companions)
        damaged: _Damaged = {}
        if self.cache is None or companion_stamp is None or not may_be_kept(self.measure):
            found = self._compute(wanted, result.runs, damaged, timed=bool(result.companions))
            return self._gathered(found, self._quirks(result, damaged), result, damaged)
        companions = cached.hash_of(companion_stamp)
        name = cached.hash_of(str(result.folder.resolve()), result.name, self.dataset.name, self._definition)
        slot = cached.load(self.cache, name)
        settled = cached.settled_before()
        stamped = {
            sequence.name: self._stamp(sequence, result.runs[sequence.name], companions, settled) for sequence in wanted
        }
        stamp = cached.hash_of(*stamped, *stamped.values()) if all(stamped.values()) else ""
        if stamp and stamp == slot.stamp:
            return self._gathered(dict(zip(stamped, slot.entries, strict=True)), slot.quirks, result, damaged)
        stamps = {name: text and cached.hash_of(text) for name, text in stamped.items()}
        by_stamp = {entry.stamp: entry for entry in slot.entries if entry.stamp}
        entries = {name: by_stamp[stamp] for name, stamp in stamps.items() if stamp in by_stamp}
        unsure = [sequence for sequence in wanted if sequence.name not in entries]
        entries |= self._by_content(unsure, result.runs, damaged, companions=companions, stamps=stamps, slot=slot)
        ordered = {sequence.name: entries[sequence.name] for sequence in wanted if sequence.name in entries}
        quirks, quirks_of = slot.quirks, cached.hash_of(*(entry.key for entry in ordered.values()))
        if damaged or quirks_of != slot.quirks_of:
            quirks = self._quirks(result, damaged)
        # With damaged files there is no short way: they are read, and named, every time.
        whole = "" if damaged else stamp
        cached.store(self.cache, name, cached.Slot(tuple(ordered.values()), quirks, quirks_of, whole))
        return self._gathered(ordered, quirks, result, damaged)

    @staticmethod
    def _gathered(
        entries: dict[str, cached.Entry], quirks: tuple[str, ...], result: TrackerResults, damaged: _Damaged
    ) -> Gathered:
        if not entries:
            raise InputError(_listed([(run.path, error) for run, error in damaged.items()]))
        found = [_sentence(run.path, error) for run, error in damaged.items()]
        return Gathered(entries, quirks, (*result.unreadable, *found))

    def _by_content(
        self,
        sequences: list[Sequence],
        runs: Mapping[str, tuple[RawRun, ...]],
        damaged: _Damaged,
        *,
        companions: str,
        stamps: Mapping[str, str],
        slot: cached.Slot,
    ) -> dict[str, cached.Entry]:
        """Statistics of files that may have changed: cached ones if the content is the same, else computed."""
        known = {entry.key: entry for entry in slot.entries}
        keys: dict[str, str] = {}
        for sequence in sequences:
            for run in runs[sequence.name]:
                _attempt(run, lambda run: run.digest, damaged)
            if readable := _readable(runs[sequence.name], damaged):
                keys[sequence.name] = self._key(sequence, readable, companions)
        unknown = [sequence for sequence in sequences if sequence.name in keys and keys[sequence.name] not in known]
        fresh = self._compute(unknown, runs, damaged, timed=companions != cached.hash_of(""))
        whole = {name for name in keys if not any(run in damaged for run in runs[name])}
        found = {
            name: fresh[name] if name in fresh else known[key]
            for name, key in keys.items()
            if name in fresh or key in known
        }
        return {
            # What is left of a sequence with a damaged repetition is not to be taken for the whole of it later.
            name: entry._replace(key=keys[name] if name in whole else "", stamp=stamps[name] if name in whole else "")
            for name, entry in found.items()
        }

    def _compute(
        self, sequences: list[Sequence], given: Mapping[str, tuple[RawRun, ...]], damaged: _Damaged, timed: bool
    ) -> dict[str, cached.Entry]:
        """Statistics from the files that can be read; `timed`: there are files that may hold times."""
        strict = self.measure if isinstance(self.measure, Strict) else None
        runs: dict[str, Runs] = {}
        notes: list[str] = []
        timings = []
        problems: list[_Problem] = []
        for sequence in sequences:
            trajectories, measured = [], []
            remarks: dict[str, None] = {}
            for run in given[sequence.name]:
                _attempt(run, lambda run: run.rows, damaged)
            for run in _readable(given[sequence.name], damaged):
                trajectory = run.trajectory()
                try:
                    remark = strict.check(sequence, trajectory) if strict is not None else ""
                except InputError as error:
                    problems.append((run.path, error))
                    continue
                trajectories.append(trajectory)
                times, complaint = _times(run) if timed else ([], "")
                measured += times
                remarks |= {text: None for text in (remark, complaint) if text}
            if not trajectories:
                continue
            runs[sequence.name] = trajectories
            timings.append(timing(measured) if measured else (0.0, 0.0, 0.0))
            more = f" ({len(remarks) - 2} more runs likewise)" if len(remarks) > 2 else ""
            notes.append("; ".join(list(remarks)[:2]) + more)
        if problems:
            raise InputError(_listed(problems))
        return self._entries(
            [sequence for sequence in sequences if sequence.name in runs], list(runs.values()), notes, timings
        )

    def _entries(
        self, sequences: list[Sequence], runs: list[Runs], notes: list[str], timings: list[tuple[float, float, float]]
    ) -> dict[str, cached.Entry]:
        """The statistics of these runs with what was noticed of them, not yet known by any key."""
        if not sequences:
            return {}
        if isinstance(self.measure, Prepared):
            self.measure.prepare(sequences, runs)
        tags: list[Mapping[str, Floats]] = [{}] * len(sequences)
        if isinstance(self.measure, Tagged):
            tags = [self.measure.tag_statistics(*pair) for pair in zip(sequences, runs, strict=True)]
            rows = np.stack([of["all"] for of in tags])
        else:
            rows = statistics(self.measure, sequences, runs)
        return {
            sequence.name: cached.Entry("", row, note, time, of_tags)
            for sequence, row, note, time, of_tags in zip(sequences, rows, notes, timings, tags, strict=True)
        }

    def _quirks(self, result: TrackerResults, damaged: _Damaged) -> tuple[str, ...]:
        runs = {name: _readable(several, damaged) for name, several in result.runs.items()}
        readable = replace(result, runs={name: several for name, several in runs.items() if several})
        return tuple(str(quirk) for quirk in detect_quirks(readable, self.dataset))

    @cached_property
    def _definition(self) -> str:
        """The convention, and the data set as a whole, on which the width of a row may depend."""
        measure = self.measure
        return f"{measure.convention}|{measure.rules!r}|{dict(measure.pins)!r}|{self.ground_truth}"

    def _base(self, sequence: Sequence) -> str:
        """Hash of everything but files that the statistics of a sequence depend on."""
        if sequence.name not in self._hashes:
            ground_truth = f"{sequence.ground_truth_hash.hex()}|{sequence.image_size}"
            self._hashes[sequence.name] = cached.hash_of(cached.code_hash(), self._definition, ground_truth)
        return self._hashes[sequence.name]

    def _key(self, sequence: Sequence, runs: tuple[RawRun, ...], companions: str) -> str:
        """Hash of everything that the statistics of one sequence depend on."""
        files = [f"{run.digest}|{run.origin}|{run.start}|{run.label}" for run in runs]
        return cached.hash_of(self._base(sequence), companions, *files)

    def _stamp(self, sequence: Sequence, runs: tuple[RawRun, ...], companions: str, settled: int) -> str:
        """What the key depends on, with stamps in place of the content of files; "" where that is not safe."""
        parts = [self._hashes.get(sequence.name) or self._base(sequence), companions]
        for run in runs:
            file = cached.one_stamp(run.file.place, settled)
            if file is None or run.repaired is not None:
                return ""
            parts.append(f"{file};{run.index}|{run.origin}|{run.start}|{run.label}")
        return "|".join(parts)


def statistics(measure: Measure, sequences: collections.abc.Sequence[Sequence], runs: list[Runs]) -> Floats:
    """The statistics of each sequence, shape (sequences, k), all at once where the measure can."""
    if isinstance(measure, Batched):
        return measure.statistics_many(sequences, runs)
    return np.stack([measure.statistics(*pair) for pair in zip(sequences, runs, strict=True)])


def may_be_kept(measure: Measure) -> bool:
    """Whether rows of a measure may be cached: each is of one sequence alone, by code whose hash is in the keys."""
    return type(measure).__module__.startswith("siamfc_eval.") and not getattr(measure, "joint", False)


def _attempt(run: RawRun, use: Callable[[RawRun], object], damaged: _Damaged) -> None:
    """Take note of a run that cannot be read."""
    if run not in damaged:
        try:
            use(run)
        except InputError as error:
            damaged[run] = error


def _readable(runs: tuple[RawRun, ...], damaged: _Damaged) -> tuple[RawRun, ...]:
    return tuple(run for run in runs if run not in damaged)


def _times(run: RawRun) -> tuple[list[Floats], str]:
    """The seconds of a run's frames where they were measured, and what is wrong with them."""
    try:
        return ([] if run.times is None else [run.times]), ""
    except InputError as error:
        return [], f"its times are not used, {str(error).rstrip('.')}"


def _listed(problems: list[_Problem]) -> str:
    """What is wrong with files, in a few sentences; a remedy that is the same for many is said once."""
    sentences = list(dict.fromkeys(_sentence(path, error) for path, error in problems))
    remedies = dict.fromkeys(error.remedy for _, error in problems if isinstance(error, RefusedError))
    more = [f"And {len(sentences) - _SHOWN} more such files."] if len(sentences) > _SHOWN else []
    return " ".join([*sentences[:_SHOWN], *more, *remedies])


def _sentence(path: Path, error: InputError) -> str:
    """What is wrong with a file, with its name."""
    text = error.reason if isinstance(error, RefusedError) else str(error)
    return (text if str(path) in text else f"{path}: {text}").rstrip(".") + "."
