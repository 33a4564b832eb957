"""What a reader of one format is: how it is recognised, what it assumes and how it reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from siamfc_eval.datasets.problems import Problems
from siamfc_eval.datasets.sequence import Dataset


@dataclass(frozen=True)
class Source:
    """What a reader is asked to read."""

    path: Path
    """The folder or file with the annotations."""
    images: Path | None = None
    """Root folder of the images where they are apart from the annotations."""
    dataset: str | None = None
    """Canonical name of the data set where the user gave one ("otb2013", "uav20l"); it selects subsets and splits."""
    origin: float | None = None
    """What the files add to 0-based coordinates, where the user overrides the reader's own rule."""
    problems: Problems = field(default_factory=Problems)
    """Where problems go: raised, or collected."""


@dataclass(frozen=True)
class Layout:
    """One format on disk.

    A new format is one module with such an object, listed in `load.LAYOUTS`, or offered by another package as an entry
    point of the group `siamfc_eval.datasets`.
    """

    name: str
    """Identifier, e.g. "otb"; also accepted by `--dataset`."""
    summary: str
    """What it looks like on disk, in one line; shown when nothing is recognised."""
    convention: str
    """The coordinate convention of its files, with the reason for it."""
    recognises: Callable[[Path], bool]
    """True where a path has this layout. Must be cheap: looks at names and first lines only."""
    read: Callable[[Source], Dataset]
    """Reads the data set."""
    family: str
    """The data sets published in it: "otb", "vot", ...; "" for layouts that hold any."""
    marks: tuple[str, ...] = ()
    """What the folder of a sequence has, for saying what a folder that is not recognised lacks: patterns, `|` between
    those of which one is enough, `/` behind folders."""


def subfolders(path: Path) -> list[Path]:
    """The visible folders directly in a folder, sorted by name."""
    if not path.is_dir():
        return []
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith((".", "__")))
