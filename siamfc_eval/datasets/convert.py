"""A data set of one's own, in any form that can be read, as one in the layout of a benchmark."""

from __future__ import annotations

import collections.abc
import dataclasses
from pathlib import Path

from siamfc_eval.datasets.formats.csv import read_tables
from siamfc_eval.datasets.layout import Source
from siamfc_eval.datasets.load import load_dataset, usable
from siamfc_eval.datasets.problems import Problems
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError


def convert_dataset(
    source: Path | str,
    out: Path | str,
    *,
    layout: str = "got10k",
    kind: str | None = None,
    columns: collections.abc.Sequence[str] | None = None,
    origin: float | None = None,
    targets: collections.abc.Sequence[str] = (),
    images: Path | str | None = None,
    suffix: str = ".jpg",
) -> Dataset:
    """Read a data set and write it, frames included, in another layout.

    Image files are copied as they are; frames of videos become images.

    Args:
        source: folder, video or file of boxes.
        out: new folder.
        layout: to write: "got10k", "otb", "vot" or "folder".
        kind: layout or benchmark of the source; None: recognised.
        columns: what the columns of the source's tables hold, in order, e.g. ("frame", "x", "y", "w", "h"); "-" passes
            one over. None: as their headers or the layout say.
        origin: what the source's coordinates add to 0-based ones, 0 or 1; None: by the rule of its layout.
        targets: only these, of tables with several; none: all, each as a sequence of its own.
        images: root of the images, where they are apart.
        suffix: of the images that are made of videos: ".jpg" (quality 95) or ".png" (lossless).

    Returns:
        The new data set, as it is read back.

    Raises:
        InputError: the source cannot be read, has no frames, or the folder is not empty.
        UnknownNameError: no such layout or target.
    """
    place, folder = Path(source).expanduser(), Path(out).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already. Give a new folder, so that two data sets are not mixed.")
    dataset = _read(place, kind, columns, origin, Path(images).expanduser() if images is not None else None)
    if targets:
        chosen = tuple(s for s in dataset if s.name in targets or s.name.rpartition("-")[2] in targets)
        missing = [name for name in targets if all(name not in {s.name, s.name.rpartition("-")[2]} for s in chosen)]
        if missing:
            raise UnknownNameError("target", missing[0], [s.name.rpartition("-")[2] for s in dataset])
        dataset = dataclasses.replace(dataset, sequences=chosen)
    render_to_folder(dataset, folder, layout, suffix, copy=True)
    written = load_dataset(folder, layout, name=dataset.name)
    return dataclasses.replace(written, notes=(*dataset.notes, *written.notes))


def _read(
    place: Path,
    kind: str | None,
    columns: collections.abc.Sequence[str] | None,
    origin: float | None,
    images: Path | None,
) -> Dataset:
    if columns is None:
        return load_dataset(place, kind, images, origin=origin)
    if not place.exists():
        raise InputError(f"{place}: no such file or folder. Expected tables of boxes.")
    sink = Problems()
    dataset = usable(read_tables(Source(place, images, None, origin, sink), columns), sink)
    if not len(dataset):
        raise InputError(f"{place}: no table of boxes (.csv, .txt, .tsv) was found here or one folder below.")
    return dataset
