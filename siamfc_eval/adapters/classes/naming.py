"""How a class is named on the command line, and what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siamfc_eval.errors import InputError

_FILE = re.compile(r"^(?P<place>.+\.py):(?P<name>\w+)$")
_MODULE = re.compile(r"^(?P<place>[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*)$")
_PREFIXES = {"trax", "http", "https", "file"}
"""Words before a colon that name no module."""


@dataclass(frozen=True)
class ClassRequest:
    """A class, and how to make a tracker of it."""

    place: str
    """A file, absolute, or a module's dotted name."""
    name: str
    """Of the class, or of a function that returns a tracker."""
    device: str = "auto"
    weights: str | None = None
    """Handed to constructors that name an argument `weights`."""
    style: str | None = None
    """A name of `siamfc_eval.adapters.classes.styles.STYLES`; None: by the methods."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the constructor, by name."""

    @property
    def is_file(self) -> bool:
        """Whether the place is a file and not a module."""
        return self.place.endswith(".py")

    @property
    def what(self) -> str:
        """The class as errors name it."""
        return f"{self.place}: class {self.name}" if self.is_file else f"class {self.place}.{self.name}"


def is_class_spec(spec: str) -> bool:
    """True for `path/to/file.py:Class` and `package.module:Class`."""
    if _FILE.match(spec):
        return True
    match = _MODULE.match(spec)
    return match is not None and match["place"] not in _PREFIXES


def class_request(spec: str, folder: Path | None = None, **options: Any) -> ClassRequest:
    """What a spec and options ask for.

    Args:
        spec: `path/to/file.py:Class` or `package.module:Class`.
        folder: where a relative path begins; None: here.
        options: fields of `ClassRequest`.

    Raises:
        InputError: it is no such spec, or there is no such file.
    """
    match = _FILE.match(spec) or (_MODULE.match(spec) if is_class_spec(spec) else None)
    if match is None:
        raise InputError(f"'{spec}': expected path/to/file.py:Class or package.module:Class.")
    place = match["place"]
    if place.endswith(".py"):
        path = ((folder or Path()) / Path(place).expanduser()).resolve()
        if not path.is_file():
            raise InputError(f"{path}: no such file. A tracker of your own is named as path/to/file.py:Class.")
        place = str(path)
    return ClassRequest(place, match["name"], **options)
