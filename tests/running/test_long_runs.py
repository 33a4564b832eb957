"""What a run holds does not grow with the data: images come and go, and files and threads are given back."""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.running import events
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from tests.running.running_toys import NumberedFrames, ToyTracker, moving_sequence, small_dataset

OPE = parse_experiment({"name": "one pass", "protocols": [{"kind": "ope"}]}, "here")


class Counted(np.ndarray[Any, Any]):
    """An image that can be watched."""


class CountedFrames(NumberedFrames):
    """Frames of which it is known how many images there are."""

    def __init__(self, length: int, alive: weakref.WeakSet[Any]) -> None:
        super().__init__(length)
        self.alive = alive

    def _draw(self, index: int) -> Image:
        image = super()._draw(index).view(Counted)
        self.alive.add(_Ticket(image))
        return image

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(self.length)[index]]
        return Frame(None, partial(self._draw, range(self.length)[index]))


class _Ticket:
    """Lives as long as its image; arrays are not hashable."""

    def __init__(self, image: Counted) -> None:
        image.ticket = self  # type: ignore[attr-defined]


@pytest.mark.parametrize("options", [RunOptions(lanes=1), RunOptions(lanes=4, workers=2)], ids=["serial", "lanes"])
def test_images_do_not_pile_up(tmp_path: Path, options: RunOptions) -> None:
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    sequences = tuple(
        moving_sequence(f"s{number}", 60, image_size=(64, 48)).with_frames(CountedFrames(60, alive))
        for number in range(6)
    )
    most = 0

    def watch(event: events.Event) -> None:
        nonlocal most
        most = max(most, len(alive))

    summary = run_experiment(OPE, [ToyTracker()], Dataset("toys", sequences), tmp_path, options=options, on_event=watch)
    assert summary.protocols[0].frames == 360
    assert 1 <= most <= 40, "a few for each lane, of 360"


@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
@pytest.mark.parametrize("executor", ["serial", "lanes", "processes"])
def test_files_and_threads_are_given_back(tmp_path: Path, executor: str) -> None:
    def held() -> tuple[int, int]:
        gc.collect()
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    options = RunOptions(executor=executor, workers=2)
    run_experiment(OPE, [ToyTracker()], small_dataset(3, 3), tmp_path / "first", options=options)
    before = held()
    run_experiment(OPE, [ToyTracker()], small_dataset(*[3] * 30), tmp_path / "second", options=options)
    assert held() == before
