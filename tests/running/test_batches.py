"""Calls for many targets: halved where memory ends; and frames that several runs need are decoded once for all."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.running.batches import BatchSize, batched
from siamfc_eval.running.decoding import Decoder, FramesAhead
from siamfc_eval.running.executor import longest_first
from siamfc_eval.running.lanes import run_lanes
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.protocol_specs import OnePassSpec, SpatialRobustnessSpec, TemporalRobustnessSpec
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Failed, Finished, WorkItem
from tests.running.running_toys import NumberedFrames, ToyTracker, small_dataset

torch = pytest.importorskip("torch")


class _Limited(ToyTracker):
    """Has memory for a number of targets in a call."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def update_batch(self, states: Any, frames: Any) -> Any:
        if len(states) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().update_batch(states, frames)


def _items(*lengths: int) -> list[WorkItem]:
    spec = OnePassSpec(kind="ope")
    dataset = small_dataset(*lengths)
    return [item for sequence in dataset for item in plan_items("toy", spec, sequence, [1], single=True)]


@pytest.mark.parametrize("groups", [1, 2])
def test_a_run_goes_on_with_half_of_the_lanes_where_memory_ends(groups: int) -> None:
    notes: list[str] = []
    tracker, items = _Limited(3), _items(9, 7, 8, 6, 9, 5, 8, 7, 9, 6)
    runs = list(run_lanes(tracker, items, 8, lambda frames: None, groups=groups, note=notes.append))
    assert all(isinstance(run, Finished) for run in runs)
    assert ["going on with 4" in notes[0], "going on with 2" in notes[1], len(notes)] == [True, True, 2]
    alone = {run.item.result.key: run for run in run_serial(ToyTracker(), items, lambda frames: None)}
    for run in runs:
        assert isinstance(run, Finished)
        other = alone[run.item.result.key]
        assert isinstance(other, Finished)
        np.testing.assert_array_equal(run.trajectory.boxes(), other.trajectory.boxes())


def test_without_memory_for_one_target_a_run_fails_and_says_so() -> None:
    runs = list(run_lanes(_Limited(0), _items(5, 4), 2, lambda frames: None))
    assert len(runs) == 2
    for run in runs:
        assert isinstance(run, Failed)
        assert "memory is too small for one target" in run.error
        assert "--device" in run.error


def test_a_batch_that_fails_is_tried_one_by_one_in_calls_of_the_same_size() -> None:
    sizes = []

    def call(members: Sequence[int]) -> list[int]:
        sizes.append(len(members))
        if 3 in members:
            raise TrackerError("three")
        return [10 * member for member in members]

    answers = batched(call, [1, 2, 3, 4, 5], BatchSize("t", 4))
    assert [answers[0], answers[1], str(answers[2]), *answers[3:]] == [10, 20, "three", 40, 50]
    assert set(sizes) == {4}


class _Counting(NumberedFrames):
    """Counts how often each frame is decoded."""

    def __init__(self, length: int, broken: int | None = None) -> None:
        super().__init__(length, broken)
        self.drawn: Counter[int] = Counter()
        self._lock = threading.Lock()

    def _draw(self, index: int) -> Image:
        with self._lock:
            self.drawn[index] += 1
        return super()._draw(index)


@pytest.mark.parametrize(
    "spec", [SpatialRobustnessSpec(kind="sre"), TemporalRobustnessSpec(kind="tre", segments=6)], ids=["sre", "tre"]
)
def test_frames_that_several_runs_need_are_decoded_once(spec: Any) -> None:
    (sequence,) = small_dataset(40, image_size=(64, 48))
    frames = _Counting(40)
    items = plan_items("toy", spec, sequence.with_frames(frames), [1], single=True)
    assert len(items) > 4
    runs = list(run_lanes(ToyTracker(), longest_first(items), 1, lambda frames: None, groups=3, workers=3))
    assert all(isinstance(run, Finished) for run in runs)
    assert set(frames.drawn.values()) == {1}
    assert len(frames.drawn) == 40


def test_shared_frames_are_forgotten_where_room_ends_and_decoded_again_when_asked_for() -> None:
    frames = _Counting(9)
    with ThreadPoolExecutor(1) as pool:
        decoder = Decoder(pool, [frames, frames], room=3 * 48 * 64 * 3)
        ahead = FramesAhead(frames, decoder, depth=0)
        for index in [*range(9), 8, 7, 0]:
            ahead.request(index)
            assert ahead.take(index)[0].pixels[0, 0, 0] == index
    assert frames.drawn == {**dict.fromkeys(range(9), 1), 0: 2}


def test_each_frame_is_prepared_where_it_was_decoded_and_a_fault_stays_with_its_frame() -> None:
    prepared: list[tuple[Frame, str]] = []

    def prepare(frame: Frame) -> None:
        prepared.append((frame, threading.current_thread().name))

    frames = NumberedFrames(3, broken=1)
    with ThreadPoolExecutor(1, thread_name_prefix="decode") as pool:
        ahead = FramesAhead(frames, Decoder(pool, prepare=prepare))
        ahead.request(0)
        first, _ = ahead.take(0)
        with pytest.raises(InputError, match="not a readable image"):
            ahead.take(1)
        third, seconds = ahead.take(2)
        assert seconds > 0
    assert [frame for frame, _ in prepared] == [first, third]
    assert all(name.startswith("decode") for _, name in prepared)


def test_runs_on_one_sequence_stay_together_the_longest_sequence_first() -> None:
    spec = TemporalRobustnessSpec(kind="tre", segments=3)
    items = [item for s in small_dataset(60, 80, 80) for item in plan_items("toy", spec, s, [1], single=True)]
    order = [(item.sequence.name, item.start.frames) for item in longest_first(items)]
    assert [name for name, _ in itertools.groupby(order, lambda entry: entry[0])] == ["s2", "s3", "s1"]
    for name in ("s1", "s2", "s3"):
        lengths = [frames for owner, frames in order if owner == name]
        assert lengths == sorted(lengths, reverse=True)
        assert len(lengths) > 1
