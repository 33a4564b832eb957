"""A search for a tracker's best hyper-parameters, scored as anything else is."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siamfc_eval.api.selection import score_results
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import IncompleteError, UnknownNameError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Metric
from siamfc_eval.running.experiment import Experiment, load_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import open_dataset, run_experiment
from siamfc_eval.tracking.catalogue import load_described, read_catalogue
from siamfc_eval.tracking.definition import write_definition
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition, weights_file
from siamfc_eval.tracking.family import LoadOptions, Range
from siamfc_eval.tuning.search import OnTrial, Split, Tuned, choose_ranges, split_sequences, tune


@dataclass(frozen=True, eq=False)
class Search:
    """What a search for hyper-parameters will do: made by `prepare`, done by `run`."""

    spec: str
    """The tracker, as it was named."""
    tracker: Any
    """The tracker, loaded once."""
    experiment: Experiment
    """Its first protocol is run."""
    dataset: Dataset
    convention: str
    """Whose rules score the runs."""
    aim: Metric
    """What is to become better."""
    ranges: dict[str, Range]
    """Hyper-parameter -> least and greatest value that are tried."""
    split: Split
    """The sequences to tune on, and those that judge."""
    load: LoadOptions

    @classmethod
    def prepare(
        cls,
        tracker: str,
        experiment: str,
        *,
        data: Path | None = None,
        parameters: tuple[str, ...] = (),
        convention: str | None = None,
        metric: str | None = None,
        held_out: float = 0.3,
        seed: int = 0,
        load: LoadOptions | None = None,
    ) -> Search:
        """Load what a search needs.

        Args:
            tracker: a name of the catalogue or a .toml file.
            experiment: a name or a .toml file; its first protocol counts, and its first convention.
            data: folder of the data set; None for the embedded benchmark.
            parameters: only these; none: all that the family tunes.
            convention: another one to score by.
            metric: key of the metric; None: the one that the convention ranks by.
            held_out: share of the videos that judge and are not searched on.
            seed: of the split.
            load: device, weights.

        Raises:
            UnknownNameError: no such tracker, experiment, convention, metric or hyper-parameter.
            InputError: the data cannot be read, or the tracker has nothing to tune.
        """
        definition = load_experiment(experiment)
        dataset = open_dataset(definition, data)
        rules = convention or definition.conventions[0]
        metrics = {entry.key: entry for entry in build_measure(rules, dataset).metrics}
        if metric is not None and metric not in metrics:
            raise UnknownNameError("metric", metric, metrics)
        options = load or LoadOptions()
        loaded: Any = load_described(tracker, options)
        return cls(
            spec=tracker,
            tracker=loaded,
            experiment=definition.model_copy(update={"protocols": definition.protocols[:1]}),
            dataset=dataset,
            convention=rules,
            aim=metrics[metric] if metric is not None else next(iter(metrics.values())),
            ranges=choose_ranges(loaded, parameters),
            split=split_sequences(dataset.names, held_out, seed),
            load=options,
        )

    def run(self, trials: int, *, seed: int = 0, on_trial: OnTrial = lambda number, values, value: None) -> Tuned:
        """Search, and judge what was found on the sequences that were held out.

        Args:
            trials: sets of values to try.
            seed: of the search.
            on_trial: receives the number of each trial, from 1, its values and its score.

        Raises:
            IncompleteError: a run failed.
        """
        better = self.aim.better == "higher"
        return tune(
            self.tracker,
            self.ranges,
            self._evaluate,
            self.split,
            trials,
            higher_is_better=better,
            seed=seed,
            on_trial=on_trial,
        )

    def _evaluate(self, tracker: Any, names: tuple[str, ...]) -> float:
        """The score of a tracker on some sequences, from raw results in a folder that is gone afterwards."""
        part = dataclasses.replace(self.dataset, sequences=tuple(one for one in self.dataset if one.name in names))
        options = RunOptions.of(device=self.load.device)
        with tempfile.TemporaryDirectory() as folder:
            summary = run_experiment(self.experiment, [tracker], part, Path(folder), options=options)
            if summary.failures:
                first = summary.failures[0]
                raise IncompleteError(f"{len(summary.failures)} runs failed, the first on {first.key}: {first.error}")
            scores = score_results(summary.out, part, self.convention, keep=False)
            return float(scores.trackers[tracker.name].values[self.aim.key])

    def write(self, path: Path, tuned: Tuned) -> None:
        """The tuned tracker as a definition file; weights are named relative to it."""
        described = read_catalogue(self.spec)
        source, definition = described.path, described.definition
        brought = {}
        if isinstance(definition, NetworkDefinition):
            brought = {
                "weights": _from(path.parent, weights_file(described, self.load)),
                "weights_key": self.load.weights_key or definition.weights_key,
            }
        about = f"{self.experiment.name}, {self.convention}, {self.aim.key}"
        values = {name: round(value, 5) for name, value in tuned.parameters.items()}
        changed = definition.model_copy(
            update={
                "description": f"{definition.description}, tuned ({about})",
                **brought,
                "parameters": {**definition.parameters, **values},
            }
        )
        searched, held_out = tuned.split.tuning, tuned.split.held_out
        notes = [
            f"Tuned from {source.stem} for {about}, {len(tuned.trials)} trials.",
            f"On the {len(searched)} sequences tuned on: {tuned.tuning_before:.4f} -> {tuned.tuning_after:.4f}.",
            f"On those held out ({', '.join(held_out)}): {tuned.held_out_before:.4f} -> {tuned.held_out_after:.4f}.",
        ]
        write_definition(path, changed, notes)


def _from(folder: Path, file: Path) -> str:
    """A file's path from a folder, with slashes, so that both can move together, also to another system."""
    place = file.expanduser().resolve()
    try:
        return Path(os.path.relpath(place, folder.expanduser().resolve())).as_posix()
    except ValueError:  # On Windows, another drive.
        return place.as_posix()
