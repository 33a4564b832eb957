"""The files of a report; figures are drawn by several processes where that pays."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from siamfc_eval.reporting import plots
from siamfc_eval.storage.writing import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WORTH = 12
"""Files below which starting a process takes longer than it saves."""


class Picture(NamedTuple):
    """A figure that becomes files."""

    path: Path
    """Without the ending."""
    figure: Figure
    signature: str
    """Of its numbers, for the files' metadata."""


def write_part(path: Path, content: str | bytes) -> None:
    """Write a file of a report, whole or not at all.

    Raises:
        InputError: the folder cannot be written.
    """
    write_atomic(path, content, durable=False, remedy="Choose another folder with --out.")


def write_figures(pictures: Sequence[Picture], formats: Sequence[str], cores: int | None = None) -> None:
    """Write each figure in each format; the same figure gives the same bytes, whoever draws it.

    Args:
        pictures: the figures.
        formats: "png", "svg", "pdf".
        cores: processes to use; None: one for each core.

    Raises:
        InputError: the folder cannot be written.
    """
    for picture, files in zip(pictures, _rendered(pictures, tuple(formats), cores or os.cpu_count() or 1), strict=True):
        for file_format, data in zip(formats, files, strict=True):
            path = picture.path.with_name(f"{picture.path.name}.{file_format}")
            write_part(path, data)


def _rendered(pictures: Sequence[Picture], formats: tuple[str, ...], cores: int) -> Iterator[list[bytes]]:
    """The files of each figure, in order."""
    tasks = _tasks(pictures, formats)
    if tasks is None:
        yield from (render(picture.figure, formats, picture.signature) for picture in pictures)
    elif cores == 1 or len(pictures) * len(formats) < _WORTH:
        yield from map(render_pickled, tasks)  # a copy, as in another process, so that the bytes are the same
    else:
        from loky import ProcessPoolExecutor

        with ProcessPoolExecutor(min(cores, len(tasks))) as pool:
            yield from pool.map(render_pickled, tasks)


def _tasks(pictures: Sequence[Picture], formats: tuple[str, ...]) -> list[bytes] | None:
    """What a process needs for each figure; None where a figure of another package cannot travel."""
    try:
        return [pickle.dumps((picture.figure, formats, picture.signature)) for picture in pictures]
    except (pickle.PicklingError, TypeError, AttributeError):
        return None


def render_pickled(task: bytes) -> list[bytes]:
    """`render` in another process, of what this program has pickled itself."""
    return render(*pickle.loads(task))


def render(figure: Figure, formats: tuple[str, ...], signature: str) -> list[bytes]:
    """The bytes of a figure in each format."""
    files = []
    for file_format in formats:
        buffer = io.BytesIO()
        plots.save(figure, buffer, file_format, signature)
        files.append(buffer.getvalue())
    return files
