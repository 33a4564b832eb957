"""One benchmark run three ways: one frame at a time, in lanes, and by got10k's own runner.

The embedded sequences are written to files first, so that all three decode the same images. Wall-clock time is what a
user waits for; processor time is steadier on a machine that does other things as well. Run it on an idle machine:

    python benchmarks/lanes.py --tracker siamfc-slim
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from siamfc_eval.adapters.got10k import Got10kTracker
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.running.lanes import lane_count, lane_shape, run_lanes
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.protocol_specs import OnePassSpec
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Finished, Outcome, WorkItem
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.tracker import BatchTracker


def written(dataset: Dataset, folder: Path) -> Dataset:
    """The data set with its frames as JPEG files."""
    sequences = []
    for sequence in dataset:
        place = folder / sequence.name
        place.mkdir()
        paths = [place / f"{number:04d}.jpg" for number in range(1, len(sequence) + 1)]
        assert sequence.frames is not None
        for frame, path in zip(sequence.frames, paths, strict=True):
            Image.fromarray(frame.pixels).save(path, quality=95)
        sequences.append(sequence.with_frames(ImageFrames(paths)))
    return Dataset(dataset.name, tuple(sequences))


def boxes_of(outcomes: Iterator[Outcome]) -> dict[str, Boxes]:
    """Sequence -> boxes."""
    found = {}
    for outcome in outcomes:
        assert isinstance(outcome, Finished), outcome
        found[outcome.item.sequence.name] = outcome.trajectory.boxes()
    return found


def by_got10k(tracker: BatchTracker, items: list[WorkItem]) -> dict[str, Boxes]:
    """got10k's own loop, `Tracker.track`, over each sequence."""
    shell = Got10kTracker(tracker, origin=0.0)
    found = {}
    for item in items:
        frames = item.sequence.frames
        assert isinstance(frames, ImageFrames)
        boxes, _ = shell.track([str(path) for path in frames.paths], item.sequence.boxes[0], visualize=False)
        found[item.sequence.name] = boxes
    return found


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracker", default="siamfc-slim")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--lanes", type=int, help="in all; default: as `siamfc-eval run` chooses")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--length", type=int, default=30, help="frames per sequence")
    arguments = parser.parse_args()
    tracker = load_tracker(arguments.tracker, device=arguments.device)
    assert isinstance(tracker, BatchTracker), "lanes need a tracker that works on batches"
    with tempfile.TemporaryDirectory() as folder:
        dataset = written(embedded_benchmark(length=arguments.length), Path(folder))
        spec = OnePassSpec(kind="ope")
        items = [item for sequence in dataset for item in plan_items("bench", spec, sequence, [1], single=True)]
        groups, most = lane_shape(tracker, arguments.lanes, arguments.workers)
        lanes = lane_count(len(items), groups, most)

        def abreast(work: list[WorkItem]) -> dict[str, Boxes]:
            runs = run_lanes(tracker, work, lanes, lambda done: None, groups=groups, workers=arguments.workers)
            return boxes_of(runs)

        frames = sum(item.start.frames for item in items)
        abreast(items[: groups * lanes])  # warm-up
        ways: dict[str, Callable[[], dict[str, Boxes]]] = {
            "one frame at a time": lambda: boxes_of(run_serial(tracker, items, lambda done: None)),
            "got10k's runner": lambda: by_got10k(tracker, items),
            f"{groups} x {lanes} lanes": lambda: abreast(items),
        }
        print(f"{tracker.name}: {len(items)} sequences, {frames} frames")
        results = {}
        for name, way in ways.items():
            wall, processor = time.perf_counter(), time.process_time()
            boxes = way()
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            results[name] = (wall, processor, boxes)
            print(f"{name:22}{frames / wall:9.1f} frames/s{wall:9.2f} s{processor:9.2f} s of processor time")
    base_wall, base_processor, base = results["one frame at a time"]
    for name, (wall, processor, boxes) in results.items():
        differ = max(float(np.nanmax(np.abs(boxes[key] - base[key]))) for key in base)
        print(
            f"{name:22}x{base_wall / wall:.2f} wall clock, x{base_processor / processor:.2f} processor time, "
            f"boxes differ by at most {differ:.3g} px"
        )


if __name__ == "__main__":
    main()
