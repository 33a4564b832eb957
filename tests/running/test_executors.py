"""Serial, lanes and processes: the same results, whoever makes them, and errors that stay where they happen."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.protocols.trajectory import Code, Trajectory
from siamfc_eval.running.executor import Job, plan_execution
from siamfc_eval.running.lanes import lane_count, run_lanes
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.processes import run_processes
from siamfc_eval.running.protocol_specs import (
    MultiStartSpec,
    OnePassSpec,
    ProtocolSettings,
    RealtimeSpec,
    SpatialRobustnessSpec,
    SupervisedSpec,
    TemporalRobustnessSpec,
)
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Failed, Finished, Outcome, WorkItem
from tests.running.running_toys import NumberedFrames, OneByOne, ToyTracker, moving_sequence, small_dataset

SPECS: list[ProtocolSettings] = [
    OnePassSpec(kind="ope"),
    SupervisedSpec(kind="supervised", repetitions=2),
    RealtimeSpec(kind="realtime", seconds=0.12),
    MultiStartSpec(kind="multi-start", every=7),
    TemporalRobustnessSpec(kind="tre", segments=4),
    SpatialRobustnessSpec(kind="sre"),
]


def _items(dataset: Dataset, spec: ProtocolSettings) -> list[WorkItem]:
    items = []
    for sequence in dataset:
        items += plan_items("toy", spec, sequence, range(1, spec.repetitions + 1), single=spec.repetitions == 1)
    return items


def _nothing(frames: int) -> None:
    pass


def _by_key(outcomes: list[Outcome]) -> dict[str, Trajectory]:
    assert all(isinstance(outcome, Finished) for outcome in outcomes)
    return {outcome.item.result.key: outcome.trajectory for outcome in outcomes if isinstance(outcome, Finished)}


def _assert_same(ours: dict[str, Trajectory], theirs: dict[str, Trajectory]) -> None:
    assert ours.keys() == theirs.keys()
    for key, one in ours.items():
        other = theirs[key]
        codes = [entry if isinstance(entry, Code) else None for entry in one.entries]
        assert codes == [entry if isinstance(entry, Code) else None for entry in other.entries], key
        assert np.array_equal(one.boxes(), other.boxes(), equal_nan=True), key
        assert one.confidences is not None
        assert other.confidences is not None
        assert np.array_equal(one.confidences, other.confidences, equal_nan=True), key


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
@pytest.mark.parametrize(("lanes", "groups"), [(1, 1), (3, 1), (16, 1), (2, 3)])
def test_lanes_give_what_serial_runs_give(spec: ProtocolSettings, lanes: int, groups: int) -> None:
    dataset = small_dataset(30, 41, 9, 25, 33, image_size=(64, 48))
    serial = _by_key(list(run_serial(ToyTracker(), _items(dataset, spec), _nothing)))
    tracker = ToyTracker()
    abreast = _by_key(list(run_lanes(tracker, _items(dataset, spec), lanes, _nothing, groups=groups)))
    assert len(serial) >= 5
    _assert_same(serial, abreast)
    assert set(tracker.batches) == {lanes}, "every batch is filled up to the number of lanes"


@pytest.mark.parametrize("groups", [1, 3])
def test_a_run_in_lanes_can_be_left_at_any_time(groups: int) -> None:
    runs = run_lanes(ToyTracker(), _items(small_dataset(5, 500, 500, 500), SPECS[0]), 2, _nothing, groups=groups)
    assert isinstance(next(runs), Finished)
    started = time.monotonic()
    runs.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 5
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("lanes", "decode"))]


def test_a_fault_in_the_executor_itself_is_raised_and_not_swallowed() -> None:
    class Cut(ToyTracker):
        def update_batch(self, states, frames):  # type: ignore[no-untyped-def]
            raise SystemExit("stop")

    with pytest.raises(SystemExit):
        list(run_lanes(Cut(), _items(small_dataset(5, 5), SPECS[0]), 2, _nothing, groups=2))


def test_lanes_are_shared_out_so_that_none_is_idle_for_long() -> None:
    assert lane_count(12, groups=1, most=8) == 6
    assert lane_count(12, groups=2, most=2) == 2
    assert lane_count(3, groups=2, most=8) == 2
    assert lane_count(180, groups=4, most=16) == 15


@pytest.mark.parametrize(
    ("tracker", "spec", "options", "expected"),
    [
        (ToyTracker(), SPECS[0], RunOptions(workers=2), "lanes"),
        (ToyTracker(), SPECS[0], RunOptions(workers=1), "lanes"),
        (ToyTracker(), SPECS[0], RunOptions(workers=2, lanes=1), "serial"),
        (ToyTracker(), SPECS[0], RunOptions(workers=2, speed=True), "serial"),
        (ToyTracker(), RealtimeSpec(kind="realtime"), RunOptions(workers=2), "serial"),
        (OneByOne(), SPECS[0], RunOptions(workers=2), "processes"),
        (OneByOne(), SPECS[0], RunOptions(workers=1), "serial"),
        (ToyTracker(), SPECS[0], RunOptions(workers=2, executor="processes"), "processes"),
    ],
)
def test_the_fastest_executor_that_suits_is_chosen_unless_one_is_named(
    tracker: ToyTracker, spec: ProtocolSettings, options: RunOptions, expected: str
) -> None:
    items = _items(small_dataset(5, 5), spec)
    execution = plan_execution(Job(tracker, partial(type(tracker)), spec, options, items))
    assert execution.settings["executor"] == expected
    assert (expected == "processes") == execution.loads_trackers


def test_a_named_executor_that_does_not_suit_is_refused_with_the_reason() -> None:
    items = _items(small_dataset(5, 5), SPECS[0])

    def plan(tracker: Any, load: Any, **options: Any) -> None:
        plan_execution(Job(tracker, load, SPECS[0], RunOptions(**options), items))

    with pytest.raises(InputError, match="'lanes' cannot run it: the tracker takes no batches"):
        plan(OneByOne(), OneByOne, executor="lanes")
    with pytest.raises(InputError, match=r"'processes' cannot run it: .* cannot be sent to another process"):
        plan(OneByOne(), lambda: OneByOne(), executor="processes")
    with pytest.raises(InputError, match="calls are to be timed"):
        plan(ToyTracker(), ToyTracker, executor="lanes", speed=True)
    with pytest.raises(InputError, match="Did you mean lanes"):
        plan(ToyTracker(), ToyTracker, executor="lane")


def test_supervised_runs_in_lanes_do_reset() -> None:
    dataset = small_dataset(40, 40, 40)
    found = _by_key(list(run_lanes(ToyTracker(), _items(dataset, SPECS[1]), 3, _nothing)))
    assert any(entry is Code.FAILED for trajectory in found.values() for entry in trajectory.entries)


def test_processes_give_what_serial_runs_give() -> None:
    dataset = small_dataset(12, 8, 10)
    items = _items(dataset, SPECS[1])
    serial = _by_key(list(run_serial(OneByOne(), items, _nothing)))
    parallel = _by_key(list(run_processes(OneByOne, items, 2, _nothing)))
    _assert_same(serial, parallel)


def test_times_are_measured_one_after_the_other_and_nowhere_else() -> None:
    items = _items(small_dataset(6, 5), SPECS[0])
    slow = partial(OneByOne, seconds=0.002)
    for trajectory in _by_key(list(run_serial(slow(), items, _nothing))).values():
        assert trajectory.times is not None
        assert (trajectory.times[1:] >= 0.002).all()
    for trajectory in _by_key(list(run_lanes(ToyTracker(), items, 2, _nothing))).values():
        assert trajectory.times is not None
        assert np.isnan(trajectory.times).all()


def test_synchronisation_is_part_of_the_measured_time_and_decoding_is_not() -> None:
    class Waits(OneByOne):
        waited = 0

        def synchronize(self) -> None:
            self.waited += 1

    tracker = Waits()
    [outcome] = run_serial(tracker, _items(small_dataset(4), SPECS[0]), _nothing)
    assert isinstance(outcome, Finished)
    assert tracker.waited == 8
    assert outcome.decode_seconds > 0


@pytest.mark.parametrize("lanes", [0, 1, 3])
def test_progress_adds_up_to_all_frames(lanes: int) -> None:
    steps: list[int] = []
    items = _items(small_dataset(20, 31, 7), SPECS[1])
    if lanes:
        list(run_lanes(ToyTracker(), items, lanes, steps.append))
    else:
        list(run_serial(ToyTracker(), items, steps.append))
    assert sum(steps) == 2 * (20 + 31 + 7)


def test_a_tracker_that_raises_fails_its_run_and_no_other() -> None:
    items = _items(small_dataset(3, 9, 3), SPECS[0])
    outcomes = list(run_serial(OneByOne("raise", at=5), items, _nothing))
    assert [type(outcome).__name__ for outcome in outcomes] == ["Finished", "Failed", "Finished"]
    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert failed.fault == "tracker"
    assert "RuntimeError: no such thing as a target" in failed.error


def test_in_a_batch_only_the_run_that_raises_fails() -> None:
    class Picky(ToyTracker):
        def update(self, state, frame):  # type: ignore[no-untyped-def]
            if state.box[0] > 20:
                raise RuntimeError("too far to the right")
            return super().update(state, frame)

    items = _items(small_dataset(6, 40, 6, 6), SPECS[0])
    outcomes = {outcome.item.sequence.name: outcome for outcome in run_lanes(Picky(), items, 3, _nothing)}
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Failed)} == {"s2"}
    expected = _by_key(list(run_serial(ToyTracker(), [items[0], *items[2:]], _nothing)))
    _assert_same(expected, _by_key([outcome for outcome in outcomes.values() if isinstance(outcome, Finished)]))


@pytest.mark.parametrize("in_lanes", [False, True])
def test_an_unreadable_frame_fails_its_sequence_and_names_the_file(in_lanes: bool) -> None:
    dataset = Dataset("toys", (moving_sequence("good", 8), moving_sequence("bad", 8, broken=4)))
    items = _items(dataset, SPECS[0])
    runs = run_lanes(ToyTracker(), items, 2, _nothing) if in_lanes else run_serial(ToyTracker(), items, _nothing)
    outcomes = {outcome.item.sequence.name: outcome for outcome in runs}
    assert isinstance(outcomes["good"], Finished)
    bad = outcomes["bad"]
    assert isinstance(bad, Failed)
    assert (bad.fault, bad.error) == ("data", "img/0005.jpg: not a readable image (0 bytes).")


def test_fewer_images_than_ground_truth_is_said() -> None:
    sequence = moving_sequence("short", 8)
    assert sequence.frames is not None
    short = sequence.with_frames(sequence.frames[:5])
    [outcome] = run_serial(ToyTracker(), _items(Dataset("toys", (short,)), SPECS[0]), _nothing)
    assert isinstance(outcome, Failed)
    assert "frame 6 is missing: 8 rows of ground truth, 5 images" in outcome.error


def test_a_data_set_without_images_is_said() -> None:
    bare = moving_sequence("bare", 8).with_frames(None)
    for runs in (run_serial, partial(run_lanes, lanes=2)):
        [outcome] = runs(ToyTracker(), _items(Dataset("toys", (bare,)), SPECS[0]), advance=_nothing)
        assert isinstance(outcome, Failed)
        assert "its images are not at hand" in outcome.error


def test_an_answer_of_nan_is_recorded_and_counted() -> None:
    [outcome] = run_serial(OneByOne("nan"), _items(small_dataset(6), SPECS[0]), _nothing)
    assert isinstance(outcome, Finished)
    assert outcome.invalid == 1
    assert np.isnan(outcome.trajectory.boxes()).all(axis=1).tolist() == [False, False, False, True, False, False]


def test_an_answer_that_is_no_region_is_a_failure_of_the_tracker() -> None:
    [outcome] = run_serial(OneByOne("three values"), _items(small_dataset(6), SPECS[0]), _nothing)
    assert isinstance(outcome, Failed)
    assert outcome.fault == "tracker"
    assert "frame 4: the tracker answered [0. 0. 0.], which is no region" in outcome.error


def test_a_process_that_dies_takes_down_its_own_run_only() -> None:
    items = _items(small_dataset(3, 9, 3, 3), SPECS[0])
    outcomes = {
        outcome.item.sequence.name: outcome
        for outcome in run_processes(partial(OneByOne, "die", 5), items, 2, _nothing)
    }
    assert {name: type(outcome).__name__ for name, outcome in outcomes.items()} == {
        "s1": "Finished",
        "s2": "Failed",
        "s3": "Finished",
        "s4": "Finished",
    }
    died = outcomes["s2"]
    assert isinstance(died, Failed)
    assert "the tracker's process died" in died.error


class Noted(OneByOne):
    """Adds a line to a file when a run begins; dies at the sixth frame."""

    def __init__(self, file: Path) -> None:
        super().__init__("die", at=5, seconds=0.1)
        self.file = file

    def init(self, frame: Frame, region: Region) -> Region:
        with self.file.open("a") as file:
            file.write("begun\n")
        return super().init(frame, region)


def test_runs_beside_a_process_that_dies_are_not_run_again(tmp_path: Path) -> None:
    items = _items(small_dataset(9, 4, 4, 9, 4), SPECS[0])
    outcomes = {o.item.sequence.name: o for o in run_processes(partial(Noted, tmp_path / "log"), items, 2, _nothing)}
    assert {name for name, outcome in outcomes.items() if isinstance(outcome, Failed)} == {"s1", "s4"}
    assert len(outcomes) == 5
    assert len((tmp_path / "log").read_text().split()) == 5
    died = outcomes["s1"]
    assert isinstance(died, Failed)
    assert sys.platform == "win32" or "EXIT(7)" in died.details


def test_what_cannot_be_read_in_a_process_costs_its_own_run() -> None:
    items = _items(small_dataset(3, 3, 3), SPECS[0])
    items[1] = replace(items[1], sequence=replace(items[1].sequence, frames=_Unreadable(3)))
    outcomes = list(run_processes(OneByOne, items, 1, _nothing))
    assert [type(outcome) for outcome in outcomes] == [Finished, Failed, Finished]
    failed = outcomes[1]
    assert isinstance(failed, Failed)
    assert "un-serialize" in failed.error
    assert "nobody reads this" in failed.details


class _Unreadable(NumberedFrames):
    """Can be sent and not received."""

    def __reduce__(self) -> Any:
        return _unreadable, ()


def _unreadable() -> None:
    raise ValueError("nobody reads this")


def test_workers_end_when_the_runs_are_left() -> None:
    runs = run_processes(partial(OneByOne, seconds=0.5), _items(small_dataset(2, 900, 900), SPECS[0]), 2, _nothing)
    next(runs)
    assert len(_workers()) == 2
    started = time.monotonic()
    runs.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 20
    assert not _workers()


def _workers() -> list[str]:
    """The command lines of the worker processes of this one."""
    children = psutil.process_iter(["ppid", "cmdline"])
    lines = [" ".join(child.info["cmdline"] or []) for child in children if child.info["ppid"] == os.getpid()]
    return [line for line in lines if "spawn_main" in line]


def test_a_tracker_that_cannot_be_made_in_a_process_says_why_in_each_run() -> None:
    outcomes = list(run_processes(_unmakeable, _items(small_dataset(3, 3), SPECS[0]), 2, _nothing))
    assert [outcome.error for outcome in outcomes if isinstance(outcome, Failed)] == ["no weights"] * 2


def _unmakeable() -> OneByOne:
    raise ValueError("no weights")


def test_random_trackers_draw_the_same_numbers_for_the_same_work_item() -> None:
    items = _items(small_dataset(6, 6), SPECS[1])
    once = _by_key(list(run_serial(OneByOne("random"), items, _nothing)))
    again = _by_key(list(run_serial(OneByOne("random"), items[::-1], _nothing)))
    _assert_same(once, again)
    first, second = once["s1/s1_001"], once["s1/s1_002"]
    assert not np.array_equal(first.boxes(), second.boxes(), equal_nan=True), "repetitions have seeds of their own"
