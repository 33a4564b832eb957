"""How much of an error of size a tracker with anchors corrects in one frame.

python benchmarks/size_correction.py siamrpn-slim                      # on drawn sequences, whose boxes are exact
python benchmarks/size_correction.py siamrpn-slim --data ~/sequences   # on your own
python benchmarks/size_correction.py siamrpn-slim --weights runs/my/my.safetensors

The tracker is started on the first frame. On some later ones its state is set to the true centre, and to the true size
times a factor; it answers with the box of its best anchor (`size_rate` 1, no penalty on changes of size). A correction
of 1 is a network that sees sizes; 0 is one that answers the size at which it searches, so that errors of size stay.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.synthetic.benchmark import random_script, synthetic_sequence
from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker
from siamfc_eval.tracking.targets import Target

FACTORS = (0.75, 0.87, 1.0, 1.15, 1.33)
FRAMES = (3, 10, 20, 29)
FOUND = 0.2
"""Overlap below which the best anchor is on something else, and says nothing about size."""


def answers(tracker: SiamRPNTracker, sequence: Sequence, factor: float) -> list[tuple[float, float, float]]:
    """Logarithms of size and aspect ratio over the true ones, and the overlap, for each frame that can be used."""
    assert sequence.frames is not None
    state, rows = tracker.init(sequence.frames[0], sequence.boxes[0]), []
    for index in FRAMES:
        is_absent = sequence.absent is not None and index < len(sequence) and bool(sequence.absent[index])
        if index >= len(sequence) or is_absent or not np.isfinite(sequence.boxes[index]).all():
            continue
        box = sequence.boxes[index]
        wrong = replace(state, target=Target(box[:2] + box[2:] / 2, box[2:] * factor))
        found: NDArray[np.float64] = np.asarray(tracker.update(wrong, sequence.frames[index])[1].region)
        growth = np.log(found[2:] / box[2:])
        rows.append((float(growth.mean()), float(growth[0] - growth[1]), float(overlaps(found[None], box[None])[0])))
    return rows


def main() -> None:
    """Print one line per factor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tracker")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--data", type=Path, help="a data set with images; drawn sequences where none is given")
    parser.add_argument("--sequences", type=int, default=12, help="how many are drawn")
    arguments = parser.parse_args()
    loaded = load_tracker(arguments.tracker, device="cpu", weights=arguments.weights)
    if not isinstance(loaded, SiamRPNTracker):
        raise SystemExit(f"{arguments.tracker} has no anchors: it answers the size that it searched, nothing else.")
    tracker = loaded.with_parameters(size_rate=1.0, penalty_k=0.0)
    if arguments.data:
        sequences = [sequence for sequence in load_dataset(arguments.data) if sequence.frames is not None]
    else:
        # The embedded benchmark has other scripts and another seed.
        sequences = [synthetic_sequence(random_script(900 + k, 30), 900 + k) for k in range(arguments.sequences)]
    print(f"{'factor':>6} {'corrected':>9} {'size':>12} {'aspect':>12} {'overlap':>8} {'found':>6}")
    for factor in FACTORS:
        rows = np.array([row for sequence in sequences for row in answers(tracker, sequence, factor)])
        good = rows[rows[:, 2] > FOUND]
        corrected = "" if factor == 1.0 else f"{1.0 - np.median(good[:, 0]) / np.log(factor):9.2f}"
        spread = [f"{np.median(good[:, k]):+.3f} ±{good[:, k].std():.3f}" for k in (0, 1)]
        shares = f"{good[:, 2].mean():8.3f} {len(good) / len(rows):6.0%}"
        print(f"{factor:6.2f} {corrected:>9} {spread[0]:>12} {spread[1]:>12} {shares}", flush=True)


if __name__ == "__main__":
    main()
