"""What more workers bring: measured with workers on this machine, and predicted for more by a model that is stated.

    python benchmarks/scaling.py            # 1, 2 and 4 workers here; predictions for 1, 8 and 64
    python benchmarks/scaling.py --fps 900  # for workers that run so many frames a second each

A tracker that sleeps stands for one whose work is done by a graphics card of its own, so that workers do not share the
cores of this machine and the coordinator's part is what is seen. Measured are the seconds until the first worker is
ready, and the coordinator's processor time for each run: to pickle it, to take its result in and to write it.

The model: runs are begun longest first, each by the worker that is free first, but the coordinator begins no two within
the processor time that it needs for one; workers do not slow each other down, and images come fast enough.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections.abc import Sequence as Lengths
from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.regions import Region
from siamfc_eval.running import events
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.tracking.tracker import Output

FRAMES, SEQUENCES = 60, 60
PACE = 0.003
"""Seconds that the measured tracker sleeps for each frame."""
BENCHMARKS = {
    "OTB2015, one pass": (100, 59_040, 3_872),
    "VOT2018, 3 x with resets": (180, 3 * 21_356, 1_500),
    "GOT-10k test, one pass": (180, 22_834, 920),
    "LaSOT test, one pass": (280, 685_360, 10_000),
}
"""Runs, frames in all of them, frames of the longest (of LaSOT about)."""


class Sleeper:
    """Waits as long as a card would need."""

    name = "sleeper"
    is_deterministic = True
    facts = {"family": "sleeper"}  # noqa: RUF012

    def init(self, frame: Frame, region: Region) -> Region:
        return np.array(region)

    def update(self, state: Region, frame: Frame) -> tuple[Region, Output]:
        time.sleep(PACE)
        return state, Output(state)


def _black() -> Image:
    return np.zeros((48, 64, 3), np.uint8)


def measure(workers: int) -> dict[str, float]:
    """Seconds until work began, of the work itself, and of the coordinator's processor for each run."""
    boxes = np.tile([5.0, 5.0, 20.0, 10.0], (FRAMES, 1))
    frames = [Frame(None, _black) for _ in range(FRAMES)]
    data = Dataset("drawn", tuple(Sequence(f"s{number:02d}", boxes, frames) for number in range(SEQUENCES)))
    experiment = parse_experiment({"name": "scaling", "protocols": [{"kind": "ope"}]}, "here")
    told: list[float] = []
    used: list[float] = []

    def hear(event: events.Event) -> None:
        if isinstance(event, events.Advanced | events.ItemFinished):
            told.append(time.monotonic())
            used.append(time.process_time())

    began = time.monotonic()
    options = RunOptions(cluster="local", workers=workers)
    with tempfile.TemporaryDirectory() as out:
        summary = run_experiment(experiment, [Sleeper()], data, Path(out), options=options, on_event=hear)
    assert summary.exit_code == 0, summary.failures
    return {"start": told[0] - began, "work": told[-1] - told[0], "each": (used[-1] - used[0]) / SEQUENCES}


def predict(lengths: Lengths[int], workers: int, per_frame: float, per_run: float) -> float:
    """Seconds of the work, by the model; without the start."""
    free = [0.0] * workers
    coordinator = end = 0.0
    for frames in sorted(lengths, reverse=True):
        begun = max(heapq.heappop(free), coordinator)
        coordinator = begun + per_run
        heapq.heappush(free, begun + frames * per_frame)
        end = max(end, begun + frames * per_frame + per_run)
    return end


def lengths_of(runs: int, frames: int, longest: int) -> list[int]:
    """The longest run, and the others as long as each other, since only these figures are known of a benchmark."""
    return [longest, *[round((frames - longest) / (runs - 1))] * (runs - 1)]


def main() -> None:
    """Print what was measured and what follows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fps", type=float, default=300.0, help="frames a second of one worker, for the predictions")
    fps = parser.parse_args().fps
    found: dict[int, dict[str, Any]] = {workers: measure(workers) for workers in (1, 2, 4)}
    each = max(one["each"] for one in found.values())
    print(f"{SEQUENCES} runs of {FRAMES} frames, {1 / PACE:.0f} frames/s at most for each worker:")
    for workers, one in found.items():
        model = predict([FRAMES] * SEQUENCES, workers, PACE, one["each"])
        gain = found[1]["work"] / one["work"]
        print(
            f"  {workers} workers: ready after {one['start']:.1f} s, {one['work']:.1f} s of work ({gain:.2f} times as "
            f"fast as one); the model says {model:.1f} s; {1000 * one['each']:.1f} ms of the coordinator for each run"
        )
    print(f"\npredicted for {fps:.0f} frames/s a worker and {1000 * each:.1f} ms a run, without the start:")
    for name, (runs, frames, longest) in BENCHMARKS.items():
        lengths = lengths_of(runs, frames, longest)
        alone, eight, many = (predict(lengths, workers, 1 / fps, each) for workers in (1, 8, 64))
        gains = f"8: {eight:6.0f} s ({alone / eight:4.1f}x)   64: {many:5.0f} s ({alone / many:4.1f}x)"
        print(f"  {name:26} 1: {alone:7.0f} s   {gains}")


if __name__ == "__main__":
    main()
