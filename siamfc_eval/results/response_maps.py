"""Response maps of a run, kept beside its result so that one can look at them: small, whole, and known to be its own.

A map is kept in bytes, each a step between its lowest and its highest value, so it is off by at most 1/510 of its
range. The file is an .npz of plain arrays (`ResponseMaps`), with the hash of the result that it belongs to.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import Box
from siamfc_eval.results.content import read_content
from siamfc_eval.results.raw import RawRun
from siamfc_eval.storage.writing import write_atomic

LARGEST_SIDE = 64
"""Rows and columns of a map that is kept; larger ones are averaged down, since they are up-sampled ones."""
MOST_BYTES = 2**28
"""Of a file of maps, packed or unpacked; 400,000 frames of 25 x 25."""
_DAMAGE = (
    ValueError,
    LookupError,
    EOFError,
    TypeError,
    MemoryError,
    OverflowError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What zipfile and numpy raise for files that are not whole."""
_STEPS = 255
_BELONGS = "result"


class ResponseMap(NamedTuple):
    """One map as it is kept; see `ResponseMaps` for each."""

    steps: NDArray[np.uint8]
    low: np.float32
    high: np.float32
    covered: NDArray[np.float32]
    searched: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ResponseMaps:
    """The maps of one run, for the n frames in which the tracker gave one."""

    frames: NDArray[np.int32]
    """Shape (n,): 0-based frames of the sequence, in the order in which the tracker saw them."""
    shapes: NDArray[np.uint16]
    """Shape (n, 2): rows and columns."""
    values: NDArray[np.uint8]
    """All maps one after the other, row by row: 0 the lowest value of a map, 255 the highest."""
    lows: NDArray[np.float32]
    """Shape (n,): lowest value of each map."""
    highs: NDArray[np.float32]
    """Shape (n,): highest value."""
    covered: NDArray[np.float32]
    """Shape (n, 4): what a map lies over, as `Output.covered`; NaN where that is not known."""
    searched: NDArray[np.float32]
    """Shape (n, 4): what was searched, as `Output.searched`; NaN where that is not known."""

    def __len__(self) -> int:
        return len(self.frames)

    @cached_property
    def by_frame(self) -> Mapping[int, ResponseMap]:
        """Frame -> its map."""
        columns = (self.pieces(), self.lows, self.highs, self.covered, self.searched)
        return dict(zip(self.frames.tolist(), map(ResponseMap, *columns), strict=True))

    def pieces(self) -> Iterator[NDArray[np.uint8]]:
        """The bytes of each map, shape (rows, columns)."""
        ends = np.cumsum(self.shapes.astype(np.int64).prod(axis=1))
        for end, (rows, columns) in zip(ends.tolist(), self.shapes.tolist(), strict=True):
            yield self.values[end - rows * columns : end].reshape(rows, columns)


class Recorder:
    """Takes the maps of a run as they come."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._shapes: list[tuple[int, ...]] = []
        self._values = bytearray()
        self._ranges: list[tuple[float, float]] = []
        self._places: list[NDArray[np.float32]] = []

    def add(self, frame: int, response: ArrayLike, covered: Box | None = None, searched: Box | None = None) -> None:
        """Keep a map.

        Args:
            frame: 0-based, of the sequence.
            response: shape (rows, columns); values that are not finite count as the lowest.
            covered, searched: as `siamfc_eval.tracking.tracker.Output` has them.

        Raises:
            TrackerError: it is no table of numbers.
        """
        found = _reduced(_table(response, frame))
        finite = np.isfinite(found)
        if not finite.any():
            return
        low, high = float(found[finite].min()), float(found[finite].max())
        steps = (np.where(finite, found, low) - low) / ((high - low) or 1.0) * _STEPS
        self._frames.append(frame)
        self._shapes.append(found.shape)
        self._values += np.rint(steps).astype(np.uint8).tobytes()
        self._ranges.append((low, high))
        self._places.append(np.concatenate([_place(covered), _place(searched)]))

    def maps(self) -> ResponseMaps:
        """All that were kept."""
        places = np.array(self._places, dtype=np.float32).reshape(-1, 8)
        ranges = np.array(self._ranges, dtype=np.float32).reshape(-1, 2)
        return ResponseMaps(
            np.array(self._frames, dtype=np.int32),
            np.array(self._shapes, dtype=np.uint16).reshape(-1, 2),
            np.frombuffer(bytes(self._values), dtype=np.uint8),
            np.ascontiguousarray(ranges[:, 0]),
            np.ascontiguousarray(ranges[:, 1]),
            np.ascontiguousarray(places[:, :4]),
            np.ascontiguousarray(places[:, 4:]),
        )


def _table(response: ArrayLike, frame: int) -> NDArray[np.float64]:
    try:
        found = np.asarray(response, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.ndim != 2 or not found.size:
        raise TrackerError(
            f"frame {frame + 1}: the tracker gave a response map of shape {np.shape(response)}; expected rows and "
            "columns of numbers. Correct the tracker, or run it without --responses."
        )
    largest = float(np.finfo(np.float32).max)
    return np.where(np.isfinite(found), found.clip(-largest, largest), found)


def _reduced(found: NDArray[np.float64]) -> NDArray[np.float64]:
    """A map of at most `LARGEST_SIDE` rows and columns."""
    if max(found.shape) <= LARGEST_SIDE:
        return found
    import cv2

    size = [min(side, LARGEST_SIDE) for side in found.shape]
    return np.asarray(cv2.resize(found, (size[1], size[0]), interpolation=cv2.INTER_AREA), dtype=np.float64)


def _place(box: Box | None) -> NDArray[np.float32]:
    return np.full(4, np.nan, dtype=np.float32) if box is None else np.asarray(box, dtype=np.float32)


def pack_maps(maps: ResponseMaps, digest: str) -> bytes:
    """The content of the file of maps.

    Args:
        maps: of a run.
        digest: `content_digest` of the result file that it belongs to.
    """
    packed = io.BytesIO()
    columns: dict[str, Any] = {field.name: getattr(maps, field.name) for field in fields(maps)}
    columns[_BELONGS] = np.frombuffer(bytes.fromhex(digest), dtype=np.uint8)
    np.savez_compressed(packed, **columns)
    return packed.getvalue()


def write_maps(path: Path, maps: ResponseMaps | None, digest: str, durable: bool = True) -> int | None:
    """Write the maps of a result; those of another result that are there go.

    Args:
        path: their file.
        maps: None: none were asked for, and those of the same result stay.
        digest: `content_digest` of the result file.
        durable: as for `write_atomic`.

    Returns:
        How many are there now; None where none were ever asked for.
    """
    if maps is None and (there := count_maps(path, digest)) is not None:
        return there
    if maps:
        write_atomic(path, pack_maps(maps, digest), durable)
    else:
        path.unlink(missing_ok=True)
    return None if maps is None else len(maps)


def count_maps(path: Path, digest: str) -> int | None:
    """How many maps a file has that belong to a result; None where it is not there, or is damaged or of another."""
    if not path.is_file():
        return None
    try:
        return len(read_maps(path, digest))
    except InputError:
        return None


def maps_path(result: Path, in_folder: bool) -> Path:
    """Where the maps of a result file are.

    Args:
        result: the file.
        in_folder: it lies in a folder of its sequence; otherwise maps are in one of their own, as times are.
    """
    return result.parent / ("" if in_folder else "responses") / f"{result.stem}_response.npz"


def maps_beside(result: Path) -> Path | None:
    """The file of maps that lies beside a result file, wherever that is; None where there is none."""
    return next((path for path in (maps_path(result, True), maps_path(result, False)) if path.is_file()), None)


def maps_of(run: RawRun) -> tuple[ResponseMaps | None, str]:
    """The maps of a run, and what is wrong with those that cannot be shown; "" also where there are none."""
    path = None if run.index or run.repaired is not None else maps_beside(run.path)
    if path is None:
        return None, ""
    try:
        return read_maps(path, run.file.digest), ""
    except InputError as error:
        return None, str(error)


def read_maps(path: Path, digest: str) -> ResponseMaps:
    """The maps in a file, which may be anybody's.

    Args:
        path: the file.
        digest: of the result file that they are to belong to.

    Raises:
        InputError: it cannot be read, is damaged, or is of another result.
    """
    try:
        found = _arrays(read_content(path, MOST_BYTES))
        maps = ResponseMaps(**{field.name: found[field.name] for field in fields(ResponseMaps)})
        _check(maps)
        owner = found[_BELONGS].tobytes().hex()
    except _DAMAGE as error:
        raise InputError(
            f"{path}: not a file of response maps, or a damaged one ({error}). Delete it, and run again with "
            "--responses to have the maps."
        ) from None
    if owner != digest:
        raise InputError(
            f"{path}: these response maps are of another result than the one beside them. Delete the file, and run "
            "again with --responses to have the maps."
        )
    return maps


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file that does not unpack to more than it may."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
        if total > MOST_BYTES:
            raise ValueError(f"it unpacks to {total:,} bytes, and at most {MOST_BYTES:,} are read")
    with np.load(io.BytesIO(data), allow_pickle=False) as content:
        return {name: content[name] for name in content.files}


def _check(maps: ResponseMaps) -> None:
    """ValueError where arrays are not those of maps."""
    count = len(maps.frames)
    expected = {
        "frames": (np.int32, (count,)),
        "shapes": (np.uint16, (count, 2)),
        "values": (np.uint8, (int(maps.shapes.astype(np.int64).prod(axis=1).sum()),)),
        "lows": (np.float32, (count,)),
        "highs": (np.float32, (count,)),
        "covered": (np.float32, (count, 4)),
        "searched": (np.float32, (count, 4)),
    }
    for name, (kind, shape) in expected.items():
        column = getattr(maps, name)
        if column.dtype != kind or column.shape != shape:
            raise ValueError(f"{name} is {column.dtype} of shape {column.shape}, expected {kind.__name__} of {shape}")
    if (maps.frames < 0).any() or (maps.shapes == 0).any() or (maps.shapes > LARGEST_SIDE).any():
        raise ValueError("frames or shapes are out of their range")
    if not (np.isfinite(maps.lows).all() and np.isfinite(maps.highs).all()):
        raise ValueError("a map has a value that is not finite")
