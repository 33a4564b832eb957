"""Overhead of TraX: a tracker that does nothing, driven by our client and by vot-toolkit's own.

    python benchmarks/trax.py [--peers .peers] [--frames 300] [--rounds 5]

Prints the median of milliseconds per frame for each client, both over the same tracker process, in rounds that take
turns, and the median of the rounds' ratios: below 1, ours is faster. A round's two sides run within seconds of each
other, so that what else the machine does meets both. The toolkit runs as a program in its own environment (make peers).
"""

# ruff: noqa: E402
from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

# This file has the name of the package that it measures, and its folder comes first where modules are looked for.
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

import cv2
import numpy as np

from siamfc_eval.adapters.trax.client import TraxTracker
from siamfc_eval.datasets.frames import image_frame

TRACKER = """\
import trax
server = trax.Server(["rectangle"], ["path"], ["color"], "nothing")
region = None
while True:
    request = server.wait()
    if request.type == trax.TraxStatus.QUIT:
        break
    if request.type == trax.TraxStatus.INITIALIZE:
        region = request.objects[0][0]
    server.status([(region, {})])
"""

TOOLKIT = """\
import json, sys, time
from vot.region import Rectangle
from vot.tracker import ObjectStatus
from vot.tracker.trax import TrackerProcess

command, folder, frames = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Shown:
    def __init__(self, path):
        self.path = path

    def channels(self):
        return ["color"]

    def filename(self, channel=None):
        return self.path


process = TrackerProcess(command, log=lambda text: None)
shown = Shown(folder)
process.initialize(shown, ObjectStatus(Rectangle(1, 2, 30, 40), {}))
taken = []
for _ in range(frames):
    begun = time.perf_counter()
    process.update(shown)
    taken.append(time.perf_counter() - begun)
process.terminate()
print(json.dumps(taken))
"""


def ours(command: str, image: Path, frames: int) -> list[float]:
    """Seconds of each frame with our client."""
    tracker, frame = TraxTracker(command), image_frame(image)
    state = tracker.init(frame, np.array([1.0, 2, 30, 40]))
    taken = []
    for _ in range(frames):
        begun = perf_counter()
        state, _ = tracker.update(state, frame)
        taken.append(perf_counter() - begun)
    tracker.close()
    return taken


def theirs(python: Path, command: str, image: Path, frames: int) -> list[float]:
    """Seconds of each frame with vot-toolkit's client."""
    words = [str(python), "-c", TOOLKIT, command, str(image), str(frames)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        sys.exit(f"vot-toolkit's client failed:\n{done.stderr[-2000:]}")
    return list(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=Path(__file__).resolve().parent.parent / ".peers")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    python = options.peers / "bin" / "python"
    found: dict[str, list[float]] = {"ours": [], "vot-toolkit": []}
    with tempfile.TemporaryDirectory() as scratch:
        image, script = Path(scratch) / "frame.png", Path(scratch) / "nothing.py"
        cv2.imwrite(str(image), np.zeros((360, 480, 3), np.uint8))
        script.write_text(TRACKER)
        command = f'"{sys.executable}" "{script}"'
        for _ in range(options.rounds):
            found["ours"].append(statistics.median(ours(command, image, options.frames)) * 1e3)
            if python.is_file():
                found["vot-toolkit"].append(statistics.median(theirs(python, command, image, options.frames)) * 1e3)
    for name, values in found.items():
        if values:
            low, middle, high = min(values), statistics.median(values), max(values)
            print(f"{name:12} {middle:.3f} ms/frame (rounds: {low:.3f} to {high:.3f})")
    if found["vot-toolkit"]:
        ratios = [own / other for own, other in zip(found["ours"], found["vot-toolkit"], strict=True)]
        print(f"ratio        {statistics.median(ratios):.2f} (rounds: {min(ratios):.2f} to {max(ratios):.2f})")
    else:
        print("vot-toolkit's environment is absent; run: make peers")


if __name__ == "__main__":
    main()
