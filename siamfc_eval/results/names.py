"""Names as parts of paths, and the many ways of writing one sequence's name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError

_SAFE = " !#$&'()+,;=@[]^`{}~"
_RESERVED = {".", "..", ""}
_MAX_BYTES = 200


def path_part(name: str) -> str:
    """A name as one part of a path that cannot leave its folder; the inverse is `name_from_part`.

    Separators, control characters, `%` and what Windows forbids are percent-encoded, as is a leading dot (dot files are
    never read as results). Ordinary names, such as "SiamAPN++" or "Jogging-1", stay as they are.

    Raises:
        InputError: an empty name, or one too long for a file system.
    """
    try:
        part = quote(name, safe=_SAFE)
    except UnicodeEncodeError:
        raise InputError(f"{name[:60]!r} cannot name a file: it is not valid Unicode. Choose another name.") from None
    if not re.search(r"%[0-7]", part):
        part = name  # letters beyond ASCII are fine in file names
    if part.startswith("."):
        part = "%2E" + part[1:]
    if part in _RESERVED or len(part.encode()) > _MAX_BYTES:
        raise InputError(
            f"{name[:60]!r} cannot name a file: expected 1 to {_MAX_BYTES} characters. Choose another name."
        )
    return part


def name_from_part(part: str) -> str:
    """The name that `path_part` encoded."""
    return unquote(part)


def _loose(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class SequenceNames:
    """Finds the sequence that a file name means: exactly, by an alias, without case, or without punctuation.

    A name that fits two sequences equally well fits none.
    """

    def __init__(self, sequences: Iterable[Sequence]) -> None:
        self._levels: tuple[dict[str, str | None], ...] = ({}, {}, {}, {})
        self._found: dict[str, str | None] = {}
        for sequence in sequences:
            exact, aliased, folded, loose = self._levels
            exact[sequence.name] = sequence.name
            for written in {sequence.name, *sequence.aliases}:
                _enter(aliased, written, sequence.name)
                _enter(folded, written.lower(), sequence.name)
                _enter(loose, _loose(written), sequence.name)
        # "Human4" is the only name that OTB's "Human4-2" has in some toolkits; "Jogging" could be either of two.
        numbered: dict[str, str | None] = {}
        for key, name in self._levels[3].items():
            stem, _, number = key.rpartition("-")
            if stem and number.isdigit() and name is not None:
                _enter(numbered, stem, name)
        for stem, name in numbered.items():
            self._levels[3].setdefault(stem, name)

    def find(self, written: str) -> str | None:
        """The sequence's own name; None if no sequence is meant."""
        # Every tracker's folder has the same names in it.
        if written not in self._found:
            self._found[written] = self._look_up(written)
        return self._found[written]

    def _look_up(self, written: str) -> str | None:
        exact, aliased, folded, loose = self._levels
        for text in dict.fromkeys((written, unquote(written))):
            key = _loose(text)
            found = exact.get(text) or aliased.get(text) or folded.get(text.lower()) or loose.get(key)
            if found is None and key.startswith("otb-"):
                found = loose.get(key[4:])
            if found is not None:
                return found
        return None


def _enter(table: dict[str, str | None], key: str, name: str) -> None:
    """Note a written name; one that two sequences share means neither."""
    table[key] = name if table.get(key, name) == name else None
