"""What a run leaves next to its results, so that it is known how they came about."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siamfc_eval.errors import InputError
from siamfc_eval.results.content import MANIFEST, MAX_BYTES, read_content
from siamfc_eval.storage.validation import explain_validation


def utc_now() -> str:
    """The time, ISO 8601, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


WHERE = ("data", "dataset_options")
"""Settings that say where the data set is now, so that results can be scored; the only ones that a later session
changes."""


_HOW = ("device", "engine", "precision")
"""Settings that a speed depends on."""


class ItemStatus(BaseModel):
    """How one work item stands."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["done", "failed"]
    frames: int = 0
    """Rows in the result file."""
    digest: str = ""
    """Hash of the result file's content, as `results.content.content_digest` makes it."""
    seconds: float | None = None
    """Time that the tracker took over all frames, decoding excluded; None where it was not measured."""
    seed: int | None = None
    responses: int | None = Field(default=None, exclude_if=lambda count: count is None)
    """Frames whose response maps are beside the result; None (and no such key) where none were asked for."""
    error: str = ""
    """Why it failed."""
    session: int = 0
    """Which session it comes from: 0 the one that began the run, n the n-th of those that continued it."""


class Session(BaseModel):
    """One call of the program that made some of the results: by what, on what."""

    model_config = ConfigDict(extra="forbid")

    started: str = Field(default_factory=utc_now)
    versions: dict[str, str] = Field(default_factory=dict)
    """Package -> version, with "python"."""
    hardware: dict[str, str] = Field(default_factory=dict)
    """E.g. cpu, cores, gpu."""
    commit: str = ""
    """Commit of the source checkout, with "+" where it had changes; "" for an installed package."""
    command: list[str] = Field(default_factory=list)
    """The command line."""
    settings: dict[str, str] = Field(default_factory=dict)
    """What does not decide the results and is good to know, e.g. lanes, device."""


SESSION = tuple(name for name in Session.model_fields if name != "started")
"""What a manifest says of the session that began the run under the names that a session has for them."""


_FORMER = frozenset({"seeds"})
"""Keys of earlier manifests that say nothing now: each item has its own seed."""


class Manifest(BaseModel):
    """One run of one tracker: what was run, on what, by what, and how each work item stands.

    `versions`, `hardware`, `commit`, `command` and `settings` are those of the session that began the run, and stay so.
    A session that continues it adds itself to `later` when it makes its first result.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    dataset: str
    tracker: str
    experiment: str | None = None
    """The protocol's folder, e.g. "baseline"; None for one-pass runs, which have none. The key keeps its first name."""
    identity: dict[str, str] = Field(default_factory=dict)
    """Hashes (or values) of all that decides the results: e.g. weights, config, ground_truth, protocol. A run continues
    in a folder only if these are the same."""
    versions: dict[str, str] = Field(default_factory=dict)
    hardware: dict[str, str] = Field(default_factory=dict)
    commit: str = ""
    command: list[str] = Field(default_factory=list)
    settings: dict[str, str] = Field(default_factory=dict)
    later: list[Session] = Field(default_factory=list)
    """The sessions that continued the run, in order; empty in manifests of versions that did not distinguish them."""
    source: str = ""
    """Where imported results came from; "" for results of a run."""
    notes: list[str] = Field(default_factory=list)
    created: str = Field(default_factory=utc_now)
    updated: str = Field(default_factory=utc_now)
    items: dict[str, ItemStatus] = Field(default_factory=dict)
    """Key of the work item (`<sequence>` or `<sequence>/<sequence>_001`) -> how it stands."""

    @model_validator(mode="before")
    @classmethod
    def _without_former_keys(cls, values: Any) -> Any:
        """Manifests of earlier versions are read; any other unknown key is an error."""
        return {key: values[key] for key in values if key not in _FORMER} if isinstance(values, dict) else values

    @property
    def first(self) -> Session:
        """The session that began the run."""
        return Session(started=self.created, **{name: getattr(self, name) for name in SESSION})

    @property
    def sessions(self) -> list[Session]:
        """All sessions, as `ItemStatus.session` counts them."""
        return [self.first, *self.later]

    @property
    def timing_sessions(self) -> list[Session]:
        """The sessions that measured the times that are there."""
        timed = {item.session for item in self.items.values() if item.status == "done" and item.seconds is not None}
        return [session for number, session in enumerate(self.sessions) if number in timed]

    @property
    def timed(self) -> tuple[dict[str, str], ...]:
        """How the times that are there were measured, once for each way: "hardware", "device", "engine", "precision".

        The last two are there for trackers that have a network of this package.
        """
        ways: dict[tuple[str, ...], dict[str, str]] = {}
        for session in self.timing_sessions:
            way = {"hardware": ", ".join(f"{name} {value}" for name, value in session.hardware.items())}
            way |= {name: session.settings[name] for name in _HOW if name in session.settings}
            ways[tuple(way.values())] = way
        return tuple(ways.values())


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a run's folder; None where there is none (results of other toolkits have none).

    Raises:
        InputError: it is there and is no manifest of this kind.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(read_content(path, MAX_BYTES))
    except ValidationError as error:
        raise InputError(
            f"{explain_validation(error, f'{path}: not a manifest of this version', Manifest)} "
            "Write into another folder, or move this file away if the results next to it are to be kept."
        ) from None
