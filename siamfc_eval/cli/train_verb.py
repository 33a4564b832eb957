"""`siamfc-eval train`: train a network as one file declares it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from siamfc_eval.catalogue import find_definition


def _default_data() -> Path:
    return Path(os.environ.get("SIAMFC_EVAL_SHARED", "../shared")) / "data" / "train"


@click.command(epilog="Example: siamfc-eval train train_siamfc_slim --data ~/train --out runs/slim")
@click.argument("training")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the training data.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of checkpoints and logs; default runs/NAME.")
def command(training: str, data: Path | None, out: Path | None) -> None:
    """Train a network. TRAINING is a .toml file or the name of one in the catalogue of experiments.

    A training that was stopped is continued by the same command.
    """
    from siamfc_eval.training.configuration import read_configuration
    from siamfc_eval.training.loop import Training

    configuration = read_configuration(find_definition("experiments", training))
    run = Training(configuration, data or _default_data(), out or Path("runs") / configuration.name)
    if run.resume():
        click.echo(f"continuing at step {run.step}")
    run.run()
    click.echo(f"trained {run.step} steps in {run.seconds:.0f} s; best validation {run.best:.4f}; see {run.out}")
