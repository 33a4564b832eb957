"""Track six real sequences with real weights and print mean IoU, beside the boxes that the authors published.

python benchmarks/real_sequences.py ../shared                          # the authors' SiamFC-3s
python benchmarks/real_sequences.py ../shared --weights FILE           # any other SiamFC
python benchmarks/real_sequences.py ../shared --tracker siamfc-slim    # a tracker with its own weights

IoU compares boxes on every frame, a polygon by its bounds. "region" compares with the region as it is annotated, the
start frame left out: what the known figures of real networks mean. `authors` and `agreement` are IoU of and with the
boxes that the authors of SiamFC-3s published.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.geometry.regions import Boxes, bounding_box
from siamfc_eval.protocols.exact_overlap import exact_overlap
from siamfc_eval.tracking.tracker import Tracker

SIX = ("VOT2018_bag", "OTB_Couple", "OTB_Crossing", "OTB_Football1", "OTB_Jogging-1", "OTB_Jogging-2")
SIAMFC_3S = "data/weights/siamfc3s_color_int8/siamfc3s_color_from_int8.pth"
PUBLISHED = "data/otb2015/results/SiamFC-3s"


def track(tracker: Tracker, sequence: Sequence) -> Boxes:
    """One pass: the start box, then the tracker's, 0-based."""
    assert sequence.frames is not None
    start = sequence.ground_truth[0]
    state, boxes = tracker.init(sequence.frames[0], start), [bounding_box(start)]
    for index in range(1, len(sequence)):
        state, output = tracker.update(state, sequence.frames[index])
        boxes.append(bounding_box(output.region))
    return np.array(boxes)


def region_overlap(boxes: Boxes, sequence: Sequence) -> float:
    """Mean overlap with the annotated regions, without the start frame, which every tracker is given."""
    pairs = zip(boxes[1:], sequence.ground_truth[1:], strict=True)
    return float(np.mean([exact_overlap(box, truth) for box, truth in pairs]))


def main() -> None:
    """Print one line per sequence, and the mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, help="folder with data/sequences, data/weights and data/otb2015")
    parser.add_argument("--tracker", default="siamfc")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--at-least", type=float, default=0.0, help="fail where the mean is lower")
    arguments = parser.parse_args()
    weights = arguments.weights
    if weights is None and arguments.tracker == "siamfc":
        weights = arguments.shared / SIAMFC_3S
    tracker = load_tracker(arguments.tracker, device=arguments.device, weights=weights)

    print(f"{'sequence':16} {'IoU':>6} {'region':>6} {'authors':>8} {'agreement':>10} {'frames/s':>9}")
    means, regions = [], []
    for name in SIX:
        dataset = load_dataset(arguments.shared / "data/sequences" / name)
        (sequence,) = dataset.sequences
        started = time.perf_counter()
        boxes = track(tracker, sequence)
        speed = len(sequence) / (time.perf_counter() - started)
        means.append(overlaps(boxes, sequence.boxes).mean())
        regions.append(region_overlap(boxes, sequence))
        line = f"{name:16} {means[-1]:6.3f} {regions[-1]:6.3f}"
        published = arguments.shared / PUBLISHED / f"{name.removeprefix('OTB_')}.txt"
        if published.is_file():
            theirs = np.loadtxt(published, delimiter=",") - np.array([1, 1, 0, 0])
            line += f" {overlaps(theirs, sequence.boxes).mean():8.3f} {overlaps(boxes, theirs).mean():10.3f}"
        else:
            line += f" {'-':>8} {'-':>10}"
        print(f"{line} {speed:9.1f}", flush=True)
    print(f"{'mean':16} {np.mean(means):6.3f} {np.mean(regions):6.3f}")
    if np.mean(means) < arguments.at_least:
        raise SystemExit(f"the mean is below {arguments.at_least}")


if __name__ == "__main__":
    main()
