"""What trackers in processes of their own have in common: time-outs, and where what they print goes."""

from __future__ import annotations

import math
import os
from pathlib import Path

from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import make_folder

TIMEOUT_OPTION = "--timeout"
"""What sets the time-outs of trackers in other processes on the command line; `--trax-timeout` is its older name."""

TIMEOUT_VARIABLES = ("SIAMFC_EVAL_TIMEOUT", "SIAMFC_EVAL_TRAX_TIMEOUT")
"""Environment variables that do so for every command; the first that is set counts."""

DEFAULT_TIMEOUT = 60.0
"""Seconds that a tracker in another process may take to start, and for each answer."""

MORE_TIME = f"with {TIMEOUT_OPTION} SECONDS, or with {TIMEOUT_VARIABLES[0]} in the environment"
"""How a user gives a tracker more time."""

LOGS_VARIABLES = ("SIAMFC_EVAL_LOGS", "SIAMFC_EVAL_TRAX_LOGS")
"""Environment variables: folder that keeps what trackers in other processes print; the first that is set counts."""


def timeout_seconds(given: float | None) -> float:
    """A time-out; None: as the environment says, which worker processes inherit, else the default.

    Raises:
        InputError: not a number of seconds.
    """
    where = TIMEOUT_OPTION
    if given is None:
        where = next((name for name in TIMEOUT_VARIABLES if os.environ.get(name, "").strip()), "")
        if not where:
            return DEFAULT_TIMEOUT
        text = os.environ[where].strip()
        try:
            given = float(text)
        except ValueError as error:
            raise InputError(f"{where}={text}: expected a number of seconds above 0, such as 120.") from error
    if not 0 < given < math.inf:
        raise InputError(f"{where}={given:g}: expected a number of seconds above 0, such as 120.")
    return given


def log_of(name: str) -> Path | None:
    """Where a tracker's standard error is stored; None where it is not asked for.

    Raises:
        InputError: the folder cannot be made.
    """
    variable = next((name for name in LOGS_VARIABLES if os.environ.get(name, "").strip()), None)
    if variable is None:
        return None
    path = Path(os.environ[variable].strip()).expanduser()
    make_folder(path, f"It is from {variable}; choose another.")
    # Runs side by side must not write into one file.
    plain = "".join(character if character.isalnum() or character in "-_." else "-" for character in name)
    return path / f"{plain[:100]}-{os.getpid()}.log"
