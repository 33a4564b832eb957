"""Run an experiment: every tracker under every protocol, continuing what is there, losing nothing that was finished."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np

from siamfc_eval.adapters.classes.inside import DebuggedTracker
from siamfc_eval.adapters.classes.tracker import ClassTracker
from siamfc_eval.datasets.known import shortfall
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.datasets.videos import VideoFrames
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError
from siamfc_eval.plain_text import counted
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.names import SequenceNames, path_part
from siamfc_eval.results.store import ResultStore
from siamfc_eval.running import events, provenance
from siamfc_eval.running.executor import EXECUTORS, Execution, Job, Loader, plan_execution
from siamfc_eval.running.experiment import Experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.plan import PROOF, plan_items, still_to_repeat
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.summary import Failure, ProtocolSummary, RunSummary
from siamfc_eval.running.trackers import loader
from siamfc_eval.running.work import Failed, Finished, WorkItem
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.tracker import Tracker


def run_experiment(
    experiment: Experiment,
    trackers: collections.abc.Sequence[str | Tracker],
    data: Path | Dataset | None,
    out: Path,
    *,
    options: RunOptions | None = None,
    on_event: events.OnEvent = events.ignore,
) -> RunSummary:
    """Run trackers on an experiment and write raw results.

    Args:
        experiment: what to run.
        trackers: names, paths, `file.py:Class`, `trax:COMMAND`, or trackers themselves; none: the experiment's own.
        data: folder or annotation file of the data set, or the data set itself; None for the embedded benchmark.
        out: results are written to `<out>/<dataset>/<tracker>[/<protocol>]`.
        options: see `RunOptions`.
        on_event: is told of progress, failures and notes.

    Returns:
        What ran, what failed and where the results are. A tracker that fails, or bad data, stops nothing else.

    Raises:
        InputError: the data set cannot be used at all, or the only tracker or its results cannot; of several trackers
            such a one is a failure in the summary, and the others run.
    """
    options = _with_executor(options or RunOptions())
    chosen: collections.abc.Sequence[str | Tracker] = trackers or experiment.trackers
    if not chosen:
        raise InputError(f"experiment '{experiment.name}' names no trackers. Give at least one with --tracker.")
    problems: list[Problem] = []
    dataset = open_dataset(experiment, data, problems)
    sized = tuple(_with_image_size(sequence) for sequence in _select(dataset, options.sequences))
    selected = sized if _seen_once(experiment, len(chosen), options) else _kept_in_memory(sized)
    if selected and all(sequence.frames is None for sequence in selected):
        remarks = "".join(f" {note}." for note in dataset.notes if "images" in note)
        raise InputError(
            f"{data if isinstance(data, Path) else dataset.name}: there are no images of "
            f"{counted(len(selected), 'sequence')}, so no "
            f"tracker can run on them.{remarks or ' Give the folder of the images with --data.'}"
        )
    folder = Path(out).expanduser() / path_part(dataset.name)
    chosen_sequences = dataclasses.replace(dataset, sequences=selected)
    summary = RunSummary(experiment.name, dataset.name, folder, chosen_sequences)
    watch = _Watch(summary, options.skip_bad, on_event)
    lacking = shortfall(dataset.name, len(dataset))
    if lacking and not (options.skip_bad and problems):
        summary.incomplete.append(lacking)
    for problem in problems:
        watch.failed(Failure("", "", problem.where, str(problem), "data"))
    where = _where(experiment, data, dataset)
    for spec, load in zip(chosen, _loaders(chosen, options), strict=True):
        try:
            tracker = load()
            for note in (*capabilities.notes_of(tracker), *_meaningless(tracker, options)):
                watch.note(note)
            try:
                for protocol in experiment.protocols:
                    part = _ProtocolRun(
                        tracker,
                        load,
                        protocol,
                        dataset=dataset,
                        selected=selected,
                        options=options,
                        watch=watch,
                        where=where,
                    )
                    summary.protocols.append(part.run(Path(out)))
            finally:
                capabilities.close(tracker)
        except TrackerError as error:  # its constructor raised, or its process died: the other trackers can run
            watch.failed(Failure(str(spec), "", "", str(error), "tracker"))
        except InputError as error:
            if len(chosen) == 1:
                raise
            name = spec if isinstance(spec, str) else spec.name
            watch.failed(Failure(name, "", "", str(error), "input"))
    return summary


def _with_executor(options: RunOptions) -> RunOptions:
    """Options with an executor that exists, and that a debugger can step through where one is wanted.

    Raises:
        UnknownNameError: there is no such executor.
        InputError: a cluster is named that does not answer, or another executor beside it.
    """
    if options.executor is not None:
        _ = EXECUTORS[options.executor]
    if options.cluster is not None and not options.load.debug:
        if options.executor not in {None, "cluster"}:
            raise InputError(f"--cluster and --executor {options.executor} exclude each other; leave one of them out.")
        from siamfc_eval.running.cluster.connection import check_cluster

        check_cluster(options.cluster)
    return dataclasses.replace(options, executor="serial") if options.load.debug else options


def _meaningless(tracker: Tracker, options: RunOptions) -> Iterator[str]:
    """A sentence for each option that is for classes only, where the tracker is none."""
    if isinstance(tracker, ClassTracker | DebuggedTracker):
        return
    style = f"--style {options.load.style}" if options.load.style is not None else ""
    for option in (style, "--debug" if options.load.debug else ""):
        if option:
            yield f"{tracker.name}: {option} means nothing to it, for it is no Python class."


def _loaders(trackers: collections.abc.Sequence[str | Tracker], options: RunOptions) -> list[Loader]:
    """What makes each tracker.

    Raises:
        InputError: names were given, and not one for each.
    """
    names: collections.abc.Sequence[str | None] = options.names or [None] * len(trackers)
    if len(names) != len(trackers):
        raise InputError(
            f"{len(names)} names for {len(trackers)} trackers; give --name once for each --tracker, in the same order."
        )
    return [
        loader(spec, dataclasses.replace(options.load, name=name)) for spec, name in zip(trackers, names, strict=True)
    ]


def open_dataset(experiment: Experiment, data: Path | Dataset | None, problems: list[Problem] | None = None) -> Dataset:
    """The data set of an experiment.

    Args:
        experiment: names the benchmark.
        data: folder or annotation file, or the data set itself; None for the embedded benchmark.
        problems: receives what is wrong with single sequences, which are then left out.

    Raises:
        InputError: no data is given where it is needed, or it cannot be read.
    """
    if isinstance(data, Dataset):
        return data
    if data is not None:
        kind = None if experiment.dataset in {"any", "embedded"} else experiment.dataset
        return load_dataset(data, kind, problems=problems)
    if experiment.dataset != "embedded":
        raise InputError(
            f"experiment '{experiment.name}' needs the images of {experiment.dataset}. "
            "Give their folder with --data; nothing is downloaded."
        )
    from siamfc_eval.synthetic.benchmark import benchmark_from

    return benchmark_from(experiment.dataset_options)


def _select(dataset: Dataset, names: tuple[str, ...]) -> tuple[Sequence, ...]:
    """The sequences of the given names or aliases, in the data set's order; none given: all."""
    if not names:
        return dataset.sequences
    spellings = SequenceNames(dataset)
    wanted = set()
    for name in names:
        found = spellings.find(name)
        if found is None:
            raise UnknownNameError(f"sequence of {dataset.name}", name, dataset.names)
        wanted.add(found)
    return tuple(sequence for sequence in dataset if sequence.name in wanted)


_MEMORY = 512 * 2**20
"""Bytes of drawn frames to keep between trackers."""


def _seen_once(experiment: Experiment, trackers: int, options: RunOptions) -> bool:
    """Whether each frame is asked for by one run only, so that there is nothing to keep it for."""
    protocol = experiment.protocols[0]
    repetitions = options.repetitions or protocol.repetitions
    return trackers == len(experiment.protocols) == repetitions == 1 and protocol.repeats


def _kept_in_memory(sequences: tuple[Sequence, ...]) -> tuple[Sequence, ...]:
    """Sequences whose frames are drawn and not read, with frames that are drawn once for all trackers, if they fit."""
    drawn = {
        s.name
        for s in sequences
        if s.frames and s.image_size and not isinstance(s.frames, VideoFrames) and s.frames[0].path is None
    }
    size = sum(3 * len(s) * s.image_size[0] * s.image_size[1] for s in sequences if s.name in drawn and s.image_size)
    if size > _MEMORY:
        return sequences
    return tuple(s.with_frames(list(s.frames)) if s.name in drawn and s.frames else s for s in sequences)


def _where(experiment: Experiment, data: Path | Dataset | None, dataset: Dataset) -> dict[str, str]:
    """Where the data set is, so that the results can be scored without being told again; "" where that is not known."""
    if isinstance(data, Path | str):
        return {"data": str(Path(data).expanduser().resolve())}
    if data is None and experiment.dataset_options:
        return {"data": dataset.name, "dataset_options": json.dumps(experiment.dataset_options)}
    return {"data": dataset.name if dataset.layout == "synthetic" else ""}


class _Watch:
    """Keeps the summary and tells the watcher."""

    def __init__(self, summary: RunSummary, skip_bad: bool, on_event: events.OnEvent) -> None:
        self.summary = summary
        self.tell = on_event
        self._skip_bad = skip_bad

    def failed(self, failure: Failure, log: Path | None = None) -> None:
        """Something could not be run; the log is where its details are kept."""
        skipped = failure.fault == "data" and self._skip_bad
        (self.summary.skipped if skipped else self.summary.failures).append(failure)
        key, error, fault = failure.key, failure.error, failure.fault
        self.tell(events.ItemFailed(failure.tracker, key, error, fault, failure.details, log))

    def note(self, text: str) -> None:
        """Something should be known."""
        self.summary.notes.append(text)
        self.tell(events.Note(text))

    def advance(self, frames: int) -> None:
        """The run advanced."""
        self.tell(events.Advanced(frames))


class _ProtocolRun:
    """One tracker under one protocol."""

    def __init__(
        self,
        tracker: Tracker,
        load: Loader,
        protocol: ProtocolSettings,
        *,
        dataset: Dataset,
        selected: tuple[Sequence, ...],
        options: RunOptions,
        watch: _Watch,
        where: dict[str, str],
    ) -> None:
        self.tracker = tracker
        self.load = load
        self.protocol = protocol
        self.dataset = dataset
        self.options = options
        self.watch = watch
        self.where = where
        self.sequences = selected
        self.repetitions = (options.repetitions or protocol.repetitions) if protocol.repeats else 1
        self._replaced: dict[str, str] = {}
        self._without_confidence = 0

    def run(self, out: Path) -> ProtocolSummary:
        """Make the runs that are missing, those that prove a tracker deterministic first."""
        options, protocol = self.options, self.protocol
        with ResultStore(out, self._manifest(), restart=options.fresh) as store:
            self.summary = ProtocolSummary(self.tracker.name, protocol.kind, store.folder)
            started = perf_counter()
            first = self._plan(range(1, min(self.repetitions, PROOF) + 1), self.sequences)
            self._make(store, first)
            planned = first
            if self.repetitions > PROOF:
                varying = tuple(still_to_repeat(store, self.sequences))
                self.summary.not_repeated = len(self.sequences) - len(varying)
                more = self._plan(range(PROOF + 1, self.repetitions + 1), varying)
                if more:
                    self._make(store, more)
                planned = first + more
            store.drop_replaced(item.result for item in planned)
            self.summary.seconds = perf_counter() - started
            self._compare_replaced(store)
        if self.summary.restarts:
            self.watch.note(
                f"{self.tracker.name}, {protocol.kind}: its process had failed (died, hung, raised or answered with "
                f"something that is no region) and was started again {counted(self.summary.restarts, 'time')}."
            )
        if self._without_confidence and protocol.kind == "long-term":
            self.watch.note(
                f"{self.tracker.name}, {protocol.kind}: {self._without_confidence} of {self.summary.ran} runs have no "
                "confidences, by which long-term scores are made; each region of theirs counts as sure."
            )
        self.watch.tell(events.ProtocolEnded(self.tracker.name, protocol.kind))
        return self.summary

    def _plan(self, repetitions: range, sequences: tuple[Sequence, ...]) -> list[WorkItem]:
        polygons = capabilities.takes_polygons(self.tracker)
        items: list[WorkItem] = []
        name, single = self.tracker.name, self.repetitions == 1
        for sequence in sequences:
            try:
                items += plan_items(name, self.protocol, sequence, repetitions, single=single, polygons=polygons)
            except InputError as error:
                self.watch.failed(Failure(name, self.protocol.kind, sequence.name, str(error), "data"))
        return items

    def _make(self, store: ResultStore, items: list[WorkItem]) -> None:
        """Run the items that are missing and store their outcomes."""
        missing = self._missing(store, items)
        self.summary.kept += len(items) - len(missing)
        execution = plan_execution(Job(self.tracker, self.load, self.protocol, self.options, items, self.watch.note))
        store.describe(execution.settings)
        self.watch.tell(
            events.ProtocolStarted(
                self.tracker.name,
                self.protocol.kind,
                store.folder,
                len(missing),
                sum(item.start.frames for item in missing),
                len(items) - len(missing),
                execution.label,
            )
        )
        if execution.loads_trackers:
            capabilities.close(self.tracker)  # each process has a tracker of its own; this one would only hold memory
        if missing and self.protocol.needs_times and (self.options.lanes or 1) > 1:
            self.watch.note(
                f"{self.tracker.name}: realtime runs are timed, so they are made one after the other and not in lanes."
            )
        if missing and self.options.cluster is not None and execution.settings["executor"] != "cluster":
            self.watch.note(
                f"{self.tracker.name}, {self.protocol.kind}: its runs are timed, so they are made here, one after the "
                "other, and not on the cluster."
            )
        self._execute(store, execution, missing)
        store.describe(execution.learned())

    def _missing(self, store: ResultStore, items: list[WorkItem]) -> list[WorkItem]:
        by_key = {item.result.key: item for item in items}
        seeds = {key: item.seed for key, item in by_key.items()}
        missing = [by_key[result.key] for result in store.missing([item.result for item in items], seeds)]
        if not self.options.speed:
            return missing
        lacking = {item.result.key for item in missing}
        for key in by_key.keys() - lacking:
            status = store.manifest.items[key]
            if status.seconds is None:
                self._replaced[key] = status.digest
        return [item for key, item in by_key.items() if key in lacking or key in self._replaced]

    def _execute(self, store: ResultStore, execution: Execution, missing: list[WorkItem]) -> None:
        open_items = {item.result.key: item for item in missing}
        for outcome in execution.run(missing, self.watch.advance):
            key = outcome.item.result.key
            open_items.pop(key, None)
            self.summary.restarts += outcome.restarts
            if isinstance(outcome, Failed):
                self._failed(store, outcome)
                continue
            self._keep(store, outcome)
            self.watch.tell(events.ItemFinished(self.tracker.name, key))
        for item in open_items.values():  # nothing is a success because nobody spoke of it
            self._failed(
                store, Failed(item, f"{item.result.key}: its run came to no end and left no result", "tracker")
            )

    def _failed(self, store: ResultStore, outcome: Failed) -> None:
        """Tell of a run that could not be finished; tracebacks are kept beside the results."""
        name, kind, key = self.tracker.name, self.protocol.kind, outcome.item.result.key
        if key not in self._replaced:
            store.fail(outcome.item.result, outcome.error, outcome.item.seed)
        log = store.log_error(outcome.item.result, outcome.error, outcome.details)
        self.watch.failed(Failure(name, kind, key, outcome.error, outcome.fault, outcome.details), log)

    def _keep(self, store: ResultStore, outcome: Finished) -> None:
        item, trajectory, part = outcome.item, outcome.trajectory, self.summary
        store.write(item.result, trajectory, item.sequence.origin, item.seed)
        part.ran += 1
        part.frames += len(trajectory)
        part.decode_seconds += outcome.decode_seconds
        part.invalid += outcome.invalid
        confidences = trajectory.confidences
        self._without_confidence += confidences is None or bool(np.isnan(confidences).all())
        seconds = store.manifest.items[item.result.key].seconds
        if seconds is not None and trajectory.times is not None:
            part.tracker_seconds = (part.tracker_seconds or 0.0) + seconds
            part.timed_frames += int((trajectory.times == trajectory.times).sum())

    def _compare_replaced(self, store: ResultStore) -> None:
        """A timing run must find what is there already."""
        items = store.manifest.items
        other = [key for key, digest in self._replaced.items() if items[key].digest != digest]
        if other:
            self.watch.note(
                f"{self.tracker.name}: run alone, {len(other)} of {len(self._replaced)} results differ from those that "
                f"were there (e.g. {other[0]}); the new ones are kept."
            )

    def _manifest(self) -> Manifest:
        device = capabilities.device_of(self.tracker)
        return Manifest(
            dataset=self.dataset.name,
            tracker=self.tracker.name,
            experiment=self.protocol.folder,
            identity=provenance.identity(self.tracker, self.dataset, self.protocol),
            versions=provenance.versions(),
            hardware=provenance.hardware(device),
            commit=provenance.commit(),
            command=sys.argv,
            settings={
                "device": device,
                **capabilities.engine_of(self.tracker),
                "workers": str(self.options.workers or os.cpu_count()),
                **self.where,
            },
        )


def _with_image_size(sequence: Sequence) -> Sequence:
    """The sequence with the size of its images, read from the first one where the annotations do not say it."""
    if sequence.image_size is not None or not sequence.frames:
        return sequence
    try:
        height, width = sequence.frames[0].pixels.shape[:2]
    except InputError:
        return sequence  # the run itself says what is wrong with this frame
    return dataclasses.replace(sequence, image_size=(width, height))
