"""One tracker under one protocol: what is missing is planned, executed and stored."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import counted, few
from siamfc_eval.results.manifest import Manifest
from siamfc_eval.results.store import ResultItem, ResultStore
from siamfc_eval.running import events, provenance
from siamfc_eval.running.executor import Execution, Job, Loader, plan_execution
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.plan import PROOF, plan_items, still_to_repeat
from siamfc_eval.running.protocol_specs import ProtocolSettings
from siamfc_eval.running.summary import Failure, ProtocolSummary, RunSummary
from siamfc_eval.running.work import Failed, Finished, WorkItem
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.tracker import Tracker


class Watch:
    """Fills the summary, and calls whoever watches the run."""

    def __init__(self, summary: RunSummary, skip_bad: bool, on_event: events.OnEvent) -> None:
        self.summary = summary
        self.emit = on_event
        self._skip_bad = skip_bad

    def failed(self, failure: Failure, log: Path | None = None) -> None:
        """Something could not be run; the log has its details."""
        skipped = failure.fault == "data" and self._skip_bad
        (self.summary.skipped if skipped else self.summary.failures).append(failure)
        key, error, fault = failure.key, failure.error, failure.fault
        self.emit(events.ItemFailed(failure.tracker, key, error, fault, failure.details, log))

    def note(self, text: str) -> None:
        """Something should be known."""
        self.summary.notes.append(text)
        self.emit(events.Note(text))

    def advance(self, frames: int) -> None:
        """The run advanced."""
        self.emit(events.Advanced(frames))


class ProtocolRun:
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
        watch: Watch,
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
        self._for_maps: set[str] = set()
        """Keys of results that are there and stay, made again for their response maps."""
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
            if options.responses:
                self._name_missing_maps(store, [item.result for item in planned])
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
        self.watch.emit(events.ProtocolEnded(self.tracker.name, protocol.kind))
        return self.summary

    def _plan(self, repetitions: range, sequences: tuple[Sequence, ...]) -> list[WorkItem]:
        polygons = capabilities.takes_polygons(self.tracker)
        items: list[WorkItem] = []
        name, single = self.tracker.name, self.repetitions == 1
        for sequence in sequences:
            try:
                items += plan_items(
                    name,
                    self.protocol,
                    sequence,
                    repetitions,
                    single=single,
                    polygons=polygons,
                    responses=self.options.responses,
                )
            except InputError as error:
                self.watch.failed(Failure(name, self.protocol.kind, sequence.name, str(error), "data"))
        return items

    def _make(self, store: ResultStore, items: list[WorkItem]) -> None:
        """Run the items that are missing and store their outcomes."""
        missing = self._missing(store, items)
        self.summary.done_before += len(items) - len(missing)
        execution = plan_execution(Job(self.tracker, self.load, self.protocol, self.options, items, self.watch.note))
        store.describe(execution.settings)
        self.watch.emit(
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
        again = {item.result.key for item in missing}
        for key in by_key.keys() - again:
            status = store.manifest.items[key]
            if self.options.speed and status.seconds is None:
                self._replaced[key] = status.digest
            # Another run against the clock skips other frames, so its maps are not those of the result that is there.
            elif self.options.responses and not self.protocol.needs_times and not store.has_maps(by_key[key].result):
                self._for_maps.add(key)
        again |= self._replaced.keys() | self._for_maps
        return [item for key, item in by_key.items() if key in again]

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
            self.watch.emit(events.ItemFinished(self.tracker.name, key))
        for item in open_items.values():  # an item without an outcome is no success
            self._failed(
                store, Failed(item, f"{item.result.key}: its run came to no end and left no result", "tracker")
            )

    def _failed(self, store: ResultStore, outcome: Failed) -> None:
        """Report a run that could not be finished; its traceback is stored with the results."""
        name, kind, key = self.tracker.name, self.protocol.kind, outcome.item.result.key
        if key not in self._replaced and key not in self._for_maps:
            store.fail(outcome.item.result, outcome.error, outcome.item.seed)
        log = store.log_error(outcome.item.result, outcome.error, outcome.details)
        self.watch.failed(Failure(name, kind, key, outcome.error, outcome.fault, outcome.details), log)

    def _keep(self, store: ResultStore, outcome: Finished) -> None:
        item, trajectory, part = outcome.item, outcome.trajectory, self.summary
        if item.result.key in self._for_maps:
            if outcome.responses is not None:
                store.add_maps(item.result, trajectory, item.sequence.origin, outcome.responses)
        else:
            store.write(item.result, trajectory, item.sequence.origin, item.seed, responses=outcome.responses)
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

    def _name_missing_maps(self, store: ResultStore, planned: list[ResultItem]) -> None:
        """Response maps were asked for: say which results have none, and why."""
        items = store.manifest.items
        done = [each for each in planned if each.key in items and items[each.key].status == "done"]
        without = [each.key for each in done if not store.has_maps(each)]
        name = f"{self.tracker.name}, {self.protocol.kind}"
        if without:
            why = "made against the clock before" if self.protocol.needs_times else "run again, they came out otherwise"
            self.watch.note(
                f"{name}: {counted(len(without), 'result')} without response maps ({few(without)}): {why}, so the maps "
                "would not be theirs. --fresh makes everything anew, with maps."
            )
        if done and not without and not any(items[each.key].responses for each in done):
            self.watch.note(f"{name}: this tracker gives no response maps.")

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
                **({"responses": "kept"} if self.options.responses else {}),
                **self.where,
            },
        )
