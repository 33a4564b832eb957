"""The command `siamfc-eval`: one file per verb, loaded when the verb is used."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from siamfc_eval.errors import SiamfcEvalError, UnknownNameError
from siamfc_eval.plain_text import printable
from siamfc_eval.version import __version__

VERBS: dict[str, str] = {
    "check": "Look at a data set, results or a tracker and say what is wrong.",
    "compare": "Say which differences between trackers are significant.",
    "convert": "Convert weights of other projects, or a data set of your own.",
    "demo": "Evaluate trackers on the embedded benchmark and write a report.",
    "demo-video": "Show a tracker on a video, live or into a file.",
    "doctor": "Say what is installed, which device is used and what is missing.",
    "explain": "Say why two conventions give one tracker different scores.",
    "export": "Write results, a VOT workspace or a network in another format.",
    "import": "Read raw results of another toolkit.",
    "list": "List what can be named: trackers, experiments, published trackers, conventions and more.",
    "new": "Write a tracker to begin with, and its test.",
    "publish": "Write the statistics of results to a small file, for others to compare with.",
    "report": "Write plots, tables and a web page from results.",
    "run": "Run trackers on an experiment.",
    "score": "Compute the scores of raw results.",
    "train": "Train a network.",
    "trax": "Serve a tracker over TraX.",
    "tune": "Search for a tracker's best hyper-parameters.",
    "view": "Look at what trackers did on a sequence, frame by frame.",
}

_ONE_THREAD = {"compare", "explain", "report", "score"}
"""Verbs that run no tracker and whose products of matrices are small: on two cores further threads would cost a fifth
of the processor's time and, of many trackers, two fifths, most of it waiting for one another."""
_QUICK = {"explain", "score"}
"""Verbs that end within seconds, start no other process and multiply nothing large."""
_MANY_OBJECTS = 100_000
"""Lists, objects and the like that a quick verb makes before it looks for circles of those that nobody needs: at
Python's 700 it looks a hundred times, finds next to none, and is a twentieth slower."""


class _Verbs(click.Group):
    """Knows every verb's name and summary, and imports a verb's module only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            raise UnknownNameError("command", cmd_name, VERBS)
        if cmd_name in _ONE_THREAD:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        if cmd_name in _QUICK:
            gc.set_threshold(_MANY_OBJECTS)
        module = importlib.import_module(f"siamfc_eval.cli.verbs.{cmd_name.replace('-', '_')}_verb")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: siamfc-eval run otb2015 --tracker siamfc-slim --data ~/OTB2015",
)
@click.version_option(__version__, prog_name="siamfc-eval")
@click.option(
    "--catalogue",
    "catalogues",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder with trackers/*.toml and experiments/*.toml of your own, as in SIAMFC_EVAL_PATH; repeatable.",
)
def cli(catalogues: tuple[Path, ...]) -> None:
    """Evaluate Siamese single-object trackers: published numbers, fast, with error bars."""
    if catalogues:
        from siamfc_eval.catalogue import add_catalogue

        for folder in reversed(catalogues):
            add_catalogue(folder)


def main() -> None:
    """Entry point of the console script; errors meant for people are printed without a traceback."""
    ended = _end_as_interrupted()
    code = 0
    try:
        code = _run()
        sys.stdout.flush()
    except click.exceptions.Abort:
        _complain("interrupted; what was finished is kept")
        code = 128 + (ended[0] if ended else signal.SIGINT)
    except BrokenPipeError:
        code = 1  # As click has it: the reader, such as `head`, had enough, and nothing is to be said.
    except OSError as error:
        place = error.filename if error.filename is not None else "standard output or a file"
        _complain(f"error: {place}: {error.strerror or error}. Free some space, or write elsewhere.")
        code = 1
    _leave(code)


def _run() -> int:
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 1
    except SiamfcEvalError as error:
        _complain(f"error: {error}")
        return error.exit_code
    return status if isinstance(status, int) else 0


def _end_as_interrupted() -> list[int]:
    """Let the signals that ask a program to end do what Ctrl-C does; returns the list that the signal will be in."""
    seen: list[int] = []

    def interrupt(number: int, _: object) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # There is no SIGHUP on Windows.
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored, and means it.
            signal.signal(number, interrupt)
    return seen


def _complain(text: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(printable(text, lines=True), err=True)


def _leave(code: int) -> NoReturn:
    """End; what standard output still holds and cannot write is not tried again by the interpreter."""
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
