"""Real weights on real sequences: the trackers find what their authors' found.

The whole table, six sequences for any weights, is printed by benchmarks/real_sequences.py; here are the quickest rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.geometry.regions import Boxes
from siamfc_eval.tracking.catalogue import load_tracker

pytestmark = pytest.mark.shared

SIAMFC_3S = "siamfc3s_color_int8/siamfc3s_color_from_int8.pth"


def real_sequence(shared: Path, name: str) -> Sequence:
    (sequence,) = load_dataset(shared / "data" / "sequences" / name).sequences
    assert sequence.frames is not None
    return sequence


def track(shared: Path, sequence: Sequence, weights: str, frames: int) -> Boxes:
    """The first frames, 0-based."""
    tracker = load_tracker("siamfc", "cpu", shared / "data" / "weights" / weights)
    assert sequence.frames is not None
    state, boxes = tracker.init(sequence.frames[0], sequence.boxes[0]), [sequence.boxes[0]]
    for index in range(1, frames):
        state, output = tracker.update(state, sequence.frames[index])
        boxes.append(output.region)
    return np.array(boxes)


@pytest.mark.parametrize(("name", "least"), [("OTB_Crossing", 0.74), ("OTB_Couple", 0.65), ("OTB_Football1", 0.44)])
def test_a_narrow_network_reaches_its_known_overlap(shared: Path, name: str, least: float) -> None:
    # Measured .771, .695 and .500; a wrong colour order, scale or half-pixel costs more than the margin.
    sequence = real_sequence(shared, name)
    boxes = track(shared, sequence, "fdsiamfc/FDSiamfc_15.pth", len(sequence))
    assert overlaps(boxes, sequence.boxes).mean() > least


def test_the_authors_network_follows_the_authors_published_boxes(shared: Path) -> None:
    frames = 60
    sequence = real_sequence(shared, "OTB_Crossing")
    ours = track(shared, sequence, SIAMFC_3S, frames)
    published = np.loadtxt(shared / "data" / "otb2015" / "results" / "SiamFC-3s" / "Crossing.txt", delimiter=",")
    theirs = published[:frames] - np.array([1, 1, 0, 0])
    distance = np.linalg.norm(ours[:, :2] + ours[:, 2:] / 2 - theirs[:, :2] - theirs[:, 2:] / 2, axis=1)
    # Their frames were decoded and cropped in MATLAB, and rounded; within 5 px on average they are the same track.
    assert distance.mean() < 5
    assert overlaps(ours, theirs).mean() > 0.6
    assert overlaps(ours, sequence.boxes[:frames]).mean() > overlaps(theirs, sequence.boxes[:frames]).mean() - 0.05
