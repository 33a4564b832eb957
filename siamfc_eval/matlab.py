"""MATLAB files of version 5 to 7, as far as results and networks need them: numbers, text, cells and structs.

scipy's reader takes the process down on some damaged files (its compiled part reads beyond its buffers), which a reader
of other people's files must not; this one checks every length before it reads. It is below all rooms that read such
files: OTB's results and MatConvNet's networks. Source: "MAT-File Format", level 5, The
MathWorks.
"""

from __future__ import annotations

import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR, _OPAQUE = 1, 2, 4, 17
_NUMERIC_CLASSES = range(6, 16)
_Order = Literal["<", ">"]
_ORDERS: dict[bytes, _Order] = {b"IM": "<", b"MI": ">"}
_MAX_DEPTH = 12
_MAX_ITEMS = 1_000_000
_MAX_COUNT = 2**31


class _DamageError(Exception):
    """What is wrong with the content, in words."""


@dataclass(frozen=True)
class Unread:
    """What stands for a value that is neither numbers, text, cells nor structs."""

    kind: int
    """MATLAB's number of the class: 3 an object, 5 a sparse matrix, 16 a function handle, 17 an opaque object."""


def read_variable(data: bytes, name: str, path: str | Path, *, limit: int, holding: str) -> Any:
    """One variable of a MATLAB file.

    Args:
        data: the content of the file.
        name: the variable.
        path: where the content is from, for messages.
        limit: bytes to which the content may unpack.
        holding: what the file should hold, for messages.

    Returns:
        Numbers as a float64 array of the shape in the file, text as str, a cell array as a flat list, a struct array as
        a flat list of dicts; `Unread` for anything else.

    Raises:
        InputError: no file of this kind, damaged, unpacking to more than the limit, or without the variable.
    """
    if data[:8] == b"\x89HDF\r\n\x1a\n" or data[:10] == b"MATLAB 7.3":
        raise InputError(
            f"{path}: expected {holding} in a MATLAB file of version 7 or older, found 7.3. Save it with -v7."
        )
    order = _ORDERS.get(data[126:128])
    if order is None:
        raise InputError(f"{path}: expected {holding} in a MATLAB file of version 5 to 7, found something else.")
    found = []
    try:
        reader, unpacked = _Reader(data, 128, order), 0
        while reader.left:
            kind, content = reader.element()
            if kind == _COMPRESSED:
                content = _unpack(content, limit - unpacked, limit)
                unpacked += len(content)
                kind, content = _Reader(content, 0, order).element()
            if kind == _MATRIX:
                matrix = _Reader(content, 0, order).header()
                if matrix.name == name:
                    return matrix.value(0)
                found.append(matrix.name)
    except _DamageError as error:
        raise InputError(f"{path}: expected {holding} in a MATLAB file; it is damaged: {error}.") from None
    raise InputError(f"{path}: expected a variable '{name}', found {', '.join(found)[:200] or 'none'}.")


def _unpack(content: bytes, left: int, limit: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(content, left + 1)
    except zlib.error as error:
        raise _DamageError(str(error)) from None
    if len(data) > left:
        raise _DamageError(f"it unpacks to more than {limit:,} bytes")
    if not unpacker.eof:  # The checksum, by which damage is seen, comes last.
        raise _DamageError("a packed variable has no end")
    return data


class _Reader:
    """Reads elements one after the other, never beyond the end."""

    def __init__(self, data: bytes, offset: int, order: _Order) -> None:
        self._data, self._offset, self._order = data, offset, order

    @property
    def left(self) -> bool:
        return self._offset < len(self._data)

    def element(self) -> tuple[int, bytes]:
        """Type and content of the next element."""
        kind, size, start = self._tag()
        if size > len(self._data) - start:
            raise _DamageError(f"an element of {size:,} bytes at byte {start:,} of {len(self._data):,}")
        content = self._data[start : start + size]
        if start == self._offset + 4:
            self._offset += 8
        else:
            self._offset = start + size + (0 if kind == _COMPRESSED else -size % 8)
        return kind, content

    def _tag(self) -> tuple[int, int, int]:
        """Type, size and where the content starts; up to four bytes are in the tag itself."""
        if len(self._data) - self._offset < 8:
            raise _DamageError(f"it ends at byte {len(self._data):,}, inside an element")
        first, second = struct.unpack_from(self._order + "II", self._data, self._offset)
        if first >> 16:
            size = first >> 16
            if size > 4:
                raise _DamageError(f"a small element of {size} bytes at byte {self._offset:,}")
            return first & 0xFFFF, size, self._offset + 4
        return first, second, self._offset + 8

    def numbers(self) -> NDArray[Any]:
        """The next element, which must be numbers."""
        kind, content = self.element()
        if kind not in _NUMBERS:
            raise _DamageError(f"expected numbers, found an element of type {kind}")
        dtype = np.dtype(_NUMBERS[kind]).newbyteorder(self._order)
        if len(content) % dtype.itemsize:
            raise _DamageError(f"{len(content)} bytes of {dtype.itemsize}-byte numbers")
        return np.frombuffer(content, dtype=dtype)

    def text(self) -> str:
        """The next element, which must be text."""
        kind, content = self.element()
        if kind not in _TEXT:
            raise _DamageError(f"expected text, found an element of type {kind}")
        encoding = _TEXT[kind]
        if encoding in {"utf-16", "utf-32"}:
            encoding += "-le" if self._order == "<" else "-be"
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise _DamageError(f"text that is not {encoding} ({error.reason})") from None

    def header(self) -> _Matrix:
        """What every matrix begins with."""
        flags = self.numbers()
        if flags.size and int(flags[0]) & 0xFF == _OPAQUE:  # has no shape
            return _Matrix(_OPAQUE, (0, 0), "", self)
        shape = [int(length) for length in self.numbers()]
        if flags.size < 1 or len(shape) < 2 or min(shape) < 0 or math.prod(shape) > _MAX_COUNT:
            raise _DamageError(f"a matrix of shape {shape}")
        return _Matrix(int(flags[0]) & 0xFF, tuple(shape), self.text(), self)


@dataclass(frozen=True)
class _Matrix:
    """A variable, a cell or a field, whose content has not been read yet."""

    kind: int
    shape: tuple[int, ...]
    name: str
    content: _Reader

    def value(self, depth: int) -> Any:
        """The content as Python has it."""
        if depth > _MAX_DEPTH:
            raise _DamageError(f"more than {_MAX_DEPTH} cells within cells")
        count = math.prod(self.shape)
        if self.kind in _NUMERIC_CLASSES:
            values = self.content.numbers()
            if values.size != count:
                raise _DamageError(f"{values.size} numbers for a matrix of shape {self.shape}")
            return values.reshape(self.shape, order="F").astype(np.float64)
        if self.kind == _CHAR:
            return self.content.text() if count else ""
        if self.kind in (_CELL, _STRUCT) and count > _MAX_ITEMS:
            raise _DamageError(f"{count:,} cells")
        if self.kind == _CELL:
            return [self._inner(depth) for _ in range(count)]
        if self.kind == _STRUCT:
            names = self._fields()
            return [{name: self._inner(depth) for name in names} for _ in range(count)]
        return Unread(self.kind)

    def _fields(self) -> list[str]:
        width = self.content.numbers()
        names = self.content.text()
        if width.size != 1 or not 0 < int(width[0]) <= 256 or len(names) % int(width[0]):
            raise _DamageError("a list of field names that does not add up")
        step = int(width[0])
        return [names[start : start + step].partition("\0")[0] for start in range(0, len(names), step)]

    def _inner(self, depth: int) -> Any:
        kind, content = self.content.element()
        if kind != _MATRIX:
            raise _DamageError(f"expected a cell, found an element of type {kind}")
        if not content:
            return np.zeros((0, 0))
        return _Reader(content, 0, self.content._order).header().value(depth + 1)
