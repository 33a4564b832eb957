"""Run networks in many ways and print the hash of each run's files; `test_same_boxes` calls it in processes of its own.

    python ways_to_run.py TRACKER[@ENGINE] ...

Instruction sets and OMP_NUM_THREADS are read when torch is loaded, so they are set before this starts.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.running import events
from siamfc_eval.running.experiment import parse_experiment
from siamfc_eval.running.options import RunOptions
from siamfc_eval.running.run import run_experiment
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.tracker import BatchTracker

ALONE, ABREAST = RunOptions.of(lanes=1, device="cpu"), RunOptions.of(lanes=3, workers=2, device="cpu")
EXPERIMENT = parse_experiment({"name": "x", "protocols": [{"kind": "supervised", "repetitions": 1}]}, "here")


def digest_of(folder: Path) -> str:
    """A hash over the names and contents of result files, times left out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.txt")):
        if not path.stem.endswith("_time"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def run(tracker: BatchTracker, dataset: Dataset, *all_options: RunOptions, stop_after: int = 0) -> str:
    """The hash of what runs into one folder leave there, the first of them interrupted after some items."""
    left = stop_after

    def interrupt(event: events.Event) -> None:
        nonlocal left
        if isinstance(event, events.ItemFinished):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt

    with tempfile.TemporaryDirectory() as out:
        for options in all_options:
            try:
                run_experiment(EXPERIMENT, [tracker], dataset, Path(out), options=options, on_event=interrupt)
            except KeyboardInterrupt:
                continue
        return digest_of(Path(out))


def in_one_batch(tracker: BatchTracker, dataset: Dataset) -> str:
    """A hash over answers of which each was the same in one call for all targets as in a call of its own."""
    frames = [sequence.frames for sequence in dataset if sequence.frames is not None]
    boxes = [sequence.boxes[0] for sequence in dataset]
    states = tracker.init_batch([own[0] for own in frames], boxes)
    singles = [tracker.init(own[0], box) for own, box in zip(frames, boxes, strict=True)]
    for index in range(1, len(frames[0])):
        now = [own[index] for own in frames]
        together = tracker.update_batch(states, now)
        apart = [tracker.update(state, frame) for state, frame in zip(singles, now, strict=True)]
        for (_, one), (_, other) in zip(together, apart, strict=True):
            np.testing.assert_array_equal(one.region, other.region)
            np.testing.assert_array_equal(np.asarray(one.response), np.asarray(other.response))
            assert one.confidence == other.confidence
        states, singles = [state for state, _ in together], [state for state, _ in apart]
    return "the same"


def ways(tracker: BatchTracker, dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Names of ways to make the same run, and the hash of what each leaves."""
    yield "alone", run(tracker, dataset, ALONE)
    torch.set_num_threads(2)
    yield "3 lanes, 2 threads", run(tracker, dataset, ABREAST)
    torch.set_num_threads(1)
    turned = replace(dataset, sequences=dataset.sequences[::-1])
    again = replace(ABREAST, workers=1, speed=True)
    yield "2 lanes, resumed, timed, 1 thread", run(tracker, turned, replace(ABREAST, lanes=2), again, stop_after=1)
    torch.set_num_threads(4)
    yield "together and apart, 4 threads", in_one_batch(tracker, dataset)


def main(names: list[str]) -> None:
    """Print, as JSON, tracker -> way -> hash, and which instructions torch uses."""
    dataset = embedded_benchmark(length=3, names=("disc-spins", "kite-dives", "twins-meet"))
    dataset = replace(dataset, sequences=tuple(s.with_frames(list(s.frames)) for s in dataset if s.frames))
    found: dict[str, Any] = {"instructions": torch.backends.cpu.get_cpu_capability()}
    for name in names:
        spec, _, engine = name.partition("@")
        tracker = load_tracker(spec, device="cpu", engine=engine or None)
        assert isinstance(tracker, BatchTracker)
        found[name] = dict(ways(tracker, dataset))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
