"""Any tracker that a user can name, from the catalogue or from elsewhere."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from siamfc_eval.adapters.trax_process import TIMEOUT_OPTION, TIMEOUT_VARIABLE
from siamfc_eval.errors import InputError
from siamfc_eval.tracking.tracker import Tracker

if TYPE_CHECKING:
    from siamfc_eval.adapters.trax_client import TraxTimeouts
    from siamfc_eval.tracking.definition import TraxDefinition

TRAX_PREFIX = "trax:"
"""What a command line that speaks TraX is marked with."""

TRAX_LOGS = "SIAMFC_EVAL_TRAX_LOGS"
"""Environment variable: folder in which what TraX trackers write to standard error is kept."""


def load_tracker(
    spec: str, device: str = "auto", weights: Path | str | None = None, trax_timeout: float | None = None
) -> Tracker:
    """The tracker that a word on the command line means, ready to start.

    Args:
        spec: a name of the catalogue, a definition (.toml), a class (`path/to/file.py:ClassName`) or the command line
            of a TraX tracker (`trax:COMMAND`).
        device: "auto", "cpu", "cuda" or "cuda:N"; for networks of ours, and for classes that ask for it.
        weights: a weights file instead of the definition's own.
        trax_timeout: seconds that a TraX tracker may take for its hello and for each answer; None: as its definition
            or the environment says, else 60. No other tracker is timed.

    Raises:
        UnknownNameError: no such tracker, with the nearest known names.
        InputError: the definition, its weights or the class cannot be used.
        TrackerError: a foreign class could not be built.
    """
    if spec.startswith(TRAX_PREFIX):
        if weights is not None:
            raise InputError(f"'{spec}': give weights ({weights}) in the tracker's own command line.")
        return _trax_tracker(spec, trax_timeout)
    if ".py:" in spec:
        from siamfc_eval.adapters.foreign import load_foreign

        return load_foreign(spec, device, weights)
    from siamfc_eval.tracking.catalogue import load_tracker as load_from_catalogue
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.definition import TraxDefinition

    if spec.endswith(".toml"):
        path, definition = read_catalogue(spec)
        if isinstance(definition, TraxDefinition):
            if weights is not None:
                raise InputError(f"{path}: give weights ({weights}) in its command.")
            return _defined_trax_tracker(path, definition, trax_timeout)
    return load_from_catalogue(spec, device, weights)


def _trax_tracker(spec: str, timeout: float | None) -> Tracker:
    """The tracker behind a command line."""
    from siamfc_eval.adapters.trax_client import TraxTracker, name_of

    command = spec.removeprefix(TRAX_PREFIX).strip()
    if not command:
        raise InputError(f"'{spec}': expected the command line of a TraX tracker, as in 'trax:python tracker.py'.")
    return TraxTracker(command, timeouts=_timeouts(timeout), log=_log_of(name_of(command)))


def _defined_trax_tracker(path: Path, definition: TraxDefinition, timeout: float | None) -> Tracker:
    """The tracker that a definition of family "trax" describes; its name is the file's."""
    from siamfc_eval.adapters.trax_client import TraxTracker
    from siamfc_eval.tracking.definition import definition_facts

    tracker = TraxTracker(
        definition.command,
        path.stem,
        timeouts=_timeouts(timeout if timeout is not None else definition.timeout),
        log=_log_of(path.stem),
        environment=definition.environment,
        folder=path.resolve().parent,
    )
    tracker.facts = {"name": path.stem, **definition_facts(definition, str(path), None)}
    return tracker


def _timeouts(seconds: float | None) -> TraxTimeouts:
    """Time-outs of so many seconds; None: as the environment says, which worker processes inherit, else the defaults.

    Raises:
        InputError: not a number of seconds.
    """
    from siamfc_eval.adapters.trax_client import TraxTimeouts

    where, given = TIMEOUT_OPTION, seconds
    if given is None:
        text = os.environ.get(TIMEOUT_VARIABLE, "").strip()
        if not text:
            return TraxTimeouts()
        where = TIMEOUT_VARIABLE
        try:
            given = float(text)
        except ValueError as error:
            raise InputError(f"{where}={text}: expected a number of seconds above 0, such as 120.") from error
    if not 0 < given < math.inf:
        raise InputError(f"{where}={given:g}: expected a number of seconds above 0, such as 120.")
    return TraxTimeouts(hello=given, initialize=given, frame=given)


def _log_of(name: str) -> Path | None:
    """Where a tracker's standard error is kept; None where nobody asked for it.

    Raises:
        InputError: the folder cannot be made.
    """
    folder = os.environ.get(TRAX_LOGS, "").strip()
    if not folder:
        return None
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{TRAX_LOGS}={folder}: cannot make this folder ({error.strerror}).") from error
    # Runs side by side must not write into one file.
    return path / f"{name}-{os.getpid()}.log"
