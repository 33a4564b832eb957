"""What a folder that no layout recognises is like, and what it lacks for that."""

from __future__ import annotations

import collections.abc
from pathlib import Path

from siamfc_eval.datasets.layout import Layout, subfolders
from siamfc_eval.datasets.reading.box_tables import EXPECTED, has_boxes, header_of, roles_of

_MOST_FOLDERS = 200


def nearest(path: Path, layouts: collections.abc.Sequence[Layout]) -> str:
    """One or two sentences: the layout of which most is there, and what is missing for it; "" where nothing is alike.

    Args:
        path: folder or file.
        layouts: those that say by their `marks` what a sequence's folder has.
    """
    if path.is_file():
        return _of_table(path) if path.suffix.lower() == ".csv" else ""
    table = next((file for folder in (path, *subfolders(path)) for file in sorted(folder.glob("*.csv"))), None)
    if table is not None and not has_boxes(roles_of(header_of(table))):
        return _of_table(table)
    folders = [path, *subfolders(path)[:_MOST_FOLDERS]]
    best: tuple[float, Layout | None, dict[Path, list[str]]] = (0.0, None, {})
    for layout in layouts:
        lacking = {folder: _lacking(folder, layout.marks) for folder in folders}
        alike = {folder: missing for folder, missing in lacking.items() if len(missing) < len(layout.marks)}
        share = max((1 - len(missing) / len(layout.marks) for missing in alike.values()), default=0.0)
        if share > best[0]:
            best = (share, layout, alike)
    _, layout_or_none, alike = best
    if layout_or_none is None:
        return _found(path)
    incomplete = {folder: missing for folder, missing in alike.items() if missing}
    if not incomplete:
        return ""
    folder, missing = next(iter(incomplete.items()))
    where = folder.name if len(incomplete) == 1 else f"{len(incomplete)} folders, such as {folder.name}"
    what = " and no ".join(pattern.replace("|", " or ").replace("*.txt", ".txt") for pattern in missing)
    return f"It is like {layout_or_none.name}, but there is no {what} in {where}. {_found(folder)}".rstrip()


def _lacking(folder: Path, marks: tuple[str, ...]) -> list[str]:
    return [mark for mark in marks if not any(_has(folder, pattern) for pattern in mark.split("|"))]


def _has(folder: Path, pattern: str) -> bool:
    if pattern.endswith("/"):
        return (folder / pattern).is_dir()
    return any(True for _ in folder.glob(pattern))


def _found(folder: Path) -> str:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir())
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"Found there: {shown or 'nothing'}."


def _of_table(file: Path) -> str:
    return (
        f"{file.name} is a csv file with the columns {','.join(header_of(file))[:200] or '(none)'}; "
        f"expected {EXPECTED}. "
        "Say what they hold: siamfc-eval convert dataset SRC OUT --columns frame,x,y,w,h"
    )
