"""Trackers and sequences that are small enough to be understood at a glance."""

from __future__ import annotations

import collections.abc
import os
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import Output


class NumberedFrames(collections.abc.Sequence[Frame]):
    """Tiny images; the first pixel tells the frame's number. Picklable. May have a frame that cannot be read."""

    def __init__(self, length: int, broken: int | None = None) -> None:
        self.length = length
        self.broken = broken

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(self.length)[index]]
        return Frame(None, partial(self._draw, range(self.length)[index]))

    def _draw(self, index: int) -> Image:
        if index == self.broken:
            raise InputError(f"img/{index + 1:04d}.jpg: not a readable image (0 bytes).")
        image = np.zeros((48, 64, 3), np.uint8)
        image[0, 0] = index % 256, index // 256, 0
        return image


def moving_sequence(name: str, length: int, speed: float = 1.0, **fields: Any) -> Sequence:
    """A target of 20 x 10 pixels that moves to the right."""
    frames = NumberedFrames(length, fields.pop("broken", None))
    boxes = np.column_stack([2 + speed * np.arange(length), *np.full((3, length), [[5.0], [20.0], [10.0]])])
    return Sequence(name, boxes, frames, **fields)


def small_dataset(*lengths: int, **fields: Any) -> Dataset:
    """Sequences s1, s2, ... of the given lengths, each with a speed of its own."""
    sequences = tuple(
        moving_sequence(f"s{number}", length, 0.5 * number, **fields) for number, length in enumerate(lengths, start=1)
    )
    return Dataset("toys", sequences)


@dataclass(frozen=True, eq=False)
class ToyState:
    """Where the target was, and how often the tracker was asked."""

    box: Region
    calls: int


class ToyTracker:
    """Moves its box by a step that depends on the frame's pixels and on its own past; loses slow and fast targets.

    Deterministic, works on batches, and notes the size of each.
    """

    is_deterministic = True
    facts = {"family": "toy"}  # noqa: RUF012

    def __init__(self, name: str = "toy") -> None:
        self.name = name
        self.batches: list[int] = []

    def init(self, frame: Frame, region: Region) -> ToyState:
        return ToyState(np.array(region), 0)

    def update(self, state: ToyState, frame: Frame) -> tuple[ToyState, Output]:
        number = float(frame.pixels[0, 0, 0])
        box = state.box + np.array([1.1 + 0.3 * np.sin(number + state.calls), 0.01 * number, 0.1, 0])
        return ToyState(box, state.calls + 1), Output(box, confidence=1 / (1 + state.calls))

    def init_batch(self, frames: collections.abc.Sequence[Frame], boxes: collections.abc.Sequence[Region]) -> list[Any]:
        self.batches.append(len(frames))
        return [self.init(frame, box) for frame, box in zip(frames, boxes, strict=True)]

    def update_batch(
        self, states: collections.abc.Sequence[ToyState], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[ToyState, Output]]:
        self.batches.append(len(frames))
        return [self.update(state, frame) for state, frame in zip(states, frames, strict=True)]


class OneByOne:
    """A tracker without batches, which behaves as told when it meets a frame of a given number.

    Args:
        behaviour: "fine", "raise", "nan", "three values", "die" (ends the process), "random" or "interrupt".
    """

    facts = {"family": "one by one"}  # noqa: RUF012

    def __init__(self, behaviour: str = "fine", at: int = 3, name: str = "one-by-one", seconds: float = 0.0) -> None:
        self.name = name
        self.behaviour = behaviour
        self.at = at
        self.seconds = seconds
        self.is_deterministic = behaviour != "random"

    def init(self, frame: Frame, region: Region) -> Region:
        return np.array(region)

    def update(self, state: Region, frame: Frame) -> tuple[Region, Output]:
        if self.seconds:
            time.sleep(self.seconds)
        box = state + np.array([1.0, 0, 0, 0])
        answer = box
        if self.behaviour == "random":
            answer = box + np.random.normal(size=4)  # noqa: NPY002
        elif int(frame.pixels[0, 0, 0]) == self.at and self.behaviour != "fine":
            if self.behaviour == "raise":
                raise RuntimeError("no such thing as a target")
            if self.behaviour == "die":
                os._exit(7)
            if self.behaviour == "interrupt":
                raise KeyboardInterrupt
            answer = {"nan": np.array([np.nan, 1, 2, 3]), "three values": np.zeros(3)}[self.behaviour]
        return box, Output(answer)
