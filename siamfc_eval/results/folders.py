"""A folder of raw results as it is at one time: each folder in it is listed once, and each manifest read once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from siamfc_eval.errors import InputError, near_names
from siamfc_eval.results.content import MANIFEST

if TYPE_CHECKING:
    from siamfc_eval.results.manifest import Manifest


class ResultFolder:
    """A folder of raw results, which whoever scores or reports opens once and hands on.

    What changes on disk after a folder in it was listed is not seen.
    """

    def __init__(self, path: Path | str) -> None:
        """
        Args:
            path: the folder; `~` is the user's.
        """
        self.path = Path(path).expanduser()
        self._entries: dict[str, list[os.DirEntry[str]]] = {}
        self._manifests: dict[str, Manifest | None] = {}

    @classmethod
    def of(cls, place: Path | str | ResultFolder) -> ResultFolder:
        """A folder by its path, or one that is open already."""
        return place if isinstance(place, ResultFolder) else cls(place)

    def must_exist(self) -> None:
        """Raises InputError, with folders of similar names beside it, where there is no such folder."""
        if self.path.is_dir():
            return
        if self.path.exists():
            raise InputError(f"{self.path}: is a file. Expected a folder of results.")
        parent = self.path.parent
        beside = [entry.name for entry in self.entries(parent) if entry.is_dir()] if parent.is_dir() else []
        near = near_names(self.path.name, beside)
        hint = f" Did you mean {', '.join(str(parent / name) for name in near)}?" if near else ""
        raise InputError(f"{self.path}: no such folder of results.{hint}")

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What is in a folder, by name, without dot files (which is where unfinished writes are).

        Raises:
            InputError: no such folder, or unreadable.
        """
        key = os.path.abspath(folder)
        if key not in self._entries:
            try:
                with os.scandir(folder) as found:
                    visible = [entry for entry in found if not entry.name.startswith(".")]
            except OSError as error:
                raise InputError(
                    f"{folder}: cannot list this results folder ({error.strerror}). Check the path."
                ) from error
            self._entries[key] = sorted(visible, key=lambda entry: entry.name)
        return self._entries[key]

    def folders(self, folder: Path) -> list[Path]:
        """The folders in a folder, by name.

        Raises:
            InputError: as for `entries`.
        """
        return [Path(entry.path) for entry in self.entries(folder) if entry.is_dir()]

    def manifest(self, folder: Path) -> Manifest | None:
        """The manifest of a run in a folder; None where there is none, or one that is damaged or of another version,
        which decides nothing."""
        key = os.path.abspath(folder)
        if key not in self._manifests:
            self._manifests[key] = _manifest_in(folder)
        return self._manifests[key]

    def manifests(self, folder: Path | None = None) -> Iterator[Manifest]:
        """The manifests in and below a folder, in the order of their paths; links to folders are not followed.

        Args:
            folder: where; None: this one.
        """
        place = self.path if folder is None else folder
        entries: list[os.DirEntry[str]] = []
        with contextlib.suppress(InputError):
            entries = self.entries(place)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from self.manifests(Path(entry.path))
            elif entry.name == MANIFEST and (manifest := self.manifest(place)) is not None:
                yield manifest


def _manifest_in(folder: Path) -> Manifest | None:
    if not (folder / MANIFEST).is_file():
        return None
    from siamfc_eval.results.manifest import read_manifest

    with contextlib.suppress(InputError):
        return read_manifest(folder)
    return None
