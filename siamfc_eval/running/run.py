"""Run an experiment: every tracker under every protocol, continuing what is there, losing nothing that was finished."""

from __future__ import annotations

import collections.abc
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

from siamfc_eval.adapters.classes.inside import DebuggedTracker
from siamfc_eval.adapters.classes.tracker import ClassTracker
from siamfc_eval.adapters.load import check_tracker
from siamfc_eval.datasets.known import shortfall
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.datasets.videos import VideoFrames
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError
from siamfc_eval.plain_text import counted
from siamfc_eval.results.names import SequenceNames, path_part
from siamfc_eval.running import events
from siamfc_eval.running.executor import EXECUTORS, Loader
from siamfc_eval.running.experiment import Experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.protocol_run import ProtocolRun, Watch
from siamfc_eval.running.summary import Failure, RunSummary
from siamfc_eval.running.trackers import loader
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
        on_event: is called with progress, failures and notes.

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
    watch = Watch(summary, options.skip_bad, on_event)
    lacking = shortfall(dataset.name, len(dataset))
    if lacking and not (options.skip_bad and problems):
        summary.incomplete.append(lacking)
    for problem in problems:
        watch.failed(Failure("", "", problem.where, str(problem), "data"))
    where = _where(experiment, data, dataset)
    for spec, load in _usable(chosen, options, watch):
        try:
            tracker = load()
            for note in (*capabilities.notes_of(tracker), *_meaningless(tracker, options)):
                watch.note(note)
            try:
                for protocol in experiment.protocols:
                    part = ProtocolRun(
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
            _refused(spec, error, chosen, watch)
    return summary


def _usable(
    chosen: collections.abc.Sequence[str | Tracker], options: RunOptions, watch: Watch
) -> list[tuple[str | Tracker, Loader]]:
    """The trackers that are known and whose weights are there, and what makes them.

    The others are failures, said before the first tracker runs and not hours later.

    Raises:
        InputError: the only tracker is none of them.
    """
    usable: list[tuple[str | Tracker, Loader]] = []
    for spec, load in zip(chosen, _loaders(chosen, options), strict=True):
        try:
            if isinstance(spec, str):
                check_tracker(spec, options.load)
            usable.append((spec, load))
        except InputError as error:
            _refused(spec, error, chosen, watch)
    return usable


def _refused(
    spec: str | Tracker, error: InputError, chosen: collections.abc.Sequence[str | Tracker], watch: Watch
) -> None:
    """A tracker cannot be used as it was given, which ends the run only if there is no other.

    Raises:
        InputError: it is the only one.
    """
    if len(chosen) == 1:
        raise error
    name = spec if isinstance(spec, str) else spec.name
    watch.failed(Failure(name, "", "", str(error), "input"))


def _with_executor(options: RunOptions) -> RunOptions:
    """Options with an executor that exists, and that a debugger can step through where one is wanted.

    Raises:
        UnknownNameError: there is no such executor.
        InputError: a cluster is named that does not answer, or another executor is named as well.
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
            yield f"{tracker.name}: {option} means nothing to it, as it is not a Python class."


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
    """Where the data set is, so that the results can be scored without naming it again; "" where that is not known."""
    if isinstance(data, Path | str):
        return {"data": str(Path(data).expanduser().resolve())}
    if data is None and experiment.dataset_options:
        return {"data": dataset.name, "dataset_options": json.dumps(experiment.dataset_options)}
    return {"data": dataset.name if dataset.layout == "synthetic" else ""}


def _with_image_size(sequence: Sequence) -> Sequence:
    """The sequence with the size of its images, read from the first one where the annotations do not say it."""
    if sequence.image_size is not None or not sequence.frames:
        return sequence
    try:
        height, width = sequence.frames[0].pixels.shape[:2]
    except InputError:
        return sequence  # the run itself says what is wrong with this frame
    return dataclasses.replace(sequence, image_size=(width, height))
