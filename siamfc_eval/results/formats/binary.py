"""Trajectories as vot-toolkit 0.2 and later stores them by default: little-endian binary, coordinates as float32.

Layout: int16 version (1), uint32 number of frames; then for each frame a uint8 type and what belongs to it: 0 special
(uint32 code), 1 rectangle (4 float32), 2 polygon (uint16 k, 2k float32), 3 mask (int16 x, y, uint16 w, h, n, n uint16
run lengths), 4 point (2 float32). Coordinates are 0-based.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np

from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region, bounding_box
from siamfc_eval.protocols.trajectory import REGION, Code
from siamfc_eval.results.rows import Rows

_HEADER = struct.Struct("<hI")
_SPECIAL, _RECTANGLE, _POLYGON = 0, 1, 2
_UNSUPPORTED = {3: "a mask", 4: "a point"}
_KNOWN_CODES = {int(code) for code in Code}


def parse_binary(data: bytes, path: str | Path) -> Rows:
    """The rows of a `.bin` file.

    Raises:
        InputError: naming file and frame, for a file that is cut off or longer than it says, another version, an
            unknown type or code, a coordinate that is infinite, and for masks and points, which are not scored.
    """
    if len(data) < _HEADER.size:
        raise InputError(f"{path}: expected a header of {_HEADER.size} bytes, found {len(data)} bytes in all.")
    version, count = _HEADER.unpack_from(data)
    if version != 1:
        raise InputError(f"{path}: expected a binary trajectory of version 1, found version {version}.")
    if count > len(data):
        raise InputError(f"{path}: the header says {count:,} frames, which {len(data):,} bytes cannot hold.")
    boxes = np.full((count, 4), np.nan)
    codes = np.full(count, REGION, dtype=np.int8)
    polygons: dict[int, Region] = {}
    offset = _HEADER.size
    for row in range(count):
        try:
            kind = data[offset]
            values, offset = _read_entry(data, offset + 1, kind)
        except (struct.error, IndexError):
            raise InputError(
                f"{path}: frame {row + 1} of {count}: the file ends at byte {len(data):,}, inside this frame. "
                "It was cut off; run that sequence again."
            ) from None
        if isinstance(values, int):
            if values not in _KNOWN_CODES:
                raise InputError(f"{path}: frame {row + 1}: expected a code 0, 1 or 2, found {values}.")
            codes[row] = values
        elif values is None:
            found = _UNSUPPORTED.get(kind, f"type {kind}")
            raise InputError(f"{path}: frame {row + 1}: expected a rectangle, a polygon or a code, found {found}.")
        elif any(map(math.isinf, values)):
            raise InputError(f"{path}: frame {row + 1}: expected finite coordinates, found {values}.")
        elif kind == _RECTANGLE:
            boxes[row] = values
        else:
            polygons[row] = np.array(values, dtype=np.float64)
            boxes[row] = bounding_box(polygons[row])
    if offset != len(data):
        raise InputError(
            f"{path}: {len(data) - offset:,} bytes follow the last of {count} frames; the file is damaged."
        )
    return Rows(boxes, codes, polygons)


def _read_entry(data: bytes, offset: int, kind: int) -> tuple[tuple[float, ...] | int | None, int]:
    """One frame's code (an int), coordinates, or None for what is not supported; and where the next one starts."""
    if kind == _SPECIAL:
        (code,) = struct.unpack_from("<I", data, offset)
        return int(code), offset + 4
    if kind == _RECTANGLE:
        return struct.unpack_from("<4f", data, offset), offset + 16
    if kind == _POLYGON:
        (points,) = struct.unpack_from("<H", data, offset)
        if points < 3:
            return None, offset
        return struct.unpack_from(f"<{2 * points}f", data, offset + 2), offset + 2 + 8 * points
    return None, offset


def format_binary(rows: Rows) -> bytes:
    """The content of a `.bin` file. Coordinates are rounded to float32, as the format has it: about 7 digits.

    Raises:
        InputError: a coordinate beyond float32, or a polygon of more than 65,535 points.
    """
    parts = [_HEADER.pack(1, len(rows))]
    for row, code in enumerate(rows.codes.tolist()):
        try:
            if code != REGION:
                parts.append(struct.pack("<BI", _SPECIAL, code))
            elif row in rows.polygons:
                polygon = rows.polygons[row].tolist()
                parts.append(struct.pack(f"<BH{len(polygon)}f", _POLYGON, len(polygon) // 2, *polygon))
            else:
                parts.append(struct.pack("<B4f", _RECTANGLE, *rows.boxes[row].tolist()))
        except (OverflowError, struct.error):
            raise InputError(
                f"frame {row + 1}: {rows.boxes[row].tolist()} does not fit into vot-toolkit's binary layout (float32). "
                "Write text instead."
            ) from None
    return b"".join(parts)
