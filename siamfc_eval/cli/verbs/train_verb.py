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

MUCH = 0.3
"""Share of the time that a network may wait for pairs before that is said."""


@click.command(epilog="Example: siamfc-eval train train_siamfc_slim --data ~/train --out runs/siamfc-slim")
@click.argument("training")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder that relative paths in the training file start from."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of checkpoints, logs and weights; default: runs/NAME."
)
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes that make pairs, instead of as many as the training file says; the pairs are the same.",
)
@options.device
@options.as_json
def command(
    *, training: str, data: Path | None, out: Path | None, workers: int | None, device: str, as_json: bool
) -> None:
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
    if workers is not None:
        configuration = configuration.with_workers(workers)
    material = data_folder(configuration, data)
    folder = out or Path("runs") / configuration.name
    if file.resolve() == (folder / f"{configuration.name}.toml").resolve():
        raise InputError(f"{file}: the tracker file is to be written in its place. Give another --out, or rename it.")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with distributed.joined(device) as place:
        with Progress(*columns, disable=as_json or not place.is_first) as progress:
            # In a log, a line a minute stands for the bar.
            is_log = place.is_first and not (as_json or progress.console.is_terminal)
            task = progress.add_task(configuration.name, total=configuration.loop.steps)
            news = _News(configuration.bank.pairs, BETWEEN_LINES)

            def observe(step: int, values: dict[str, float]) -> None:
                text = news.take(values)
                progress.update(task, completed=step, description=f"{configuration.name}: {text}")
                if is_log and news.is_due():
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
            if news.waited > MUCH and not configuration.bank.pairs:
                made = f"--workers {configuration.loop.workers} made them"
                echo(f"the network waited for pairs {news.waited:.0%} of the time ({made}; try more)", err=True)


class _News:
    """What the records of a training come to, for a person."""

    def __init__(self, bank: int, between: float) -> None:
        """
        Args:
            bank: pairs of its bank.
            between: seconds from one line of a log to the next.
        """
        self._bank, self._between = bank, between
        self._shown: dict[str, float] = {}
        self._said = time.monotonic()
        self.waited = 0.0
        """Share of the time that the network waited for pairs, of the last record that says it."""

    def take(self, values: dict[str, float]) -> str:
        """A record in words: how far the bank is while it is made, then the last loss and validation."""
        self._shown.update({name: values[name] for name in ("loss", "validation") if name in values})
        self.waited = values.get("waiting_share", self.waited)
        if "bank_pairs" in values:
            return f"{values['bank_pairs']:.0f} of {self._bank} pairs of the bank"
        return ", ".join(f"{name} {value:.4f}" for name, value in self._shown.items())

    def is_due(self) -> bool:
        """Whether a log's last line is old enough; it counts as written then."""
        if time.monotonic() - self._said < self._between:
            return False
        self._said = time.monotonic()
        return True
