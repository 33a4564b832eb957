"""The tracker that does not track: the least that any other must beat."""

from __future__ import annotations

import collections.abc
from collections.abc import Mapping
from typing import Any, Literal

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.geometry.regions import Box, Region
from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, refuse_weights
from siamfc_eval.tracking.targets import start_target
from siamfc_eval.tracking.tracker import Output, Tracker


class StaticTracker:
    """Answers with the start box on every frame. Its state is that box."""

    is_deterministic = True
    facts: Mapping[str, Any] = {}

    def __init__(self, name: str = "static") -> None:
        self.name = name

    def init(self, frame: Frame, region: Region) -> Box:
        """Remember the start region's bounding box.

        Raises:
            InputError: the region cannot be tracked (not finite, no area, outside the frame).
        """
        return start_target(frame, region).box

    def update(self, state: Box, frame: Frame) -> tuple[Box, Output]:
        """The start box again."""
        return state, Output(region=state.copy())

    def init_batch(self, frames: collections.abc.Sequence[Frame], boxes: collections.abc.Sequence[Region]) -> list[Box]:
        """`init` for each pair."""
        return [self.init(frame, box) for frame, box in zip(frames, boxes, strict=True)]

    def update_batch(
        self, states: collections.abc.Sequence[Box], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[Box, Output]]:
        """`update` for each pair."""
        return [self.update(state, frame) for state, frame in zip(states, frames, strict=True)]


class StaticDefinition(Definition):
    """The start box on every frame."""

    family: Literal["static"]


def _build(described: Described[StaticDefinition], options: LoadOptions) -> Tracker:
    refuse_weights(described, options)
    tracker = StaticTracker(options.name or described.name)
    tracker.facts = tracker_facts(described, options)
    return tracker


FAMILY = Family("static", "The start box on every frame", StaticDefinition, _build)
