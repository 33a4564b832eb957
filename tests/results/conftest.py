"""A small made-up data set, and files of results for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence


def moving_boxes(frames: int, seed: int) -> np.ndarray:
    """Shape (frames, 4): a box that wanders, 0-based, with fractions."""
    random = np.random.default_rng(seed)
    boxes = np.array([100.0, 80.0, 40.0, 30.0]) + random.normal(0, 1.5, (frames, 4)).cumsum(axis=0)
    boxes[:, 2:] = np.abs(boxes[:, 2:]) + 5
    return boxes.round(3)


@pytest.fixture
def otb_like() -> Dataset:
    """Three 1-based sequences, one of them known by other names elsewhere."""
    return Dataset(
        "otb2015",
        (
            Sequence("Basketball", np.round(moving_boxes(12, 1)), origin=1.0),
            Sequence("Human4-2", np.round(moving_boxes(9, 2)), origin=1.0, aliases=frozenset({"Human4", "human4_2"})),
            Sequence("Jogging-1", np.round(moving_boxes(7, 3)), origin=1.0, aliases=frozenset({"Jogging.1"})),
        ),
    )


@pytest.fixture
def vot_like() -> Dataset:
    """Two 0-based sequences."""
    return Dataset("vot2018", (Sequence("bag", moving_boxes(11, 4)), Sequence("fish1", moving_boxes(8, 5))))


def write_lines(path: Path, lines: list[str]) -> Path:
    """Write a file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def box_lines(boxes: np.ndarray, separator: str = ",") -> list[str]:
    """Boxes as text at full precision."""
    return [separator.join(repr(float(value)) for value in box) for box in boxes]
