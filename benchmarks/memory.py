"""Peak memory of runs and of scoring as they grow: what is flat does not depend on how much there is.

    python benchmarks/memory.py                 # runs: 1,000 sequences of 100 frames, one sequence of 100,000
    python benchmarks/memory.py --score         # scores of 100 trackers on 1,000 sequences

Each case is run in a process of its own, small first. Images are drawn when they are asked for and are tiny, so that
what is measured is what this package keeps. Open files and threads are counted before and after each run.
"""

from __future__ import annotations

import argparse
import collections.abc
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import Output

RUNS = {"sequences": ((100, 100), (1_000, 100)), "frames": ((1, 10_000), (1, 100_000))}
"""Sequences and their frames, small and large."""
EXECUTORS = ("serial", "lanes", "processes")
SCORES = ((10, 1_000), (100, 1_000))
"""Trackers and sequences, small and large."""


class Drawn(collections.abc.Sequence[Frame]):
    """Frames of 64 x 48 pixels that are drawn when their pixels are asked for."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[number] for number in range(self._length)[index]]
        return Frame(None, partial(_draw, range(self._length)[index]))


def _draw(index: int) -> Image:
    return np.full((48, 64, 3), index % 256, np.uint8)


class Drift:
    """Moves its box a little, alone or in batches."""

    name = "drift"
    is_deterministic = True
    facts = {"family": "drift"}  # noqa: RUF012

    def init(self, frame: Frame, region: Region) -> Region:
        return np.array(region)

    def update(self, state: Region, frame: Frame) -> tuple[Region, Output]:
        box = state + np.array([0.001 * float(frame.pixels[0, 0, 0]), 0, 0, 0])
        return box, Output(box, confidence=0.5)

    def init_batch(self, frames: collections.abc.Sequence[Frame], boxes: collections.abc.Sequence[Region]) -> list[Any]:
        return [self.init(frame, box) for frame, box in zip(frames, boxes, strict=True)]

    def update_batch(
        self, states: collections.abc.Sequence[Region], frames: collections.abc.Sequence[Frame]
    ) -> list[tuple[Region, Output]]:
        return [self.update(state, frame) for state, frame in zip(states, frames, strict=True)]


def data(sequences: int, frames: int) -> Dataset:
    """Sequences of one target that stands still."""
    boxes = np.tile([5.0, 5.0, 20.0, 10.0], (frames, 1))
    return Dataset("drawn", tuple(Sequence(f"s{number:04d}", boxes, Drawn(frames)) for number in range(sequences)))


def state() -> dict[str, float]:
    """What this process holds now, and the most memory that it and its children have had."""
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    return {"MB": own / 1024, "MB of a child": children / 1024, "files": files, "threads": threading.active_count()}


def run(executor: str, sequences: int, frames: int) -> dict[str, Any]:
    """A run, and what it took."""
    from siamfc_eval.running import events
    from siamfc_eval.running.experiment import parse_experiment
    from siamfc_eval.running.options import RunOptions
    from siamfc_eval.running.run import run_experiment

    experiment = parse_experiment({"name": "memory", "protocols": [{"kind": "ope"}]}, "here")
    longest, last = 0.0, time.monotonic()

    def hear(event: events.Event) -> None:
        nonlocal longest, last
        longest, last = max(longest, time.monotonic() - last), time.monotonic()

    with tempfile.TemporaryDirectory() as out:
        warm = RunOptions(executor=executor, workers=2)
        run_experiment(experiment, [Drift()], data(2, 3), Path(out) / "warm", options=warm)
        before = state()
        summary = run_experiment(
            experiment, [Drift()], data(sequences, frames), Path(out) / "run", options=warm, on_event=hear
        )
        assert summary.exit_code == 0, summary.failures
    return {"before": before, "after": state(), "seconds without a word": longest}


def make_results(out: Path, trackers: int, sequences: int) -> None:
    """Made-up results of 100 frames each, as OTB's toolkits write them."""
    rng = np.random.default_rng(0)
    for tracker in range(trackers):
        folder = out / f"tracker{tracker:03d}"
        folder.mkdir(parents=True)
        text = "\n".join(",".join(f"{value:.2f}" for value in row) for row in rng.normal([5, 5, 20, 10], 2, (100, 4)))
        for number in range(sequences):
            (folder / f"s{number:04d}.txt").write_text(text + "\n")


def score(trackers: int, sequences: int) -> dict[str, Any]:
    """Scores, and what they took; nothing is kept from before."""
    from siamfc_eval.api.scores import score as scored

    with tempfile.TemporaryDirectory() as out:
        os.environ["SIAMFC_EVAL_CACHE"] = str(Path(out) / "cache")
        make_results(Path(out) / "drawn", trackers, sequences)
        before = state()
        started = time.process_time()
        table = scored(Path(out) / "drawn", "otb-matlab", data=data(sequences, 100))
        assert len(table.to_frame()) == trackers
        return {"before": before, "after": state(), "CPU seconds": time.process_time() - started}


def measured(*words: object) -> dict[str, Any]:
    """What a case took, in a process of its own."""
    command = [sys.executable, __file__, "--case", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(name: str, found: dict[str, Any]) -> None:
    """One line for a case."""
    before, after = found.pop("before"), found.pop("after")
    kept = ", ".join(f"{after[what] - before[what]:+.0f} {what}" for what in ("files", "threads"))
    rest = "".join(f", {value:.1f} {what}" for what, value in found.items())
    print(f"{name:45} peak {after['MB']:6.0f} MB (a child {after['MB of a child']:4.0f}), left over: {kept}{rest}")


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--score", action="store_true")
    parser.add_argument("--case", nargs=3)
    given = parser.parse_args()
    if given.case:
        what, many, each = given.case[0], int(given.case[1]), int(given.case[2])
        print(json.dumps(score(many, each) if what == "score" else run(what, many, each)))
        return
    if given.score:
        for many, each in SCORES:
            show(f"score {many} trackers x {each:,} sequences", measured("score", many, each))
        return
    for executor in EXECUTORS:
        for sizes in RUNS.values():
            for many, each in sizes:
                show(f"{executor}: {many:,} sequences x {each:,} frames", measured(executor, many, each))


if __name__ == "__main__":
    main()
