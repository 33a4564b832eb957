"""The family of trackers that speak TraX: definitions, and trackers of definitions and of command lines."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, PositiveFloat

from siamfc_eval.adapters.outside import MORE_TIME, log_of, timeout_seconds
from siamfc_eval.adapters.trax.client import TraxTimeouts, TraxTracker, name_of
from siamfc_eval.errors import InputError
from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, refuse_engine, refuse_reading
from siamfc_eval.tracking.tracker import Tracker


class TraxDefinition(Definition):
    """A tracker in another process that speaks TraX."""

    family: Literal["trax"]
    command: str = Field(min_length=1)
    """Command line, split as a shell splits words; it is started in the definition's folder."""
    timeout: PositiveFloat | None = Field(default=None, allow_inf_nan=False)
    """Seconds for the hello and for each answer; none: as for any TraX tracker. It decides nothing of the answers."""
    environment: dict[str, str] = Field(default_factory=dict)
    """Variables added to the tracker's environment."""


def tracker_of_command(spec: str, command: str, options: LoadOptions) -> Tracker:
    """The tracker behind a command line; `spec` is how it was given.

    Raises:
        InputError: there is no command, or an option means nothing to it.
    """
    if not command:
        raise InputError(f"'{spec}': expected the command line of a TraX tracker, as in 'trax:python tracker.py'.")
    _refuse_weights(f"'{spec}'", "the tracker's own command line", options)
    name = options.name or name_of(command)
    timeouts = _timeouts(options.timeout)
    return TraxTracker(command, options.name, timeouts=timeouts, more_time=MORE_TIME, log=log_of(name))


def _build(described: Described[TraxDefinition], options: LoadOptions) -> Tracker:
    definition = described.definition
    _refuse_weights(str(described.path), "its command", options)
    name = options.name or described.name
    tracker = TraxTracker(
        definition.command,
        name,
        timeouts=_timeouts(options.timeout if options.timeout is not None else definition.timeout),
        more_time=MORE_TIME,
        log=log_of(name),
        environment=definition.environment,
        folder=described.folder,
    )
    tracker.facts = tracker_facts(described, options)
    return tracker


def _facts(described: Described[TraxDefinition], options: LoadOptions) -> dict[str, Any]:
    return {"command": described.definition.command, "environment": described.definition.environment}


def _refuse_weights(what: str, where: str, options: LoadOptions) -> None:
    if options.weights is not None:
        raise InputError(f"{what}: give weights ({options.weights}) in {where}.")
    refuse_reading(f"{what}: reads its own weights, so", options)
    refuse_engine(what, options)


def _timeouts(given: float | None) -> TraxTimeouts:
    seconds = timeout_seconds(given)
    return TraxTimeouts(hello=seconds, initialize=seconds, frame=seconds)


FAMILY = Family("trax", "A program in any language that speaks TraX", TraxDefinition, _build, _facts)
