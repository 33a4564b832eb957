"""`siamfc-eval tune`: search for a tracker's best hyper-parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError
from siamfc_eval.storage.json_text import json_text

if TYPE_CHECKING:
    from siamfc_eval.api.tuning import Search
    from siamfc_eval.tuning.search import Tuned


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
    "--held-out", type=float, default=0.3, show_default=True, help="Share of the videos held out, to judge by."
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

    A share of the videos is held out of the search. The score on those, before and after, is what the tuning is worth;
    the score on the others only says how far the search could bend the tracker towards them. Where those held out do
    not score better, no file is written.
    """
    from siamfc_eval.api.tuning import Search
    from siamfc_eval.tracking import capabilities
    from siamfc_eval.tracking.family import LoadOptions

    search = Search.prepare(
        tracker,
        experiment_name,
        data=data,
        parameters=parameters,
        convention=convention,
        metric=metric,
        held_out=held_out,
        seed=seed,
        load=LoadOptions(device, weights, weights_key),
    )
    for note in capabilities.notes_of(search.tracker):
        echo(f"note: {note}", err=True)
    path = out or Path(f"{search.tracker.name}-tuned.toml")
    if path.suffix != ".toml":
        raise InputError(f"{path}: a tracker file ends in .toml.")
    echo(f"tuning on {len(search.split.tuning)} sequences, judging by {', '.join(search.split.held_out)}", err=True)

    def on_trial(number: int, values: dict[str, float], value: float) -> None:
        shown = ", ".join(f"{name} {entry:.4g}" for name, entry in values.items())
        echo(f"{number}/{trials}: {search.aim.key} {value:.4f} with {shown}", err=True)

    tuned = search.run(trials, seed=seed, on_trial=on_trial)
    if tuned.is_confirmed:
        search.write(path, tuned)
    if as_json:
        written = str(path) if tuned.is_confirmed else None
        facts = {"file": written, "metric": search.aim.key, "convention": search.convention, **_facts(tuned)}
        echo(json_text(facts))
    else:
        _show(search, tuned, path)


def _show(search: Search, tuned: Tuned, path: Path) -> None:
    """What the search found, and whether a file was written."""
    label = search.aim.label
    echo(f"{label} on the sequences tuned on: {tuned.tuning_before:.3f} -> {tuned.tuning_after:.3f}")
    echo(f"{label} on those held out:         {tuned.held_out_before:.3f} -> {tuned.held_out_after:.3f}")
    if tuned.is_confirmed:
        echo(f"written: {path}")
        return
    name = search.tracker.name
    echo(f"The sequences held out do not confirm a gain: {name}'s own values stay, and no file is written.")
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
