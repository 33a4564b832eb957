"""Any tracker that a user can name, from the catalogue or from elsewhere."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.adapters.classes.naming import ClassRequest, class_request, is_class_spec
from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import make_folder
from siamfc_eval.tracking.tracker import Tracker

if TYPE_CHECKING:
    from siamfc_eval.adapters.trax.client import TraxTimeouts
    from siamfc_eval.tracking.definition import TraxDefinition

TRAX_PREFIX = "trax:"
"""What a command line that speaks TraX is marked with."""

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


def load_tracker(
    spec: str,
    device: str = "auto",
    weights: Path | str | None = None,
    timeout: float | None = None,
    *,
    weights_key: str | None = None,
    style: str | None = None,
    name: str | None = None,
    debug: bool = False,
) -> Tracker:
    """The tracker that a word on the command line means, ready to start.

    Args:
        spec: a name of the catalogue, a definition (.toml), a class (`path/to/file.py:Class` or
            `package.module:Class`) or the command line of a TraX tracker (`trax:COMMAND`).
        device: "auto", "cpu", "cuda" or "cuda:N"; for networks of ours, and for classes that ask for it.
        weights: a weights file instead of the definition's own.
        timeout: seconds that a tracker in another process (TraX, or a class) may take to start and for each answer;
            None: as its definition or the environment says, else 60. No other tracker is timed.
        weights_key: where in the weights file the tensors are, e.g. "ema"; only for networks of ours.
        style: in which a class is written (`siamfc_eval.adapters.classes.styles.STYLES`); None: by its methods.
        name: for result folders and reports, in place of the tracker's own.
        debug: have a class in this process, and stop in the debugger where it raises.

    Raises:
        UnknownNameError: no such tracker, with the nearest known names.
        InputError: the definition, its weights or the class cannot be used.
        TrackerError: a foreign class could not be built.
    """
    if weights_key is not None and (spec.startswith(TRAX_PREFIX) or is_class_spec(spec)):
        raise InputError(f"'{spec}': reads its own weights, so the key '{weights_key}' means nothing to it.")
    if spec.startswith(TRAX_PREFIX):
        if weights is not None:
            raise InputError(f"'{spec}': give weights ({weights}) in the tracker's own command line.")
        return _trax_tracker(spec, timeout, name)
    if is_class_spec(spec):
        request = class_request(spec, device=device, weights=_absolute(weights), style=style)
        return _class_tracker(request, name, timeout, None, debug)
    from siamfc_eval.tracking.catalogue import load_tracker as load_from_catalogue
    from siamfc_eval.tracking.catalogue import read_catalogue
    from siamfc_eval.tracking.definition import ClassDefinition, TraxDefinition

    if spec.endswith(".toml"):
        path, definition = read_catalogue(spec)
        if weights_key is not None and isinstance(definition, TraxDefinition | ClassDefinition):
            raise InputError(f"{path}: reads its own weights, so the key '{weights_key}' means nothing to it.")
        if isinstance(definition, TraxDefinition):
            if weights is not None:
                raise InputError(f"{path}: give weights ({weights}) in its command.")
            return _defined_trax_tracker(path, definition, timeout, name)
        if isinstance(definition, ClassDefinition):
            folder = path.resolve().parent
            request = class_request(
                definition.class_name,
                folder,
                device=device,
                weights=_absolute(weights),
                style=style or definition.style,
                arguments=definition.arguments,
            )
            seconds = timeout if timeout is not None else definition.timeout
            return _class_tracker(request, name or path.stem, seconds, folder, debug)
    tracker = load_from_catalogue(spec, device, weights, weights_key)
    return tracker if name is None else _renamed(tracker, name)


def _renamed(tracker: Any, name: str) -> Tracker:
    """One of our own trackers under another name."""
    tracker.name = name
    tracker.facts = {**tracker.facts, "name": name}
    renamed: Tracker = tracker
    return renamed


def _absolute(weights: Path | str | None) -> str | None:
    """A weights file for a process that may run in another folder; what is no file here is handed on as it is."""
    if weights is None:
        return None
    path = Path(weights).expanduser()
    return str(path.resolve()) if path.is_file() else str(weights)


def _class_tracker(
    request: ClassRequest, name: str | None, timeout: float | None, folder: Path | None, debug: bool
) -> Tracker:
    """The tracker of a Python class."""
    if debug:
        from siamfc_eval.adapters.classes.inside import DebuggedTracker

        return DebuggedTracker(request, name, folder=folder)
    from siamfc_eval.adapters.classes.tracker import ClassTracker

    return ClassTracker(
        request,
        name,
        timeout=_seconds(timeout),
        more_time=MORE_TIME,
        log=_log_of(name or request.name),
        folder=folder,
    )


def _trax_tracker(spec: str, timeout: float | None, name: str | None) -> Tracker:
    """The tracker behind a command line."""
    from siamfc_eval.adapters.trax.client import TraxTracker, name_of

    command = spec.removeprefix(TRAX_PREFIX).strip()
    if not command:
        raise InputError(f"'{spec}': expected the command line of a TraX tracker, as in 'trax:python tracker.py'.")
    return TraxTracker(
        command, name, timeouts=_timeouts(timeout), more_time=MORE_TIME, log=_log_of(name or name_of(command))
    )


def _defined_trax_tracker(path: Path, definition: TraxDefinition, timeout: float | None, name: str | None) -> Tracker:
    """The tracker that a definition of family "trax" describes; its name is the file's unless another is given."""
    from siamfc_eval.adapters.trax.client import TraxTracker
    from siamfc_eval.tracking.definition import definition_facts

    name = name or path.stem
    tracker = TraxTracker(
        definition.command,
        name,
        timeouts=_timeouts(timeout if timeout is not None else definition.timeout),
        more_time=MORE_TIME,
        log=_log_of(name),
        environment=definition.environment,
        folder=path.resolve().parent,
    )
    tracker.facts = {"name": name, **definition_facts(definition, str(path), None)}
    return tracker


def _timeouts(given: float | None) -> TraxTimeouts:
    """The time-outs of a TraX tracker, for `_seconds`."""
    from siamfc_eval.adapters.trax.client import TraxTimeouts

    seconds = _seconds(given)
    return TraxTimeouts(hello=seconds, initialize=seconds, frame=seconds)


def _seconds(given: float | None) -> float:
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


def _log_of(name: str) -> Path | None:
    """Where a tracker's standard error is kept; None where nobody asked for it.

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
