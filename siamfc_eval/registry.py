"""Things that are found by name and loaded when they are used: this package's own, and those of other packages.

One small class serves tracker families, models, data set formats, protocols, conventions, metrics, figures and
executors. Another package adds its own through an entry point of the group that the registry names::

    [project.entry-points."siamfc_eval.conventions"]
    my-lab = "my_package.conventions:MY_LAB"

Nothing of another package is imported until its entry is asked for.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from siamfc_eval.errors import InputError, UnknownNameError

T = TypeVar("T")

OURS = "siamfc_eval"
"""Who provides an entry that is registered here."""


@dataclass(frozen=True)
class Entry:
    """What is known of something before it is loaded."""

    name: str
    target: str
    """`module:attribute`."""
    summary: str = ""
    """One line for lists; "" where only loading would tell."""
    provider: str = OURS
    """The distribution that provides it."""

    def load(self) -> Any:
        """The object itself.

        Raises:
            InputError: the module cannot be imported or has no such attribute.
        """
        module, _, attribute = self.target.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
        except Exception as error:
            if self.provider == OURS:
                raise
            raise InputError(
                f"'{self.name}' of the package {self.provider} cannot be loaded: {self.target} raised "
                f"{type(error).__name__}: {error}. Repair or uninstall {self.provider}."
            ) from error
        return found


class Registry(Mapping[str, T], Generic[T]):
    """Name -> object of one kind, loaded on first use.

    Args:
        what: what one of them is called, in the singular, for errors: "convention".
        kind: the class that every object must be an instance of, or a subclass of, as `module:attribute`; checked for
            those of other packages.
        group: entry points of this group belong to it; None: nobody else adds to it.
    """

    def __init__(self, what: str, kind: str, group: str | None = None) -> None:
        self.what = what
        self.group = group
        self._kind = kind
        self._own: dict[str, Entry] = {}
        self._loaded: dict[str, T] = {}

    def add(self, name: str, target: str, summary: str = "") -> None:
        """Register something of this package.

        Raises:
            ValueError: the name is taken.
        """
        if name in self._own:
            raise ValueError(f"{self.what} '{name}' is registered twice: {self._own[name].target} and {target}")
        self._own[name] = Entry(name, target, summary)

    def add_object(self, name: str, thing: T, summary: str = "") -> None:
        """Register something of this package that is there already.

        Raises:
            ValueError: the name is taken.
        """
        self.add(name, "", summary)
        self._loaded[name] = thing

    def register(self, name: str, thing: T) -> None:
        """Add an object for the rest of this process, as a notebook or a test does.

        Raises:
            InputError: the name is taken, or it is no object of this kind.
        """
        if name in self.entries:
            raise InputError(f"{self.what} '{name}' exists already; choose another name.")
        self._check(name, thing, "register")
        self._own[name] = Entry(name, "", inspect.getdoc(thing) or "", "this process")
        self._loaded[name] = thing

    @cached_property
    def _foreign(self) -> dict[str, Entry]:
        """Entries of other packages.

        Raises:
            InputError: two packages, or a package and this one, use one name.
        """
        if self.group is None:
            return {}
        import importlib.metadata  # Costs half as much as numpy, and nearly all names are this package's own.

        found: dict[str, Entry] = {}
        for point in importlib.metadata.entry_points(group=self.group):
            provider = point.dist.name if point.dist is not None else "an unknown package"
            entry = Entry(point.name, point.value, "", provider)
            other = self._own.get(point.name) or found.get(point.name)
            if other is not None and other != entry:
                raise InputError(
                    f"{self.what} '{point.name}' is provided by {other.provider} and by {provider}. "
                    "Uninstall one of them, or ask its authors for another name."
                )
            found[point.name] = entry
        return found

    @property
    def own(self) -> tuple[str, ...]:
        """Names of what is registered in this process; nobody looks at other packages for them."""
        return tuple(self._own)

    @property
    def entries(self) -> dict[str, Entry]:
        """All that can be asked for, this package's own first."""
        return {**self._own, **self._foreign}

    def __getitem__(self, name: str) -> T:
        """The object of a name.

        Raises:
            UnknownNameError: there is none, with the nearest names.
            InputError: another package's entry cannot be loaded or is not what it should be.
        """
        if name not in self._loaded:
            # This package's own names are found without a look at what else is installed.
            entry = self._own.get(name) or self._foreign.get(name)
            if entry is None:
                raise UnknownNameError(self.what, name, self.entries)
            thing = entry.load()
            if entry.provider != OURS:
                self._check(name, thing, entry.provider)
            self._loaded[name] = thing
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._own or name in self._foreign

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def provider(self, name: str) -> str:
        """The distribution that provides an entry, with its version; "" for this package."""
        entry = self._own.get(name) or self._foreign[name]
        if entry.provider == OURS:
            return ""
        import importlib.metadata

        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            return f"{entry.provider}-{importlib.metadata.version(entry.provider)}"
        return entry.provider

    def summary(self, name: str) -> str:
        """One line about an entry; for another package's, the first line of its documentation or its `summary`."""
        entry = self.entries[name]
        if entry.summary:
            return entry.summary.splitlines()[0]
        thing = self[name]
        own = getattr(thing, "summary", "") or (inspect.getdoc(thing) if inspect.isclass(thing) else "") or ""
        return f"{str(own).partition(chr(10))[0]} (from {entry.provider})".strip()

    def _check(self, name: str, thing: object, provider: str) -> None:
        kind = cast(type, Entry(name, self._kind).load())
        if isinstance(thing, kind) or (inspect.isclass(thing) and issubclass(thing, kind)):
            return
        raise InputError(
            f"{self.what} '{name}' of {provider} is a {type(thing).__name__}; expected a {kind.__name__} of "
            f"{kind.__module__}."
        )
