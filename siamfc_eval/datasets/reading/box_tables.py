"""Tables with a box, a frame and perhaps a target in each row: csv files under the column names in use, MOT's files."""

from __future__ import annotations

import collections.abc
import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.reading.annotation_text import read_lines
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Boxes

COLUMNS: dict[str, tuple[str, ...]] = {
    "frame": (
        *("frame", "frame_id", "frame_number", "frame_no", "frame_index", "frame_num", "frames", "index", "idx"),
        *("image", "image_id", "image_name", "image_path", "img", "file", "filename", "file_name", "name", "path"),
    ),
    "id": ("id", "target", "target_id", "track", "track_id", "object", "object_id", "obj_id", "instance_id"),
    "x": ("x", "left", "x1", "xmin", "x_min", "bb_left", "bbox_x", "bbox_left", "bbox_x1", "x_left"),
    "y": ("y", "top", "y1", "ymin", "y_min", "bb_top", "bbox_y", "bbox_top", "bbox_y1", "y_top"),
    "w": ("w", "width", "bb_width", "bbox_w", "bbox_width", "box_width"),
    "h": ("h", "height", "bb_height", "bbox_h", "bbox_height", "box_height"),
    "x2": ("x2", "right", "xmax", "x_max", "bb_right", "bbox_x2"),
    "y2": ("y2", "bottom", "ymax", "y_max", "bb_bottom", "bbox_y2"),
    "absent": ("absent", "out_of_view", "full_occlusion"),
}
"""What a column holds -> the names that it goes by, without regard to case, spaces and hyphens."""

EXPECTED = (
    "frame,x,y,w,h (or x1,y1,x2,y2; left,top,width,height; ...; with a column id where there are several targets)"
)


@dataclass(frozen=True)
class BoxRow:
    """One row of a table."""

    line: int
    """Of the file, counted from 1."""
    frame: int | str
    """Its number, or the name of its image."""
    target: str
    """"" where the table has no column for it."""
    box: tuple[float, float, float, float]
    """x, y, w, h as in the file; NaN where cells are empty."""
    absent: bool = False


def roles_of(names: collections.abc.Sequence[str]) -> list[str]:
    """What each column holds, by its name: a key of `COLUMNS`, or "" for a column of another kind."""
    meaning = {name: role for role, names in COLUMNS.items() for name in names}
    plain = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in names]
    roles: list[str] = []
    for name in plain:
        role = meaning.get(name, "")
        roles.append("" if role in roles else role)
    return roles


def has_boxes(roles: collections.abc.Sequence[str]) -> bool:
    """Whether columns hold boxes."""
    return {"x", "y"} <= set(roles) and ({"w", "h"} <= set(roles) or {"x2", "y2"} <= set(roles))


def header_of(path: Path) -> list[str]:
    """The cells of a file's first line; [] where it cannot be read as text."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            line = stream.readline(10_000)
    except (OSError, UnicodeDecodeError):
        return []
    return next(csv.reader([line], delimiter=_delimiter(line)), [])


def read_table(path: Path, columns: collections.abc.Sequence[str] | None = None) -> list[BoxRow]:
    """The rows of a csv file, whose cells are parted by commas, semicolons, tabs or spaces.

    Args:
        path: the file.
        columns: what its columns hold, in order: keys or other names of `COLUMNS`, "-" for one to pass over. None: the
            first line names them.

    Raises:
        InputError: with file and line: no columns with boxes, a cell that is no number, or a short line.
    """
    lines = read_lines(path)
    if not lines:
        raise InputError(f"{path}: empty. Expected the columns {EXPECTED}.")
    delimiter = _delimiter(lines[0])
    cells = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter, skipinitialspace=True))
    first = 1
    if columns is None:
        names: collections.abc.Sequence[str] = cells[0]
    else:
        names = columns
        first = 0 if cells[0] and _is_number(cells[0][min(len(names), len(cells[0])) - 1]) else 1
    roles = roles_of(names)
    if not has_boxes(roles):
        what = "the columns" if columns is None else "--columns with"
        raise InputError(
            f"{path}: {what} {','.join(names)[:200]}; expected {EXPECTED}. "
            "Say what they hold, - for others: siamfc-eval convert dataset SRC OUT --columns frame,x,y,w,h"
        )
    rows: list[BoxRow] = []
    for number, row in enumerate(cells[first:], start=first + 1):
        if any(cell.strip() for cell in row):
            rows.append(_row(path, number, row, roles, len(rows)))
    if not rows:
        raise InputError(f"{path}: no rows below its header. Expected a box in each.")
    return rows


def _row(path: Path, line: int, cells: list[str], roles: list[str], order: int) -> BoxRow:
    if len(cells) < len(roles):
        raise InputError(f"{path}:{line}: {len(cells)} cells, expected {len(roles)}. Complete or remove the line.")
    found = {role: cell.strip() for role, cell in zip(roles, cells, strict=False) if role}
    numbers = {
        role: _number(path, line, role, found[role]) for role in found.keys() & set("xywh") | found.keys() & _FAR
    }
    x, y = numbers["x"], numbers["y"]
    if numbers.keys() >= _FAR:
        w, h = numbers["x2"] - x, numbers["y2"] - y
    else:
        w, h = numbers["w"], numbers["h"]
    frame: int | str = order
    if "frame" in found:
        text = found["frame"]
        value = float(text) if _is_number(text) else None
        if not text or (value is not None and (value != value // 1 or value < 0)):
            raise InputError(f"{path}:{line}: frame {text!r}; expected a whole number from 0, or an image's name.")
        frame = text if value is None else int(value)
    absent = found.get("absent", "").lower() in {"1", "1.0", "true", "yes"}
    return BoxRow(line, frame, found.get("id", ""), (x, y, w, h), absent)


_FAR = {"x2", "y2"}


def _number(path: Path, line: int, role: str, text: str) -> float:
    if not text:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{path}:{line}: {role} is {text[:40]!r}; expected a number.") from None


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _delimiter(line: str) -> str:
    best = max(",;\t", key=line.count)
    return best if best in line else " "


def by_target(rows: collections.abc.Sequence[BoxRow], path: Path) -> dict[str, list[BoxRow]]:
    """The rows of each target, in the order in which the targets come.

    Raises:
        InputError: a target has two rows for one frame.
    """
    targets: dict[str, list[BoxRow]] = {}
    seen: dict[tuple[str, int | str], int] = {}
    for row in rows:
        key = (row.target, row.frame)
        if key in seen:
            who = f"target {row.target}" if row.target else "the target"
            raise InputError(
                f"{path}:{row.line}: a second box of {who} in frame {row.frame} (the first is in line {seen[key]}). "
                "Several targets need a column 'id'; else remove one of the lines."
            )
        seen[key] = row.line
        targets.setdefault(row.target, []).append(row)
    return targets


def boxes_of(
    rows: collections.abc.Sequence[BoxRow], positions: collections.abc.Sequence[int]
) -> tuple[Boxes, np.ndarray]:
    """Boxes and absent flags by frame, from the first position to the last; NaN where there is no row.

    Args:
        rows: of one target.
        positions: of each row's frame in the footage, counted from 0.
    """
    first = min(positions)
    boxes = np.full((max(positions) - first + 1, 4), np.nan)
    absent = np.zeros(len(boxes), dtype=np.bool_)
    for row, position in zip(rows, positions, strict=True):
        boxes[position - first] = row.box
        absent[position - first] = row.absent
    return boxes, absent
