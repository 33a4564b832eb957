"""Csv files of boxes with the names of their columns in the first line, next to their images; one or several targets.

`<sequence>.csv` with a folder `<sequence>/`, or `<sequence>/groundtruth.csv` among or above the images. The names of
the columns are those of `box_tables.COLUMNS`; frames without a row are not annotated. Coordinates are taken as 0-based.
"""

from __future__ import annotations

import collections.abc
from pathlib import Path

from siamfc_eval.datasets.formats.videos import annotated_videos
from siamfc_eval.datasets.layout import Layout, Source, subfolders
from siamfc_eval.datasets.reading.box_tables import BoxRow, has_boxes, header_of, read_table, roles_of
from siamfc_eval.datasets.reading.footage import footage_of, sequence_name, sequences_of_table
from siamfc_eval.datasets.reading.sequences import dataset_of_files
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError


def recognises(path: Path) -> bool:
    """True for a csv file with boxes, or a folder that has some, directly or one folder below."""
    of_videos = {annotation for _, annotation in annotated_videos(path)} if path.is_dir() else set()
    return any(has_boxes(roles_of(header_of(file))) for file in tables(path) if file not in of_videos)


def read(source: Source) -> Dataset:
    """Read every csv file whose header has boxes.

    Raises:
        InputError: none, unreadable rows, or frames that do not fit them.
    """
    return read_tables(source, None)


def read_tables(source: Source, columns: collections.abc.Sequence[str] | None) -> Dataset:
    """As `read`; `columns` says what the columns hold where no header does, see `box_tables.read_table`.

    Raises:
        InputError: as `read`.
    """
    files = tables(source.path) if columns is None else tables(source.path, (".csv", ".txt", ".tsv"))
    chosen = [file for file in files if columns is not None or has_boxes(roles_of(header_of(file)))]
    if not files:
        raise InputError(f"{source.path}: no csv file here or one folder below.")
    return dataset_of_files(
        source,
        "csv",
        chosen or files[:1],
        lambda file: _read_sequences(source, file, read_table(file, columns)),
        named=lambda file: file.name,
        problem="unreadable ground truth",
        unstated="a csv file does not say",
    )


def tables(path: Path, endings: tuple[str, ...] = (".csv",)) -> list[Path]:
    """The files of a path that may be tables, sorted: itself, those in it, and those one folder below."""
    if path.is_file():
        return [path] if path.suffix.lower() in {".csv", *endings} else []
    folders = [path, *subfolders(path)]
    found = [entry for folder in folders for entry in sorted(folder.iterdir()) if entry.suffix.lower() in endings]
    return [entry for entry in found if entry.is_file() and not entry.name.startswith(".")]


def _read_sequences(source: Source, file: Path, rows: list[BoxRow]) -> tuple[list[Sequence], list[str]]:
    footage = footage_of(file, source.images)
    return sequences_of_table(source, rows, file, footage, name=sequence_name(file), origin=source.origin or 0.0)


LAYOUT = Layout(
    name="csv",
    summary="<sequence>.csv with a header such as frame,x,y,w,h (and id) next to the folder of images <sequence>/",
    convention="x,y,w,h, or x1,y1,x2,y2, as the header says; taken as 0-based",
    recognises=recognises,
    read=read,
    family="",
)
