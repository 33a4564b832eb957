"""The command `siamfc-eval`: one file per verb, loaded when the verb is used."""

from __future__ import annotations

import importlib
import os
import sys

import click

from siamfc_eval import __version__
from siamfc_eval.errors import SiamfcEvalError, UnknownNameError

VERBS: dict[str, str] = {
    "check": "Look at a data set or results and say what is wrong.",
    "compare": "Say which differences between trackers are significant.",
    "convert": "Convert weights of other projects to safetensors.",
    "demo": "Evaluate trackers on the embedded benchmark and write a report.",
    "demo-video": "Show a tracker on a video, live or into a file.",
    "doctor": "Say what is installed, which device is used and what is missing.",
    "explain": "Say why two conventions give one tracker different scores.",
    "export": "Write results, a VOT workspace or a network in another format.",
    "import": "Read raw results of another toolkit.",
    "list": "List trackers, experiments, protocols, models, data sets and conventions.",
    "report": "Write plots, tables and a web page from results.",
    "run": "Run trackers on an experiment.",
    "score": "Compute the scores of raw results.",
    "train": "Train a network.",
    "trax": "Serve a tracker over TraX.",
    "tune": "Search for a tracker's best hyper-parameters.",
}

_WITHOUT_MATRICES = {"explain", "score"}
"""Verbs that start no other process and multiply nothing large: threads cost them a fifth of their time."""


class _Verbs(click.Group):
    """Knows every verb's name and summary, and imports a verb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            raise UnknownNameError("command", cmd_name, VERBS)
        if cmd_name in _WITHOUT_MATRICES:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        module = importlib.import_module(f"siamfc_eval.cli.{cmd_name.replace('-', '_')}_verb")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: siamfc-eval run otb2015 --tracker siamfc-alexnet --data ~/OTB2015",
)
@click.version_option(__version__, prog_name="siamfc-eval")
def cli() -> None:
    """Evaluate Siamese single-object trackers: published numbers, fast, with error bars."""


def main() -> None:
    """Entry point of the console script; errors meant for people are printed without a traceback."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted; what was finished is kept", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except SiamfcEvalError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(status if isinstance(status, int) else 0)
