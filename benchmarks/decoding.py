"""Processor time of decoding one JPEG frame, by its size: what trackers of one run could share at most.

python benchmarks/decoding.py
python benchmarks/decoding.py --images ~/OTB2015/Couple/img

Frames are drawn, or a folder's, enlarged to each size and saved with quality 90; one thread decodes, and the least of
the times of each frame counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from siamfc_eval.datasets.frames import Image, read_image
from siamfc_eval.synthetic.benchmark import embedded_benchmark

SIZES = ((320, 240), (640, 360), (1280, 720), (1920, 1080))


def images(folder: Path | None, count: int) -> list[Image]:
    """The frames to enlarge, RGB."""
    if folder is not None:
        return [read_image(path) for path in sorted(folder.glob("*.jpg"))[:count]]
    (sequence,) = embedded_benchmark(length=count, names=("twins-meet",)).sequences
    assert sequence.frames is not None
    return [sequence.frames[index].pixels for index in range(count)]


def milliseconds(path: Path, repeats: int) -> float:
    """Least processor time of reading a file that is in memory already."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        read_image(path)
        times.append((time.process_time() - start) * 1e3)
    return min(times)


def main() -> None:
    """Print one line per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, help="a folder of JPEG files; drawn frames where none is given")
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    found = images(arguments.images, arguments.frames)
    with tempfile.TemporaryDirectory() as folder:
        for width, height in SIZES:
            times = []
            for number, image in enumerate(found):
                path = Path(folder) / f"{number}.jpg"
                enlarged = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), (width, height))
                cv2.imwrite(str(path), enlarged, [cv2.IMWRITE_JPEG_QUALITY, 90])
                times.append(milliseconds(path, arguments.repeats))
            print(f"{width:5} x {height:<5} {np.mean(times):6.2f} ms", flush=True)


if __name__ == "__main__":
    main()
