"""The family of Python classes: definitions, and trackers of definitions and of names of classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveFloat

from siamfc_eval.adapters.classes.naming import ClassRequest, class_request
from siamfc_eval.adapters.outside import MORE_TIME, log_of, timeout_seconds
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, refuse_engine, refuse_reading
from siamfc_eval.tracking.tracker import Tracker


class ClassDefinition(Definition):
    """A Python class of the user's own, which runs in a process of its own."""

    family: Literal["class"]
    class_name: str = Field(alias="class", min_length=1)
    """`file.py:Class`, the file relative to the definition's folder, or `package.module:Class`."""
    style: str | None = None
    """In which it is written, e.g. "pysot"; none: by its methods."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Of the constructor, by name. Relative paths begin in the definition's folder, in which the process runs."""
    timeout: PositiveFloat | None = Field(default=None, allow_inf_nan=False)
    """Seconds to make the tracker, and for each of its calls; none: as for any class. It decides nothing of answers."""


def tracker_of_spec(spec: str, options: LoadOptions) -> Tracker:
    """The tracker of a class, `path/to/file.py:Class` or `package.module:Class`.

    Raises:
        InputError: there is no such class, or it is no tracker.
        TrackerError: it could not be built.
    """
    _refuse_key(f"'{spec}'", options)
    request = class_request(spec, device=options.device, weights=_absolute(options.weights), style=options.style)
    return _tracker(request, options.name, options.timeout, None, options.debug)


def _build(described: Described[ClassDefinition], options: LoadOptions) -> Tracker:
    definition = described.definition
    _refuse_key(str(described.path), options)
    request = class_request(
        definition.class_name,
        described.folder,
        device=options.device,
        weights=_absolute(options.weights),
        style=options.style or definition.style,
        arguments=definition.arguments,
    )
    seconds = options.timeout if options.timeout is not None else definition.timeout
    return _tracker(request, options.name or described.name, seconds, described.folder, options.debug)


def _tracker(
    request: ClassRequest, name: str | None, timeout: float | None, folder: Path | None, debug: bool
) -> Tracker:
    if debug:
        from siamfc_eval.adapters.classes.inside import DebuggedTracker

        return DebuggedTracker(request, name, folder=folder)
    from siamfc_eval.adapters.classes.tracker import ClassTracker

    return ClassTracker(
        request,
        name,
        timeout=timeout_seconds(timeout),
        more_time=MORE_TIME,
        log=log_of(name or request.name),
        folder=folder,
    )


def _refuse_key(what: str, options: LoadOptions) -> None:
    refuse_reading(f"{what}: reads its own weights, so", options)
    refuse_engine(what, options)


def _absolute(weights: Path | str | None) -> str | None:
    """A weights file for a process that may run in another folder; what is no file here is handed on as it is."""
    if weights is None:
        return None
    path = Path(weights).expanduser()
    return str(path.resolve()) if path.is_file() else str(weights)


FAMILY = Family("class", "A Python class of your own, in any of the styles in use", ClassDefinition, _build)
