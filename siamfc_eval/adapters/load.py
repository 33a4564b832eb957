"""Any tracker that a user can name, from the catalogue or from elsewhere."""

from __future__ import annotations

import math
import os
from pathlib import Path

from siamfc_eval.errors import InputError
from siamfc_eval.tracking.tracker import Tracker

TRAX_PREFIX = "trax:"
"""What a command line that speaks TraX is marked with."""

TRAX_TIMEOUT = "SIAMFC_EVAL_TRAX_TIMEOUT"
"""Environment variable: seconds that a TraX tracker may take for its hello, and for each answer."""

TRAX_LOGS = "SIAMFC_EVAL_TRAX_LOGS"
"""Environment variable: folder in which what TraX trackers write to standard error is kept."""


def load_tracker(spec: str, device: str = "auto", weights: Path | str | None = None) -> Tracker:
    """The tracker that a word on the command line means, ready to start.

    Args:
        spec: a name of the catalogue, a definition (.toml), a class (`path/to/file.py:ClassName`) or the command line
            of a TraX tracker (`trax:COMMAND`).
        device: "auto", "cpu", "cuda" or "cuda:N"; for networks of ours, and for classes that ask for it.
        weights: a weights file instead of the definition's own.

    Raises:
        UnknownNameError: no such tracker, with the nearest known names.
        InputError: the definition, its weights or the class cannot be used.
        TrackerError: a foreign class could not be built.
    """
    if spec.startswith(TRAX_PREFIX):
        if weights is not None:
            raise InputError(f"'{spec}': give weights ({weights}) in the tracker's own command line.")
        return _trax_tracker(spec)
    if ".py:" in spec:
        from siamfc_eval.adapters.foreign import load_foreign

        return load_foreign(spec, device, weights)
    from siamfc_eval.tracking.catalogue import load_tracker as load_from_catalogue

    return load_from_catalogue(spec, device, weights)


def _trax_tracker(spec: str) -> Tracker:
    """The tracker behind a command line; time-outs and the folder of logs come from the environment.

    The environment and not arguments, because worker processes inherit it and every entry point has it.
    """
    from siamfc_eval.adapters.trax_client import TraxTimeouts, TraxTracker, name_of

    command = spec.removeprefix(TRAX_PREFIX).strip()
    if not command:
        raise InputError(f"'{spec}': expected the command line of a TraX tracker, as in 'trax:python tracker.py'.")
    timeouts, log = TraxTimeouts(), None
    given = os.environ.get(TRAX_TIMEOUT, "").strip()
    if given:
        timeouts = TraxTimeouts(*[_seconds(given)] * 3)
    folder = os.environ.get(TRAX_LOGS, "").strip()
    if folder:
        path = Path(folder).expanduser()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{TRAX_LOGS}={folder}: cannot make this folder ({error.strerror}).") from error
        # Runs side by side must not write into one file.
        log = path / f"{name_of(command)}-{os.getpid()}.log"
    return TraxTracker(command, timeouts=timeouts, log=log)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InputError(f"{TRAX_TIMEOUT}={text}: expected a number of seconds above 0, such as 120.")
    return seconds
