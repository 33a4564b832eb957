"""Frames a second of one target, as a camera has it: ours by engine and precision, and the upstream network beside it.

    python -m benchmarks.latency
    python -m benchmarks.latency siamfc-res22 --engine openvino --engine onnxruntime:int8 --frames 20

Frames are drawn and in memory, so that nothing is decoded. On a CPU one thread computes, in ours and in the upstream
way, and the least processor time of a frame counts, to which all else is added; on a card it is the median time that
passes. The limit is that of `benchmarks/throughput.py`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.physical import frame_gflop, peak_gflops
from benchmarks.upstream import UpstreamSiamFC
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.errors import InputError
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking import capabilities
from siamfc_eval.tracking.catalogue import read_catalogue
from siamfc_eval.tracking.families.siamese.definition import load_network
from siamfc_eval.tracking.families.siamese.inference import resolve_device
from siamfc_eval.tracking.family import LoadOptions


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trackers", nargs="*", default=["siamfc-alexnet", "siamfc-res22"], metavar="TRACKER")
    parser.add_argument("--engine", action="append", help="ENGINE or ENGINE:PRECISION, beside the default")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--frames", type=int, default=8)
    arguments = parser.parse_args()
    device = resolve_device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
    peak = peak_gflops(device)
    (sequence,) = embedded_benchmark(length=arguments.frames + 3, names=("twins-meet",))
    images = [frame.pixels for frame in sequence.frames or ()]
    print(f"{device}, torch {torch.__version__}; float32 at {peak:.0f} GFLOP/s")
    for name in arguments.trackers:
        network, _ = load_network(read_catalogue(name), LoadOptions())
        work = frame_gflop(network)
        found: dict[str, float] = {}
        for engine, _, precision in [("torch", "", ""), *(kind.partition(":") for kind in arguments.engine or ())]:
            label = f"{engine} {precision or 'float32'}"
            try:
                tracker: Any = load_tracker(name, device=str(device), engine=engine, precision=precision or "float32")
            except InputError as error:
                print(f"  {label}: {error}")
                continue
            frames = list(sequence.frames or ())
            state = [tracker.init(frames[0], sequence.boxes[0])]

            def step(index: int, tracker: Any = tracker, state: list[Any] = state, frames: list[Any] = frames) -> None:
                state[0], _ = tracker.update(state[0], frames[index])
                capabilities.synchronise(tracker)

            found[label] = _milliseconds(step, len(images), device)
        if isinstance(network, FullyConvolutional):
            upstream = UpstreamSiamFC(network, device)
            upstream.init(images[0], sequence.boxes[0] + np.array([1, 1, 0, 0]))
            found["upstream"] = _milliseconds(partial(_follow, upstream, images), len(images), device)
        print(f"{name}: {work:.1f} GFLOP a frame")
        for label, each in found.items():
            ratio = f"   x{found['upstream'] / each:.2f} upstream's speed" if "upstream" in found else ""
            limit = work / peak / each * 1e3
            print(f"  {label:24}{each:8.1f} ms{1e3 / each:8.1f} frames/s{ratio}   {limit:4.0%} of the limit")


def _follow(upstream: UpstreamSiamFC, images: Sequence[Any], index: int) -> None:
    upstream.update(images[index])


def _milliseconds(step: Callable[[int], object], count: int, device: torch.device) -> float:
    """Of a frame, the first two left out."""
    on_card = device.type == "cuda"
    clock = time.perf_counter if on_card else time.process_time
    times = []
    for index in range(1, count):
        start = clock()
        step(index)
        times.append((clock() - start) * 1e3)
    return statistics.median(times[2:]) if on_card else min(times[2:])


if __name__ == "__main__":
    main()
