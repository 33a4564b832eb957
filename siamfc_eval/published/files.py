"""Files of published statistics: a zip archive of a head in JSON and columns of whole numbers.

Such a file holds no box and no annotation. It is read within bounds, runs nothing, and is refused where what it says of
itself does not hold together.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import io
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.metrics.scores import Measure, Scores, TrackerScores
from siamfc_eval.metrics.signature import parse_signature
from siamfc_eval.metrics.summing import summed
from siamfc_eval.plain_text import few
from siamfc_eval.published.columns import Whole, pack, parts_of, unpack
from siamfc_eval.published.record import VERSION, ColumnHead, Head, Origin, SequenceHead, TableHead, definition_of
from siamfc_eval.storage.reading import read_bounded
from siamfc_eval.storage.validation import explain_validation
from siamfc_eval.storage.writing import write_atomic
from siamfc_eval.version import __version__

Floats = NDArray[np.float64]
_HEAD = "head.json"
_LARGEST = 256 * 2**20
"""Bytes of the largest file that is read."""
_MOST_NUMBERS = 2**28
"""Numbers that one column may hold."""
_DAMAGE = (
    *(KeyError, ValueError, IndexError, EOFError, OSError, NotImplementedError, RuntimeError),
    *(zipfile.BadZipFile, lzma.LZMAError, zlib.error),
)
"""What reading an archive that is damaged, encrypted or none at all raises."""
_WHAT = "a file of published statistics, as `siamfc-eval publish` writes it"
_NOTHING: Mapping[str, dict[str, tuple[str, ...]]] = {}
_ATTRIBUTES = "attributes.bits"
_SINGLE = "sequences.bits"
_SIZES = (0, 1, 2, 4, 8)


class _Table(NamedTuple):
    """A table as it is written, and the columns that later ones may be like."""

    head: TableHead
    columns: dict[str, Whole]
    members: list[bytes]


def write_published(
    path: Path,
    dataset: Dataset,
    scored: collections.abc.Sequence[Scores],
    origins: Mapping[str, Origin],
    also: Mapping[str, dict[str, tuple[str, ...]]] = _NOTHING,
) -> Head:
    """Write the statistics of trackers to a file.

    Args:
        path: the file.
        dataset: what was scored on; its names, lengths and hashes are written.
        scored: of the same trackers, under one convention each.
        origins: tracker -> where its raw results come from, in the order in which they are listed.
        also: sequence -> `SequenceHead.also`.

    Returns:
        What the file says of itself.

    Raises:
        InputError: nothing was scored, or the file cannot be written.
    """
    names = tuple(origins)
    tables: list[_Table] = []
    lengths = [len(sequence) for sequence in dataset]
    for scores in scored:
        tables.append(_table(scores, names, lengths, tables))
    if not tables or not any(table.head.trackers for table in tables):
        raise InputError(f"{path}: no tracker was scored under any convention, so there is nothing to publish.")
    head = Head(
        made_with=__version__,
        dataset=dataset.name,
        ground_truth=dataset.ground_truth_hash,
        sequences=tuple(
            SequenceHead(
                name=each.name,
                frames=len(each),
                ground_truth=each.ground_truth_hash.hex(),
                also=also.get(each.name, {}),
            )
            for each in dataset
        ),
        trackers=dict(origins),
        tables=tuple(table.head for table in tables),
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        _add(archive, _HEAD, head.model_dump_json(exclude_defaults=True).encode())
        for number, table in enumerate(tables):
            for column, data in zip(table.head.columns, table.members, strict=True):
                if column.size:
                    _add(archive, _member(number, column), data)
    write_atomic(path, buffer.getvalue(), remedy="Choose another --out.")
    return head


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    # Without the time, so that the same statistics are the same bytes.
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_LZMA)


def _member(number: int, column: ColumnHead) -> str:
    return f"{number}/{column.name}"


def _table(
    scores: Scores, names: tuple[str, ...], lengths: list[int], before: collections.abc.Sequence[_Table]
) -> _Table:
    """The statistics under one convention, as differences from an earlier table that has the same columns."""
    own = [name for name in names if name in scores.trackers]
    width = next((np.asarray(scores.trackers[name].statistics).shape[1] for name in own), 0)
    rows = np.full((len(names), len(scores.sequences), width), np.nan)
    for name in own:
        rows[names.index(name)] = scores.trackers[name].statistics
    missing = np.asarray(np.isnan(rows).any(axis=-1))
    columns = pack(rows, parts_of(scores.measure, width), lengths) if own else {}
    attributes = list(dict.fromkeys(tag for name in own for tag in scores.trackers[name].attributes))
    metrics = [metric.key for metric in scores.measure.metrics]
    single = _kept_roughly(scores.measure, rows, columns, missing) if own else ()
    if single:
        columns[_SINGLE] = _single_bits(scores.measure, rows, single)
    columns[_ATTRIBUTES] = _attribute_bits(scores, names, attributes, metrics)
    shapes = {key: column.shape for key, column in columns.items()}
    like = next((i for i, one in enumerate(before) if {k: c.shape for k, c in one.columns.items()} == shapes), None)
    heads, members = [], []
    for key, column in columns.items():
        reference = None if like is None else before[like].columns[key]
        size, data = _squeezed(column, reference, missing)
        heads.append(ColumnHead(name=key, shape=column.shape, size=size))
        members.append(data)
        if reference is not None:
            columns[key] = _restored(data, size, column.shape, reference)
    head = TableHead(
        convention=scores.convention,
        signature=scores.signature,
        protocol=scores.metadata.get("protocol", ""),
        definition=definition_of(scores.measure),
        like=like,
        trackers=tuple(own),
        missing={name: lost for name in own if (lost := scores.missing(name))},
        refused=dict(scores.metadata.get("unscored", {})),
        columns=tuple(heads),
        attribute_source=scores.attribute_source,
        attributes=tuple(attributes),
        attribute_counts=dict(scores.attribute_counts),
        metrics=tuple(metrics),
        single=single,
        speed={name: dict(scores.trackers[name].speed) for name in own if scores.trackers[name].speed},
        notes={name: scores.trackers[name].notes for name in own if scores.trackers[name].notes},
    )
    return _Table(head, columns, members)


def _kept_roughly(
    measure: Measure, rows: Floats, columns: dict[str, Whole], missing: NDArray[np.bool_]
) -> tuple[str, ...]:
    """Metrics that columns do not give exactly of a single sequence."""
    exact, kept = measure.finish(rows), measure.finish(unpack(columns, parts_of(measure, rows.shape[-1]), missing))
    return tuple(key for key, values in exact.items() if not np.array_equal(values, kept[key], equal_nan=True))


def _single_bits(measure: Measure, rows: Floats, metrics: tuple[str, ...]) -> Whole:
    """Scores of single sequences: shape (trackers, sequences, metrics)."""
    values = measure.finish(rows)
    return np.stack([np.asarray(values[key], dtype=np.float64) for key in metrics], axis=-1).view(np.int64)


def _attribute_bits(scores: Scores, names: tuple[str, ...], attributes: list[str], metrics: list[str]) -> Whole:
    """Scores by attribute: shape (trackers, attributes, metrics)."""
    values = np.full((len(names), len(attributes), len(metrics)), np.nan)
    for i, name in enumerate(names):
        by_attribute = scores.trackers[name].attributes if name in scores.trackers else {}
        for j, attribute in enumerate(attributes):
            values[i, j] = [by_attribute.get(attribute, {}).get(key, np.nan) for key in metrics]
    return values.view(np.int64)


def _squeezed(column: Whole, reference: Whole | None, missing: NDArray[np.bool_]) -> tuple[int, bytes]:
    """The bytes of a column: differences, in as few bytes each as they need, all first bytes first."""
    differences = column.copy() if reference is None else column - reference
    if reference is not None and column.shape[:2] == missing.shape:
        differences[missing] = 0
    low, high = (int(differences.min()), int(differences.max())) if differences.size else (0, 0)
    if low == high == 0 and reference is not None:
        return 0, b""
    size = next(size for size in _SIZES[1:] if -(2 ** (8 * size - 1)) <= low and high < 2 ** (8 * size - 1))
    ordered = np.ascontiguousarray(differences.transpose(2, 1, 0).astype(f"<i{size}"))
    planes = ordered.reshape(-1).view(np.uint8).reshape(-1, size).T
    return size, planes.tobytes()


def _restored(data: bytes, size: int, shape: tuple[int, ...], reference: Whole | None) -> Whole:
    trackers, sequences, positions = shape
    if size == 0:
        return np.zeros(shape, dtype=np.int64) if reference is None else reference
    planes = np.frombuffer(data, dtype=np.uint8).reshape(size, -1).T
    ordered = np.ascontiguousarray(planes).reshape(-1).view(f"<i{size}").reshape(positions, sequences, trackers)
    column = ordered.transpose(2, 1, 0).astype(np.int64)
    return column if reference is None else np.asarray(column + reference)


class _Decoded(NamedTuple):
    """The numbers of a table; trackers are all of the file's, in its order, along the first axis."""

    rows: Floats
    """(trackers, sequences, width): the measure's statistics."""
    missing: NDArray[np.bool_]
    """(trackers, sequences)."""
    by_attribute: Floats
    """(trackers, attributes, metrics)."""
    single: Floats
    """(trackers, sequences, metrics that are kept of single sequences)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Published:
    """A file of published statistics; a table is decoded when it is asked for."""

    path: Path
    head: Head
    archive: bytes
    """The file's content."""

    def __repr__(self) -> str:
        return f"<published statistics of {len(self.head.trackers)} trackers on {self.head.dataset}>"

    @cached_property
    def conventions(self) -> dict[str, TableHead]:
        """Convention -> its table."""
        return {table.convention: table for table in self.head.tables}

    def scores(self, convention: str, trackers: collections.abc.Sequence[str] = ()) -> Scores:
        """The scores of the trackers under a convention, as they were computed from the raw results.

        Args:
            convention: its name.
            trackers: only these, of those that were scored under it; none: all.

        Raises:
            InputError: it is not among those of the file, what it computes has changed since, or the file is damaged.
        """
        if convention not in self.conventions:
            raise InputError(
                f"{self.path}: has no statistics under {convention}; it has {', '.join(self.conventions)}. "
                "Give one of these with --convention."
            )
        table = self.conventions[convention]
        measure = self._measure(table)
        try:
            decoded = self._decoded(table, measure)
        except _DAMAGE as error:
            raise self._damaged(error) from error
        wanted = [name for name in table.trackers if not trackers or name in trackers]
        return Scores(
            dataset=self.head.dataset,
            convention=convention,
            signature=table.signature,
            measure=measure,
            sequences=self.head.names,
            trackers={name: self._tracker(name, table, measure, decoded) for name in wanted},
            attribute_source=table.attribute_source,
            attribute_counts=table.attribute_counts,
            metadata={
                "published": {name: self.head.trackers[name].model_dump() for name in wanted},
                "unscored": table.refused,
                "protocol": table.protocol,
            },
        )

    def _measure(self, table: TableHead) -> Measure:
        """What computes a table's convention, where it does so as when the table was written."""
        convention, blank = table.convention, self.head.without_annotations()
        measure = build_measure(convention, blank)
        if definition_of(measure) != table.definition:
            raise InputError(
                f"{self.path}: its statistics under {convention} are of siamfc-eval {self.head.made_with}, which "
                f"defines {convention} otherwise than {__version__} (definition {table.definition}, here "
                f"{definition_of(measure)}). Have it written again from the raw results with this version, or install "
                f"siamfc-eval=={self.head.made_with}."
            )
        return measure

    def _decoded(self, table: TableHead, measure: Measure) -> _Decoded:
        """The numbers of a table. Raises one of `_DAMAGE` where they are not those that its head tells of."""
        columns = self._columns(self.head.tables.index(table))
        listed, sequences = list(self.head.trackers), self.head.names
        missing = np.ones((len(listed), len(sequences)), dtype=np.bool_)
        for name in table.trackers:
            missing[listed.index(name)] = [each in table.missing.get(name, ()) for each in sequences]
        by_attribute = columns.pop(_ATTRIBUTES).view(np.float64)
        nothing = np.zeros((len(listed), len(sequences), 0))
        single = columns.pop(_SINGLE).view(np.float64) if _SINGLE in columns else nothing
        if single.shape != (*missing.shape, len(table.single)):
            raise ValueError("scores of single sequences are missing")
        width = sum(column.shape[2] for column in columns.values())
        rows = unpack(columns, parts_of(measure, width), missing)
        # The shape of a row is the measure's.
        measure.finish(rows[:1, :1])
        return _Decoded(rows, missing, by_attribute, single)

    def _tracker(self, name: str, table: TableHead, measure: Measure, decoded: _Decoded) -> TrackerScores:
        """The scores of one tracker of a table."""
        place, sequences = list(self.head.trackers).index(name), self.head.names
        values, single = decoded.by_attribute[place].tolist(), decoded.single[place].tolist()
        tracker = summed(
            name,
            measure,
            sequences,
            decoded.rows[place],
            attributes={
                attribute: dict(zip(table.metrics, line, strict=True))
                for attribute, line in zip(table.attributes, values, strict=True)
            },
            speed=table.speed.get(name, {}),
            notes=table.notes.get(name, ()),
        )
        exact = {
            sequence: {**tracker.sequences[sequence], **dict(zip(table.single, line, strict=True))}
            for sequence, line, lost in zip(sequences, single, decoded.missing[place], strict=True)
            if not lost
        }
        return dataclasses.replace(tracker, sequences={**tracker.sequences, **exact})

    def _columns(self, number: int) -> dict[str, Whole]:
        table = self.head.tables[number]
        like = {} if table.like is None else self._columns(table.like)
        with zipfile.ZipFile(io.BytesIO(self.archive)) as archive:
            return {
                column.name: _restored(
                    archive.read(_member(number, column)) if column.size else b"",
                    column.size,
                    column.shape,
                    like.get(column.name),
                )
                for column in table.columns
            }

    def _damaged(self, error: Exception) -> InputError:
        return InputError(
            f"{self.path}: expected {_WHAT}, found one that is damaged ({type(error).__name__}: {error}). "
            "Have it written, or copied, again."
        )


def read_published(path: Path) -> Published:
    """Read a file of published statistics.

    Raises:
        InputError: it is none, is damaged, or was written in a layout of another version.
    """
    content = read_bounded(path, _LARGEST, _WHAT)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            if sizes.get(_HEAD, 0) > _LARGEST:
                raise ValueError("its head is too large")
            text = archive.read(_HEAD)
    except _DAMAGE as error:
        raise InputError(f"{path}: expected {_WHAT}, found something else ({error}).") from error
    try:
        head = Head.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{explain_validation(error, str(path), Head)} Expected {_WHAT}.") from error
    if head.version != VERSION:
        raise InputError(
            f"{path}: is of layout {head.version}, and this siamfc-eval reads layout {VERSION}. Have it written again "
            f"with siamfc-eval {__version__}, or install siamfc-eval=={head.made_with}."
        )
    problem = _inconsistency(head, sizes)
    if problem:
        raise InputError(f"{path}: expected {_WHAT}, found that {problem}. Have it written, or copied, again.")
    return Published(path, head, content)


def _inconsistency(head: Head, sizes: Mapping[str, int]) -> str:
    """What in a head does not hold together, or with the members of the archive; "" if nothing."""
    sequences, trackers = set(head.names), set(head.trackers)
    if len(sequences) != len(head.sequences):
        return "a sequence is named twice"
    for number, table in enumerate(head.tables):
        parse_signature(table.signature)
        strangers = {*table.trackers} - trackers | {
            name for lost in table.missing.values() for name in lost
        } - sequences
        if strangers:
            return f"{few(sorted(strangers))} of table {number} is not among its trackers and sequences"
        if table.like is not None and table.like >= number:
            return f"table {number} is like a later one"
        for column in table.columns:
            problem = _wrong_with(column, len(trackers), sizes.get(_member(number, column)), table.like is not None)
            if problem:
                return f"column {column.name} of table {number} {problem}"
    return ""


def _wrong_with(column: ColumnHead, trackers: int, stored: int | None, has_like: bool) -> str:
    if column.size not in _SIZES:
        return f"has numbers of {column.size} bytes"
    count = int(np.prod(column.shape, dtype=object))
    if count > _MOST_NUMBERS or min(column.shape) < 0 or column.shape[0] != trackers:
        return f"has the shape {column.shape}"
    there = stored == count * column.size if column.size else has_like
    return "" if there or not count else "is cut short or missing"
