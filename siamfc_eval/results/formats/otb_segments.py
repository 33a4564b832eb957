"""OTB's own raw results: one file holds the runs of a sequence, as JSON (Python toolkit) or `.mat` (MATLAB toolkit).

Either is a list of records with `res` (one row per frame), `type`/`resType`, `startFrame` and, for templates that were
warped, `tmplsize`. A row is a rectangle, four corners, or the parameters of an affine warp of the template; the warps
become rectangles as OTB's Python toolkit makes them: top-left and bottom-right corner, rounded down.
"""

from __future__ import annotations

import collections.abc
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.matlab import read_variable
from siamfc_eval.results.content import MAX_BYTES
from siamfc_eval.results.raw import RawRun, ResultFile
from siamfc_eval.results.rows import Rows, plain_boxes

_TYPES = {"rect": "rect", "ivtaff": "ivt", "affine_ivt": "ivt", "l1aff": "l1", "affine_l1": "l1"}
_TYPES |= {"4corner": "corners", "affine": "corners"}


def open_segments(path: Path, sequence: Sequence) -> list[RawRun]:
    """The runs of one file: one (OPE), the segments of TRE with their first frames, or the shifts of SRE by name.

    Raises:
        InputError: not a file of this kind, damaged, or of a result type that is not supported.
    """
    read: dict[str, list[dict[str, Any]]] = {}

    def parse(data: bytes, source: str) -> collections.abc.Sequence[Rows]:
        records = _matlab_records(data, source) if source.lower().endswith(".mat") else _json_records(data, source)
        read["records"] = records
        return [_rows(record, f"{source}: run {number}") for number, record in enumerate(records, start=1)]

    file = ResultFile(str(path), parse)
    count = len(file.rows)
    records = read["records"]
    starts = [_integer(record.get("startFrame", 1), path, "startFrame") for record in records]
    first = min(starts)
    runs = []
    for index in range(count):
        # TRE counts annotated frames, OPE and SRE image files; within one file the earliest is the first frame.
        start = starts[index] - first
        label = records[index].get("shiftType")
        runs.append(
            RawRun(
                sequence.name,
                index + 1,
                file,
                index,
                origin=sequence.origin,
                start=start,
                label=label if isinstance(label, str) else "",
                segments=count,
            )
        )
    return runs


def _json_records(data: bytes, path: str | Path) -> list[dict[str, Any]]:
    try:
        records = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected OTB results as JSON; {type(error).__name__}: {error}.") from None
    if isinstance(records, dict):
        records = [records]
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        raise InputError(f"{path}: expected a list of runs, each with 'res' and 'resType'; found other JSON.")
    return [{**record, "type": record.get("resType", record.get("type", "rect"))} for record in records]


def _matlab_records(data: bytes, path: str | Path) -> list[dict[str, Any]]:
    """The structs in the cell array (or struct array) `results` of an OTB `.mat` file."""
    results = read_variable(data, "results", path, limit=MAX_BYTES, holding="OTB results")
    records: list[dict[str, Any]] = []
    for item in results if isinstance(results, list) else [results]:
        records += item if isinstance(item, list) else [item]
    if not records or not all(isinstance(record, dict) for record in records):
        raise InputError(f"{path}: expected 'results' to hold structs with 'res' and 'type', found something else.")
    return records


def _integer(value: Any, path: str | Path, name: str) -> int:
    number = _floats(value, f"{path}: {name}")
    if number.size != 1 or not np.isfinite(number).all() or abs(number.item()) > 2**31:
        raise InputError(f"{path}: expected '{name}' to be a frame number, found {str(value)[:40]!r}.")
    return int(number.item())


def _floats(value: Any, where: str) -> NDArray[np.float64]:
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where}: expected rows of numbers of one width, found something else.") from None


def _rows(record: dict[str, Any], where: str) -> Rows:
    """One run's rows as rectangles, in the file's own coordinates."""
    kind = str(record.get("type", "rect"))
    form = _TYPES.get(kind.lower())
    if form is None:
        raise InputError(
            f"{where}: result type '{kind[:40]}' is not supported; known: {', '.join(sorted(_TYPES))}. "
            "Convert it to rectangles with OTB's own toolkit."
        )
    width = {"rect": 4, "ivt": 6, "l1": 6, "corners": 4}[form]
    values = _floats(record.get("res", ()), f"{where}: 'res'")
    if values.ndim == 1 and values.size == width:
        values = values.reshape(1, -1)
    if values.ndim != 2 or values.shape[1] != width or len(values) == 0:
        raise InputError(f"{where}: expected rows of {width} numbers for type '{kind}', found shape {values.shape}.")
    if np.isinf(values).any():
        raise InputError(f"{where}: expected finite numbers, found an infinite one.")
    if form == "rect":
        return plain_boxes(values)
    if form == "corners":
        if len(values) % 2:
            raise InputError(
                f"{where}: expected two rows (x and y of four corners) per frame, found {len(values)} rows."
            )
        pairs = values.reshape(-1, 2, 4)
        return plain_boxes(_between(pairs[:, :, 0], pairs[:, :, 2]))
    size = _floats(record.get("tmplsize", ()), f"{where}: 'tmplsize'").ravel()
    if size.size != 2 or not np.isfinite(size).all():
        raise InputError(f"{where}: expected 'tmplsize' with width and height for type '{kind}'.")
    return plain_boxes(_warped(values, size, form))


def _warped(parameters: NDArray[np.float64], size: NDArray[np.float64], form: str) -> Boxes:
    """Rectangles of a template warped by affine parameters, shape (n, 6) -> (n, 4)."""
    p = parameters
    if form == "ivt":  # x, y, then the matrix; the template is centred on the origin
        matrix = np.stack([p[:, [2, 3]], p[:, [4, 5]]], axis=1)
        shift, corners = p[:, :2], np.array([[-size[0] / 2, -size[1] / 2], [size[0] / 2, size[1] / 2]])
    else:  # the matrix, then y, x; the template starts at (1, 1)
        matrix = np.stack([p[:, [2, 3]], p[:, [0, 1]]], axis=1)
        shift, corners = p[:, [5, 4]], np.array([[1.0, 1.0], [size[0], size[1]]])
    low, high = (matrix @ corner + shift for corner in corners)
    return _between(low, high)


def _between(low: NDArray[np.float64], high: NDArray[np.float64]) -> Boxes:
    """Boxes from top-left and bottom-right corners, shape (n, 2) each, rounded down."""
    low, high = np.floor(low), np.floor(high)
    return np.concatenate([low, high - low], axis=1)
