"""OpenCV's own trackers, as many as the installed wheel has, as baselines."""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.errors import InputError, TrackerError, UnknownNameError
from siamfc_eval.geometry.regions import Box, Region
from siamfc_eval.tracking.catalogue import tracker_facts
from siamfc_eval.tracking.family import Definition, Described, Family, LoadOptions, refuse_weights
from siamfc_eval.tracking.targets import start_target
from siamfc_eval.tracking.tracker import Output, Tracker

ALGORITHMS = ("MIL", "CSRT", "KCF", "MOSSE", "MedianFlow", "TLD", "Boosting")
"""Those that need no model file. Which of them exist depends on the wheel; version 4's contrib wheel has all."""

_SEED = 1
_turn = threading.Lock()


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    """One call of OpenCV at a time, with the generators that it draws from in a known state.

    MIL draws from that of the C library, which the whole process shares: unseeded, its answers would depend on what was
    tracked before.
    """
    with _turn:
        cv2.setRNGSeed(_SEED)
        _seed_c_library(_SEED)
        yield


def _seed_c_library(seed: int) -> None:
    """`srand` of the C library that OpenCV is linked with."""
    ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).srand(seed)


def installed_algorithms() -> dict[str, Callable[[], Any]]:
    """Factories of the trackers that the installed OpenCV has, by name."""
    found = {}
    for algorithm in ALGORITHMS:
        for module in (cv2, getattr(cv2, "legacy", None)):
            factory = getattr(module, f"Tracker{algorithm}_create", None)
            if factory is not None:
                found[algorithm] = factory
                break
    return found


@dataclass(frozen=True, eq=False)
class OpenCVState:
    """A handle to OpenCV's tracker, which changes as it tracks, and its last answer."""

    tracker: Any
    box: Box
    size: tuple[int, int]
    """Height and width of the first frame; OpenCV crashes where it changes."""


class OpenCVTracker:
    """One of OpenCV's trackers. A failed update repeats the last box with confidence 0.

    Raises:
        UnknownNameError: no such algorithm.
        InputError: the installed OpenCV does not have it.
    """

    is_deterministic = True
    facts: Mapping[str, Any] = {}

    def __init__(self, name: str, algorithm: str) -> None:
        if algorithm not in ALGORITHMS:
            raise UnknownNameError("OpenCV tracker", algorithm, ALGORITHMS)
        installed = installed_algorithms()
        if algorithm not in installed:
            raise InputError(
                f"tracker {name}: OpenCV {cv2.__version__} as installed has no {algorithm}; it has "
                f"{', '.join(installed) or 'none'}. The package opencv-contrib-python-headless of version 4 has it."
            )
        self.name = name
        self._create = installed[algorithm]

    def init(self, frame: Frame, region: Region) -> OpenCVState:
        """Start on a frame.

        Raises:
            InputError: the region cannot be tracked, or is less than a pixel inside the frame.
        """
        box = start_target(frame, region).box
        height, width = frame.pixels.shape[:2]
        low = np.clip(np.round(box[:2]), 0, [width - 1, height - 1]).astype(int)
        high = np.clip(np.round(box[:2] + box[2:]), low + 1, [width, height]).astype(int)
        try:
            with _seeded():
                tracker = self._create()
                tracker.init(
                    _bgr(frame.pixels), (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
                )
        except cv2.error as error:
            raise TrackerError(f"tracker {self.name}: OpenCV refused to start on {box.tolist()}: {error}") from error
        return OpenCVState(tracker, box, (height, width))

    def update(self, state: OpenCVState, frame: Frame) -> tuple[OpenCVState, Output]:
        """Find the target in the next frame.

        Raises:
            TrackerError: the frame has another size than the first, or OpenCV raised.
        """
        if frame.pixels.shape[:2] != state.size:
            raise TrackerError(
                f"tracker {self.name}: {frame.path or 'a frame'} has height and width {frame.pixels.shape[:2]}, "
                f"the first frame {state.size}. OpenCV's trackers need frames of one size."
            )
        try:
            with _seeded():
                found, answer = state.tracker.update(_bgr(frame.pixels))
        except cv2.error as error:
            raise TrackerError(f"tracker {self.name}: OpenCV failed: {error}") from error
        box = np.array(answer, dtype=np.float64) if found else state.box
        return OpenCVState(state.tracker, box, state.size), Output(region=box.copy(), confidence=float(bool(found)))


def _bgr(image: Image) -> Image:
    """OpenCV's trackers expect its own channel order."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), dtype=np.uint8)


class OpenCVDefinition(Definition):
    """One of OpenCV's own trackers."""

    family: Literal["opencv"]
    algorithm: str
    """Name as in cv2.Tracker<name>, e.g. "MIL", "CSRT", "KCF"."""


def _build(described: Described[OpenCVDefinition], options: LoadOptions) -> Tracker:
    refuse_weights(described, options)
    tracker = OpenCVTracker(options.name or described.name, described.definition.algorithm)
    tracker.facts = tracker_facts(described, options)
    return tracker


def _facts(described: Described[OpenCVDefinition], options: LoadOptions) -> dict[str, Any]:
    return {"algorithm": described.definition.algorithm}


def _lacks(described: Described[OpenCVDefinition]) -> str:
    return "" if described.definition.algorithm in installed_algorithms() else "not in this OpenCV"


FAMILY = Family(
    "opencv", "OpenCV's own trackers, where the wheel has them", OpenCVDefinition, _build, _facts, lacks=_lacks
)
