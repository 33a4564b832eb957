"""`siamfc-eval tune`: search for a tracker's best hyper-parameters."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import IncompleteError, InputError
from siamfc_eval.plain_text import counted
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.datasets.sequence import Dataset
    from siamfc_eval.running.experiment import Experiment
    from siamfc_eval.tracking.family import LoadOptions
    from siamfc_eval.tuning.search import Evaluate, Tuned


@click.command(
    epilog="Example: siamfc-eval tune siamfc-slim --experiment otb2015 --data ~/OTB2015 --trials 50 --out mine.toml"
)
@click.argument("tracker")
@click.option(
    "--experiment", "experiment_name", required=True, help="Experiment whose first protocol and convention count."
)
@options.data
@click.option("--trials", type=click.IntRange(min=2), default=30, show_default=True, help="Sets of values to try.")
@click.option(
    "--held-out", type=float, default=0.3, show_default=True, help="Share of the videos kept out, to judge by."
)
@click.option("--parameter", "parameters", multiple=True, help="Only this parameter; may be given again.")
@click.option("--convention", help="Convention to score by; default: the experiment's first.")
@click.option("--metric", help="Metric to tune for; default: the one that the convention ranks by.")
@options.reading_weights
@options.computing
@click.option("--seed", default=0, show_default=True, help="Of the split and of the search.")
@click.option("--out", type=click.Path(path_type=Path), help="Tracker file to write. Default: TRACKER-tuned.toml.")
@options.as_json
def command(
    tracker: str,
    experiment_name: str,
    *,
    data: Path | None,
    trials: int,
    held_out: float,
    parameters: tuple[str, ...],
    convention: str | None,
    metric: str | None,
    weights: Path | None,
    weights_key: str | None,
    source: str | None,
    device: str,
    engine: str | None,
    precision: str | None,
    seed: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Search for TRACKER's best hyper-parameters and write them as a tracker file, if they are better.

    A share of the videos is kept out of the search. The score on those, before and after, is what the tuning is worth;
    the score on the others only says how far the search could bend the tracker towards them. Where those kept out do
    not score better, no file is written.
    """
    from siamfc_eval.errors import UnknownNameError
    from siamfc_eval.metrics.conventions import build_measure
    from siamfc_eval.metrics.scores import Metric
    from siamfc_eval.running.experiment import load_experiment
    from siamfc_eval.running.run import open_dataset
    from siamfc_eval.tracking import capabilities
    from siamfc_eval.tracking.catalogue import load_described
    from siamfc_eval.tracking.family import LoadOptions
    from siamfc_eval.tuning.search import choose_ranges, split_sequences, tune

    experiment = load_experiment(experiment_name)
    dataset = open_dataset(experiment, data)
    rules = convention or experiment.conventions[0]
    metrics: dict[str, Metric] = {entry.key: entry for entry in build_measure(rules, dataset).metrics}
    if metric is not None and metric not in metrics:
        raise UnknownNameError("metric", metric, metrics)
    aim = metrics[metric] if metric is not None else next(iter(metrics.values()))
    loading = LoadOptions(device, weights, weights_key, source, engine=engine, precision=precision)
    loaded: Any = load_described(tracker, loading)
    for note in capabilities.notes_of(loaded):
        echo(f"note: {note}", err=True)
    ranges = choose_ranges(loaded, parameters)
    split = split_sequences(dataset.names, held_out, seed)
    path = out or Path(f"{loaded.name}-tuned.toml")
    if path.suffix != ".toml":
        raise InputError(f"{path}: a tracker file ends in .toml.")
    echo(f"tuning on {counted(len(split.tuning), 'sequence')}, judging by {', '.join(split.held_out)}", err=True)

    def tell(number: int, values: dict[str, float], value: float) -> None:
        shown = ", ".join(f"{name} {entry:.4g}" for name, entry in values.items())
        echo(f"{number}/{trials}: {aim.key} {value:.4f} with {shown}", err=True)

    tuned = tune(
        loaded,
        ranges,
        _evaluator(experiment, dataset, rules, aim.key, device),
        split,
        trials,
        higher_is_better=aim.better == "higher",
        seed=seed,
        on_trial=tell,
    )
    if tuned.is_confirmed:
        about = f"{experiment.name or experiment_name}, {rules}, {aim.key}"
        _write(path, tracker, tuned, about, loading)
    if as_json:
        written = str(path) if tuned.is_confirmed else None
        echo(json_text({"file": written, "metric": aim.key, "convention": rules, **_facts(tuned)}))
        return
    echo(f"{aim.label} on the sequences tuned on: {tuned.tuning_before:.3f} -> {tuned.tuning_after:.3f}")
    echo(f"{aim.label} on those kept out:         {tuned.held_out_before:.3f} -> {tuned.held_out_after:.3f}")
    if tuned.is_confirmed:
        echo(f"written: {path}")
        return
    echo(f"The sequences kept out do not confirm a gain: {loaded.name}'s own values stay, and no file is written.")
    if path.exists():
        echo(f"{path} is from before and was left as it is.")


def _facts(tuned: Tuned) -> dict[str, Any]:
    """What was found, as plain values."""
    return {
        "parameters": tuned.parameters,
        "tuning": {"before": tuned.tuning_before, "after": tuned.tuning_after, "sequences": tuned.split.tuning},
        "confirmed": tuned.is_confirmed,
        "held_out": {
            "before": tuned.held_out_before,
            "after": tuned.held_out_after,
            "sequences": tuned.split.held_out,
        },
        "trials": [{"parameters": values, "score": value} for values, value in tuned.trials],
    }


def _evaluator(experiment: Experiment, dataset: Dataset, convention: str, metric: str, device: str) -> Evaluate:
    """Scores a tracker on some sequences, from raw results in a folder that is gone afterwards."""
    import dataclasses
    import tempfile

    from siamfc_eval.metrics.conventions import build_measure
    from siamfc_eval.metrics.scoring import score
    from siamfc_eval.protocols.table import PROTOCOLS
    from siamfc_eval.results.read import read_results
    from siamfc_eval.running.options import RunOptions
    from siamfc_eval.running.run import run_experiment

    single = experiment.model_copy(update={"protocols": experiment.protocols[:1]})

    def evaluate(tracker: Any, names: tuple[str, ...]) -> float:
        part = dataclasses.replace(dataset, sequences=tuple(entry for entry in dataset if entry.name in names))
        with tempfile.TemporaryDirectory() as folder:
            summary = run_experiment(single, [tracker], part, Path(folder), options=RunOptions.of(device=device))
            if summary.failures:
                first = summary.failures[0]
                raise IncompleteError(
                    f"{counted(len(summary.failures), 'run')} failed, the first on {first.key}: {first.error}"
                )
            runs = PROTOCOLS[build_measure(convention, part).protocol].folder
            scores = score(read_results(summary.out, part, None, runs), part, convention)
            return float(scores.trackers[tracker.name].values[metric])

    return evaluate


def _write(path: Path, spec: str, tuned: Tuned, aim: str, options: LoadOptions) -> None:
    """The tuned tracker's definition; weights are named relative to it."""
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.definition import write_definition
    from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition

    described = read_catalogue(spec)
    place, definition = described.path, described.definition
    brought = {}
    if isinstance(definition, NetworkDefinition):
        given = options.weights
        file = Path(given) if given is not None else place.parent / str(definition.weights)
        brought = {
            "weights": _from(path.parent, file),
            "weights_key": options.weights_key or definition.weights_key,
            "source": options.source or definition.source,
        }
    changed = definition.model_copy(
        update={
            "description": f"{definition.description}, tuned ({aim})",
            **brought,
            "parameters": {**definition.parameters, **{name: round(v, 5) for name, v in tuned.parameters.items()}},
        }
    )
    notes = [
        f"Tuned from {place.stem} for {aim}, {len(tuned.trials)} trials.",
        f"On the {counted(len(tuned.split.tuning), 'sequence')} tuned on: "
        f"{tuned.tuning_before:.4f} -> {tuned.tuning_after:.4f}.",
        f"On those kept out ({', '.join(tuned.split.held_out)}): "
        f"{tuned.held_out_before:.4f} -> {tuned.held_out_after:.4f}.",
    ]
    write_definition(path, changed, notes)


def _from(folder: Path, file: Path) -> str:
    """A file's path from a folder, with slashes, so that both can move together, also to another system."""
    place = file.expanduser().resolve()
    try:
        return Path(os.path.relpath(place, folder.expanduser().resolve())).as_posix()
    except ValueError:  # On Windows, another drive.
        return place.as_posix()
