"""Real weights on real sequences: the trackers find what their authors' found.

The whole table, six sequences for any weights, is printed by benchmarks/real_sequences.py; here are its quicker rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.geometry.regions import Boxes, bounding_box
from siamfc_eval.protocols.exact_overlap import exact_overlap

pytestmark = pytest.mark.shared

SIX = ("VOT2018_bag", "OTB_Couple", "OTB_Crossing", "OTB_Football1", "OTB_Jogging-1", "OTB_Jogging-2")
SIAMFC_3S = "siamfc3s_color_int8/siamfc3s_color_from_int8.pth"


def real_sequence(shared: Path, name: str) -> Sequence:
    (sequence,) = load_dataset(shared / "data" / "sequences" / name).sequences
    assert sequence.frames is not None
    return sequence


def track(shared: Path, sequence: Sequence, weights: str, frames: int) -> Boxes:
    """The first frames, 0-based, by siamfc-pytorch's arithmetic."""
    tracker = load_tracker("siamfc", device="cpu", weights=shared / "data" / "weights" / weights)
    assert sequence.frames is not None
    start = sequence.ground_truth[0]
    state, boxes = tracker.init(sequence.frames[0], start), [bounding_box(start)]
    for index in range(1, frames):
        state, output = tracker.update(state, sequence.frames[index])
        boxes.append(output.region)
    return np.array(boxes)


def region_overlap(shared: Path, name: str, weights: str) -> float:
    """Mean overlap with the annotated regions, the start frame left out, as the known figures have it."""
    sequence = real_sequence(shared, name)
    boxes = track(shared, sequence, weights, len(sequence))
    pairs = zip(boxes[1:], sequence.ground_truth[1:], strict=True)
    return float(np.mean([exact_overlap(box, truth) for box, truth in pairs]))


def test_a_narrow_network_has_its_known_mean_over_six_sequences(shared: Path) -> None:
    means = [region_overlap(shared, name, "fdsiamfc/FDSiamfc_15.pth") for name in SIX]
    assert np.mean(means) == pytest.approx(0.665, abs=0.01)


def test_the_authors_network_has_its_known_overlap(shared: Path) -> None:
    # The wrong colour order gives .610 here, exact crops and peaks .535.
    assert region_overlap(shared, "OTB_Football1", SIAMFC_3S) == pytest.approx(0.494, abs=0.01)


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
