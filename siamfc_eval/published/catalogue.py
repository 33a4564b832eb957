"""The published statistics that come with this package, and what is meant by names, groups and files of one's own."""

from __future__ import annotations

import collections.abc
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from siamfc_eval.datasets.known import match_known
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.published.files import Published, read_published

EVERYTHING = "published"
"""The word for all published trackers of a data set."""
ENDING = ".npz"
STATISTICS = Path(__file__).parent / "statistics"
"""The folder of the files, one for each benchmark."""


class Chosen(NamedTuple):
    """Trackers of one file."""

    file: Published
    trackers: tuple[str, ...]
    named: bool
    """Whether each of them was asked for by its own name."""


def benchmarks() -> tuple[str, ...]:
    """The data sets of which there are published statistics."""
    return tuple(sorted(path.name.removesuffix(ENDING) for path in STATISTICS.glob(f"*{ENDING}")))


@lru_cache(maxsize=8)
def published_on(dataset: str) -> Published:
    """The statistics that come with this package of a data set.

    Raises:
        InputError: there are none.
    """
    known = match_known(dataset)
    name = known.name if known is not None else dataset
    if name not in benchmarks():
        raise InputError(
            f"no published statistics of '{dataset}' come with this package; there are some of "
            f"{', '.join(benchmarks()) or 'nothing'} (siamfc-eval list published). A file of your own, as `siamfc-eval "
            "publish` writes it, is given by its path."
        )
    return read_published(STATISTICS / f"{name}{ENDING}")


def choose(words: collections.abc.Iterable[str], dataset: str) -> tuple[Chosen, ...]:
    """What words mean: "published", names of trackers, names of groups, paths of files; commas part them.

    Args:
        words: as a user gave them.
        dataset: whose trackers are meant.

    Raises:
        UnknownNameError: no tracker, group or file of that name.
        InputError: a file is no file of published statistics.
    """
    names: dict[str, bool] = {}
    files: dict[Path, Published] = {}
    for word in (part.strip() for text in words for part in text.split(",")):
        path = Path(word).expanduser()
        if word == EVERYTHING:
            names |= dict.fromkeys(published_on(dataset).head.trackers, False) | names
        elif word and (path.suffix == ENDING or path.is_file()):
            files[path.resolve()] = read_published(path)
        elif word:
            names |= _named(word, published_on(dataset))
    chosen = [Chosen(file, tuple(file.head.trackers), False) for file in files.values()]
    if names:
        file = published_on(dataset)
        listed = tuple(name for name in file.head.trackers if name in names)
        chosen.insert(0, Chosen(file, listed, all(names[name] for name in listed)))
    return tuple(chosen)


def _named(word: str, file: Published) -> dict[str, bool]:
    """Tracker -> whether it is named itself."""
    if word in file.head.trackers:
        return {word: True}
    groups = {group for origin in file.head.trackers.values() for group in origin.groups}
    if word in groups:
        return {name: False for name, origin in file.head.trackers.items() if word in origin.groups}
    raise UnknownNameError(
        f"published tracker or group of {file.head.dataset}", word, [*file.head.trackers, *groups, EVERYTHING]
    )
