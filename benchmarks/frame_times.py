"""Processor time of one frame of trackers of the catalogue: cropping, network, peak; one thread, on the CPU.

python benchmarks/frame_times.py                             # those of experiments/backbones.toml
python benchmarks/frame_times.py siamfc-slim siamrpn-slim

Processor time leaves out what else the machine does, but not what that does to shared caches; the least of the frames
is given, as all else is added to it. Frames are drawn, and of 320 x 240 pixels.
"""

from __future__ import annotations

import argparse
import time
import tomllib

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.synthetic.benchmark import embedded_benchmark


def milliseconds(name: str, frames: int) -> list[float]:
    """Processor time of each update, after one to warm up."""
    (sequence,) = embedded_benchmark(length=frames + 2, names=("twins-meet",)).sequences
    assert sequence.frames is not None
    images = [sequence.frames[index] for index in range(frames + 2)]
    for image in images:
        _ = image.pixels  # drawn when it is first asked for
    tracker = load_tracker(name, device="cpu")
    state, times = tracker.init(images[0], sequence.ground_truth[0]), []
    for image in images[1:]:
        start = time.process_time()
        state, _ = tracker.update(state, image)
        times.append((time.process_time() - start) * 1e3)
    return times[1:]


def main() -> None:
    """Print one line per tracker."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trackers", nargs="*", metavar="TRACKER")
    parser.add_argument("--frames", type=int, default=8)
    arguments = parser.parse_args()
    file = catalogue_folder("experiments") / "backbones.toml"
    names = arguments.trackers or tomllib.loads(file.read_text(encoding="utf-8"))["trackers"]
    for name in names:
        print(f"{name:20} {min(milliseconds(name, arguments.frames)):8.1f} ms", flush=True)


if __name__ == "__main__":
    main()
