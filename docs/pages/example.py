"""The results that the pages compute with: made-up trackers on the drawn benchmark, without a picture being drawn.

Their answers are the ground truth with errors that depend on nothing but the names of tracker and sequence and the
frame, so that every build of the site has the same numbers.
"""

from __future__ import annotations

import dataclasses
import functools
import tempfile
import zlib
from collections.abc import Sequence as Many
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import siamfc_eval as se
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region, bounding_box
from siamfc_eval.running.experiment import Experiment, parse_experiment
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.tracker import Output

LENGTH, SIZE = 32, (320, 240)
FEW = ("walker-behind-pillars", "cart-leaves-and-returns")
"""Sequences for the protocols that start many times."""
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Gone when the process ends."""


@functools.cache
def dataset(names: tuple[str, ...] | None = None, traps: bool = False) -> Dataset:
    """The drawn benchmark with blank pictures.

    Args:
        names: of sequences; None: all.
        traps: with what real ground truth of one-pass benchmarks has: files that count from 1, one frame without
            annotation, and one box that begins left of the picture.
    """
    drawn = embedded_benchmark(length=LENGTH, names=names)
    blank = (dataclasses.replace(sequence, frames=_frames(sequence), regions=None) for sequence in drawn)
    return Dataset("example", tuple(_with_traps(sequence) if traps else sequence for sequence in blank), "synthetic")


def _with_traps(sequence: Sequence) -> Sequence:
    boxes = sequence.boxes.copy()
    boxes[20] = np.nan
    boxes[30, 0] = -3.0
    return dataclasses.replace(sequence, boxes=boxes, origin=1.0)


def _frames(sequence: Sequence) -> list[Frame]:
    """Blank pictures whose paths say which frames they are."""
    return [Frame(Path(sequence.name) / str(number), _blank) for number in range(len(sequence))]


def _blank() -> NDArray[np.uint8]:
    return np.zeros((SIZE[1], SIZE[0], 3), dtype=np.uint8)


@dataclasses.dataclass(frozen=True)
class MadeUpTracker:
    """A tracker that knows where the target is, and errs on purpose."""

    name: str
    error: float
    """Of centres and sizes, by the target's size."""
    losses: float = 0.0
    """How often it loses the target, for each frame."""
    careless: bool = False
    """It sometimes gives no box, or one without a width."""
    is_deterministic: bool = True

    def init(self, frame: Frame, region: Region) -> Any:
        """Not lost yet; the box of the last frame."""
        return False, bounding_box(region)

    def update(self, state: Any, frame: Frame) -> tuple[Any, Output]:
        """The target's box with an error, or a box far away."""
        lost, last = state
        assert frame.path is not None
        sequence, number = frame.path.parent.name, int(frame.path.name)
        chance = np.random.default_rng(zlib.crc32(f"{self.name} {sequence} {number}".encode()))
        truth = _truth()[sequence][number]
        box = np.where(np.isfinite(truth), truth, last)
        lost = lost or bool(chance.random() < self.losses)
        size = np.array([box[2], box[3], box[2], box[3]])
        answer = box + self.error * size * chance.standard_normal(4) * [1, 1, 0.5, 0.5]
        if lost:
            answer[0] += SIZE[0]
        if self.careless and number % 17 == 5:
            answer = np.full(4, np.nan)
        elif self.careless and number % 23 == 7:
            answer[2] = 0.0
        sure = (0.2 if lost else 0.9) + 0.05 * chance.standard_normal()
        return (lost, box), Output(answer, sure)


@functools.cache
def _truth() -> dict[str, NDArray[np.float64]]:
    return {sequence.name: sequence.boxes for sequence in dataset()}


TRACKERS = (
    MadeUpTracker("steady", 0.05),
    MadeUpTracker("jumpy", 0.03, losses=0.02),
    MadeUpTracker("rough", 0.12, losses=0.004),
    MadeUpTracker("careless", 0.08, losses=0.008, careless=True),
)
"""From the best to the worst, as most metrics have them."""


def _experiment(kinds: Many[str]) -> Experiment:
    protocols = [{"kind": kind, "repetitions": 1} for kind in kinds]
    return parse_experiment({"name": "example", "protocols": protocols}, "docs/pages/example.py")


PARTS: tuple[tuple[tuple[str, ...], tuple[str, ...] | None, bool], ...] = (
    (("ope",), None, True),
    (("tre", "sre"), FEW, True),
    (("supervised",), None, False),
    (("unsupervised", "multi-start", "long-term"), FEW, False),
)
"""Kinds of protocols, the sequences that they are run on, and whether these have traps."""


@functools.cache
def _run(part: int) -> Path:
    kinds, names, traps = PARTS[part]
    _FOLDERS.append(tempfile.TemporaryDirectory())
    out, experiment = Path(_FOLDERS[-1].name), _experiment(kinds)
    run = se.run(experiment, list(TRACKERS), data=dataset(names, traps), out=out, workers=1, lanes=1)
    if run.failures:
        raise RuntimeError(f"the example cannot be made: {run.failures[0].error}")
    return run.out


def runs_of(kind: str) -> tuple[Path, Dataset]:
    """Where the runs of a kind of protocol are, and on which sequences.

    Raises:
        KeyError: the example has no such runs.
    """
    for number, (kinds, names, traps) in enumerate(PARTS):
        if kind in kinds:
            return _run(number), dataset(names, traps)
    raise KeyError(kind)


@functools.cache
def scores_under(convention: str, kind: str) -> Any:
    """The scores of all trackers under a convention that reads runs of that kind: a `siamfc_eval` table of scores."""
    folder, truth = runs_of(kind)
    return se.score(folder, convention, data=truth, protocol=kind, keep=False)


def explanation(first: str, second: str, kind: str) -> Any:
    """Why two conventions score one of the trackers differently: the first of these that both take."""
    folder, truth = runs_of(kind)
    for tracker in ("careless", "rough"):
        try:
            return se.explain(folder, first, second, tracker=tracker, data=truth, protocol=kind)
        except InputError:
            continue
    return None
