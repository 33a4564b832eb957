"""The log of a training: JSON lines for programs, TensorBoard where it is installed, curves for the report."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siamfc_eval.storage.writing import append_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Observer = Callable[[int, dict[str, float]], None]
"""Called with the step and what was logged, for progress displays."""


class Journal:
    """Writes what happens to `log.jsonl` and, where tensorboard is installed, to `tensorboard/`."""

    def __init__(self, folder: Path, observer: Observer | None = None) -> None:
        self.path = folder / "log.jsonl"
        if self.path.is_file() and not self.path.read_bytes().endswith(b"\n"):
            append_line(self.path, "")  # the end of a line that a kill cut short
        self._observer = observer
        self._board: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"))

    def write(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """One record. Numbers keep six digits."""
        record: dict[str, float] = {"step": step, "seconds": round(seconds, 2)}
        record.update({name: float(f"{value:.6g}") for name, value in values.items()})
        append_line(self.path, json.dumps(record))
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)
        if self._observer is not None:
            self._observer(step, values)

    def note(self, step: int, text: str) -> None:
        """One record in words, such as a file that was skipped."""
        append_line(self.path, json.dumps({"step": step, "note": text}))

    def close(self) -> None:
        """Flush what is buffered."""
        if self._board is not None:
            self._board.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """All records of a log, in order; of steps that were run twice (after a kill) the later record counts.

    A line that a kill or a power cut left unfinished is no record.
    """
    records: dict[tuple[Any, ...], dict[str, Any]] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "step" in record:
            records[record["step"], "validation" in record, record.get("note")] = record
    return sorted(records.values(), key=lambda record: record["step"])


def draw_curves(records: list[dict[str, Any]]) -> Figure:
    """Loss, validation and learning rate over the steps."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.2), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, name, title in zip(
        panels, ("loss", "validation", "rate"), ("Loss", "Validation: mean overlap", "Learning rate"), strict=True
    ):
        points = [(record["step"], record[name]) for record in records if name in record]
        axes.plot([step for step, _ in points], [value for _, value in points], marker="o" if len(points) < 30 else "")
        axes.set_title(title)
        axes.set_xlabel("step")
        axes.grid(alpha=0.3)
    panels[2].set_yscale("log")
    return figure
