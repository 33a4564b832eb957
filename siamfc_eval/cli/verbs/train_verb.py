"""`siamfc-eval train`: train a network as one file declares it."""

from __future__ import annotations

import time
from pathlib import Path

import click

from siamfc_eval.catalogue import find_definition
from siamfc_eval.cli import options
from siamfc_eval.cli.printing import echo
from siamfc_eval.errors import InputError, MissingDependencyError
from siamfc_eval.storage.json_text import json_text


@click.command(epilog="Example: siamfc-eval train train_siamfc_slim --data ~/train --out runs/siamfc-slim")
@click.argument("training")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder that relative paths in the training file start from."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of checkpoints, logs and weights; default: runs/NAME."
)
@options.device
@options.as_json
def command(training: str, data: Path | None, out: Path | None, device: str, as_json: bool) -> None:
    """Train a network. TRAINING is a .toml file or the name of one in the catalogue of experiments.

    A training that was stopped, by Ctrl-C or otherwise, is continued by the same command. At the end, the folder holds
    the weights as safetensors, a tracker file with the training's name, a model card, the log and the curves.
    """
    try:
        from siamfc_eval.training import distributed
        from siamfc_eval.training.configuration import CATALOGUE, data_folder, read_configuration
        from siamfc_eval.training.export import hand_over
        from siamfc_eval.training.loop import Training
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "torch", "train", "training") from error
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from siamfc_eval.cli.run_progress import BETWEEN_LINES

    file = find_definition(CATALOGUE, training)
    configuration = read_configuration(file)
    material = data_folder(configuration, data)
    folder = out or Path("runs") / configuration.name
    if file.resolve() == (folder / f"{configuration.name}.toml").resolve():
        raise InputError(f"{file}: the tracker file is to be written in its place. Give another --out, or rename it.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown: dict[str, float] = {}
    said = time.monotonic()
    with distributed.joined(device) as place:
        with Progress(*columns, disable=as_json or not place.is_first) as progress:
            task = progress.add_task(configuration.name, total=configuration.loop.steps)

            def observe(step: int, values: dict[str, float]) -> None:
                nonlocal said
                shown.update({name: values[name] for name in ("loss", "validation") if name in values})
                text = _progress(shown, values, configuration.bank.pairs)
                progress.update(task, completed=step, description=f"{configuration.name}: {text}")
                # In a log, a line a minute stands for the bar.
                is_log = place.is_first and not (as_json or progress.console.is_terminal)
                if is_log and time.monotonic() - said >= BETWEEN_LINES:
                    said = time.monotonic()
                    echo(f"{configuration.name}: step {step} of {configuration.loop.steps}, {text}", err=True)

            run = Training(configuration, material, folder, place, observe)
            if run.resume() and place.is_first and not as_json:
                progress.console.print(f"continuing at step {run.step}")
            progress.update(task, completed=run.step)
            try:
                run.run()
            except KeyboardInterrupt:
                if run.saved is not None and place.is_first:
                    last = folder / "last.pt"
                    echo(f"{last} has step {run.saved}: the same command continues there", err=True)
                raise
        if place.is_first:
            written = hand_over(run)
            if as_json:
                facts = {"steps": run.step, "seconds": run.seconds, "best_validation": run.best}
                echo(json_text({"folder": str(folder), "files": [str(path) for path in written], **facts}))
                return
            echo(f"trained {run.step} steps in {run.seconds / 60:.1f} minutes; best validation {run.best:.4f}")
            echo("\n".join(str(path) for path in written))


def _progress(shown: dict[str, float], values: dict[str, float], bank: int) -> str:
    """What the progress says: how far the bank is while it is made, then the last loss and validation."""
    if "bank_pairs" in values:
        return f"{values['bank_pairs']:.0f} of {bank} pairs of the bank"
    return ", ".join(f"{name} {value:.4f}" for name, value in shown.items())
