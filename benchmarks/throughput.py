"""A one-pass evaluation side by side: in lanes, in one lane, and by got10k's ExperimentOTB with the upstream network.

    python -m benchmarks.throughput                                     # on the CPU, or the whole card: one command
    python -m benchmarks.throughput --tracker siamfc-res22 --engine openvino --length 20
    python -m benchmarks.throughput --data ../shared/data/sequences --length 60

All decode the same JPEG files: drawn sequences, or those of `--data`. Wall-clock time is what a user waits for on an
idle machine; processor time is steadier where others work too. The last column is how near the network alone would be
to the limit of the machine: its operations at the speed of large matrix products, over the time taken; 100 % is all
that the processor could do in float32. On a card it says how busy that was, where nvidia-ml-py is installed. No new way
is begun after `--budget` seconds.

The upstream way computes with all threads of torch at once, as it does by itself; where others use the cores, threads
that wait for each other burn processor time too, so compare processor times by `benchmarks/latency.py` there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.physical import frame_gflop, peak_gflops
from benchmarks.upstream import UpstreamSiamFC, run_otb_experiment
from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import ImageFrames, read_image
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.running.lanes import lane_count, lane_shape, run_lanes
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.protocol_specs import OnePassSpec
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Finished, Outcome, WorkItem
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.catalogue import read_catalogue
from siamfc_eval.tracking.families.siamese.definition import load_network
from siamfc_eval.tracking.families.siamese.inference import resolve_device
from siamfc_eval.tracking.family import LoadOptions


@dataclass(frozen=True)
class Measured:
    """One way to run the sequences."""

    name: str
    frames: int
    wall: float
    processor: float
    busy: float
    """Share of the time in which the card worked; NaN where that cannot be asked."""


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    device = resolve_device(arguments.device)
    deadline = time.perf_counter() + arguments.budget
    print(f"{device}, {os.cpu_count()} cores, torch {torch.__version__}, {torch.get_num_threads()} threads")
    peak = peak_gflops(device)
    with tempfile.TemporaryDirectory() as folder:
        dataset = _sequences(arguments, Path(folder))
        frames = sum(len(sequence) for sequence in dataset)
        print(f"{len(dataset)} sequences, {frames} frames; float32 at {peak:.0f} GFLOP/s a {_unit(device)}")
        print(f"decoding alone: {_decoded_per_second(dataset):.0f} frames/s on all cores\n")
        for name in arguments.tracker or _default_trackers(device):
            _compare(name, arguments, dataset, Path(folder), device=device, peak=peak, deadline=deadline)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracker", action="append", help="with weights of its own; may be given again")
    parser.add_argument("--engine", action="append", help="ENGINE or ENGINE:PRECISION, beside the default")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path, help="a data set with image files; default: drawn sequences")
    parser.add_argument("--length", type=int, help="frames of each sequence; default 8 on a CPU, 60 on a card")
    parser.add_argument("--sequences", type=int, help="how many; default 4 on a CPU, all on a card")
    parser.add_argument("--copies", type=int, help="of each drawn sequence; default 1 on a CPU, 12 on a card")
    parser.add_argument("--lanes", type=int, help="in all; default: as `siamfc-eval run` chooses")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--budget", type=float, default=400.0, help="seconds after which nothing new is begun")
    arguments = parser.parse_args()
    on_card = resolve_device(arguments.device).type == "cuda"
    arguments.length = arguments.length or (60 if on_card else 8)
    arguments.sequences = arguments.sequences or (None if on_card else 4)
    arguments.copies = arguments.copies or (12 if on_card else 1)
    return arguments


def _default_trackers(device: torch.device) -> list[str]:
    return ["siamfc-alexnet", "siamfc-res22", "siamrpn-alexnet"] if device.type == "cuda" else ["siamfc-alexnet"]


def _unit(device: torch.device) -> str:
    return "card" if device.type == "cuda" else "core"


def _sequences(arguments: argparse.Namespace, folder: Path) -> Dataset:
    """Sequences whose frames are files."""
    if arguments.data is not None:
        return _shortened(load_dataset(arguments.data), arguments.length, arguments.sequences)
    sequences = []
    for sequence in embedded_benchmark(length=arguments.length).sequences[: arguments.sequences]:
        place = folder / sequence.name
        place.mkdir()
        paths = [place / f"{number:04d}.jpg" for number in range(1, len(sequence) + 1)]
        assert sequence.frames is not None
        for frame, path in zip(sequence.frames, paths, strict=True):
            Image.fromarray(frame.pixels).save(path, quality=95)
        sequences += [
            replace(sequence, name=f"{sequence.name}-{copy}", frames=ImageFrames(paths), aliases=frozenset())
            for copy in range(arguments.copies)
        ]
    return Dataset("drawn", tuple(sequences))


def _shortened(dataset: Dataset, length: int, count: int | None) -> Dataset:
    sequences = []
    for sequence in dataset.sequences[:count]:
        assert isinstance(sequence.frames, ImageFrames)
        paths = sequence.frames.paths[:length]
        sequences.append(Sequence(sequence.name, sequence.boxes[:length], ImageFrames(paths)))
    return Dataset(dataset.name, tuple(sequences))


def _decoded_per_second(dataset: Dataset) -> float:
    paths = [path for s in dataset for path in (s.frames.paths if isinstance(s.frames, ImageFrames) else [])][:400]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        start = time.perf_counter()
        list(pool.map(read_image, paths))
        return len(paths) / (time.perf_counter() - start)


def _compare(
    name: str,
    arguments: argparse.Namespace,
    dataset: Dataset,
    folder: Path,
    *,
    device: torch.device,
    peak: float,
    deadline: float,
) -> None:
    """All ways to run one tracker, the upstream one last; prints a line for each, then the ratios."""
    spec = OnePassSpec(kind="ope")
    items = [item for sequence in dataset for item in plan_items("bench", spec, sequence, [1], single=True)]
    few = items[: max(1, len(items) // (arguments.copies * 2))] if device.type == "cuda" else items
    network, _ = load_network(read_catalogue(name), LoadOptions())
    work = frame_gflop(network)
    print(f"{name}: {work:.1f} GFLOP a frame")
    rows: list[Measured] = []
    kinds = [("torch", "float32"), *(tuple(kind.partition(":")[::2]) for kind in arguments.engine or ())]
    for engine, precision in kinds:
        try:
            tracker: Any = load_tracker(name, device=str(device), engine=engine, precision=precision or "float32")
        except InputError as error:
            print(f"  {engine} {precision}: {error}")
            continue
        groups, most = lane_shape(tracker, arguments.lanes, arguments.workers)
        lanes = lane_count(len(items), groups, most)

        def abreast(items: list[WorkItem], tracker: Any = tracker, lanes: int = lanes, groups: int = groups) -> None:
            _finished(run_lanes(tracker, items, lanes, _nothing, groups=groups, workers=arguments.workers, note=print))

        label = f"{engine} {precision or 'float32'}"
        rows += _measure(f"{label}, {groups} x {lanes} lanes", abreast, items, device=device, deadline=deadline)
        one = lambda items, tracker=tracker: _finished(run_serial(tracker, items, _nothing))  # noqa: E731
        rows += _measure(f"{label}, one target", one, few, device=device, deadline=deadline)
    if isinstance(network, FullyConvolutional):
        upstream = UpstreamSiamFC(network, device)
        chosen = {item.sequence.name for item in few}
        part = Dataset("part", tuple(s for s in dataset if s.name in chosen))

        def by_got10k(items: list[WorkItem]) -> None:
            run_otb_experiment(upstream, part if len(items) > 1 else Dataset("one", part.sequences[:1]), folder / name)

        rows += _measure("upstream, got10k ExperimentOTB", by_got10k, few, device=device, deadline=deadline)
    _print(rows, work, peak, device)


def _nothing(frames: int) -> None:
    pass


def _finished(outcomes: Any) -> None:
    for outcome in outcomes:
        _sure(outcome)


def _sure(outcome: Outcome) -> None:
    assert isinstance(outcome, Finished), outcome


def _measure(
    name: str, way: Callable[[list[WorkItem]], None], items: list[WorkItem], *, device: torch.device, deadline: float
) -> list[Measured]:
    """One way, after one sequence to warm up; nothing where the time is up."""
    if time.perf_counter() > deadline:
        print(f"  {name}: not measured, the time is up")
        return []
    way(items[:1])
    with _Busy(device) as busy:
        wall, processor = time.perf_counter(), time.process_time()
        way(items)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    frames = sum(item.start.frames for item in items)
    return [Measured(name, frames, wall, processor, busy.share)]


class _Busy:
    """How busy a card was meanwhile, asked ten times a second."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._found: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    @property
    def share(self) -> float:
        """NaN where it was never told."""
        return float(np.mean(self._found)) / 100 if self._found else float("nan")

    def __enter__(self) -> _Busy:
        if self._device.type == "cuda":
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _ask(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self._found.append(float(torch.cuda.utilization(self._device)))
            except Exception:  # without nvidia-ml-py, or on a card that does not say
                return


def _print(rows: list[Measured], work: float, peak: float, device: torch.device) -> None:
    base = next((row for row in rows if row.name.startswith("upstream")), None)
    for row in rows:
        on_card = device.type == "cuda"
        limit = work * row.frames / peak / (row.wall if on_card else row.processor)
        per_frame = 1e3 * row.processor / row.frames
        line = f"  {row.name:34}{row.frames / row.wall:9.1f} frames/s{per_frame:9.1f} ms of processor time a frame"
        if base is not None:
            times = (base.wall / base.frames) / (row.wall / row.frames)
            line += f"   x{times:.2f} upstream's speed"
            line += f", x{base.processor / base.frames / (row.processor / row.frames):.2f} by processor time"
        line += f"   {limit:4.0%} of the limit"
        print(line + (f", card {row.busy:.0%} busy" if on_card else ""))
    print()


if __name__ == "__main__":
    main()
