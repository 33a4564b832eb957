"""What the programs beside this one share: reading the material, and writing down what a toolkit did with it.

They run in the toolkits' own environments, so nothing here needs more than Python itself.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = list[list[float]]
Found = dict[str, Any]

TRUTH = {
    "otb": "Traps.json",
    "uav": "UAV123.json",
    "lasot": "LaSOT.json",
    "tre": "Traps.json",
    "sre": "Traps.json",
    "vot": "VOT2018.json",
    "free": "VOT2018.json",
}


def annotations(material: Path, place: str) -> dict[str, Any]:
    """Sequence -> its entry in the annotation file of a benchmark."""
    content = json.loads((material / place / TRUTH[place]).read_text())
    return dict(content.get("sequences", content))


def trackers(material: Path, place: str, without: str = "") -> list[str]:
    """The trackers that have results on a benchmark, except one."""
    return sorted(path.name for path in (material / place / "results").iterdir() if path.name != without)


def rows(path: Path) -> Rows:
    """The rows of a result file, read as pysot reads them."""
    return [[float(value) for value in line.strip().split(",")] for line in path.read_text().splitlines()]


def attempt(scored: Callable[[], Found]) -> Found:
    """What a toolkit gives, or the error with which it refuses."""
    try:
        return scored()
    except Exception as error:  # whatever a toolkit raises is its answer
        return {"refused": f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]}


def summary(sequences: dict[str, dict[str, float]], values: dict[str, float]) -> Found:
    """The scores of one tracker, as `golden.json` has them."""
    return {"values": values, "sequences": sequences}


def main(score: Callable[[Path, Path], Found]) -> None:
    """Run as `program MATERIAL CHECKOUT OUTPUT`."""
    material, checkout, output = (Path(argument) for argument in sys.argv[1:4])
    output.write_text(json.dumps(score(material, checkout)))
