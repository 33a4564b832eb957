"""The starts of TRE and SRE are those from which OTB's own runs of IVT began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.protocols.commands import Initialize, Report
from siamfc_eval.protocols.replay import drive
from siamfc_eval.protocols.spatial_robustness import VARIANTS, sre, sre_boxes
from siamfc_eval.protocols.temporal_robustness import tre, tre_starts

# IVT's TRE of these was run with lists of frames to omit, or with ground truth, other than what is at hand.
OTHER_TRE_LISTS = {
    "Biker",
    "Bird1",
    "Box",
    "ClifBar",
    "DragonBaby",
    "Human3",
    "Human4-2",
    "Human6",
    "Jump",
    "Skating2-1",
    "Skating2-2",
}
# The first box of these has been corrected since.
OTHER_FIRST_BOX = {"Box", "ClifBar", "Skating2-1", "Skating2-2", "Surfer"}
IVT_TEMPLATE = 32
"""IVT holds a size as a multiple of its template, with 4 decimals."""


def _annotated(shared: Path) -> dict[str, Sequence]:
    folder = shared / "data" / "otb2015"
    omit = json.loads((folder / "init_omit.json").read_text())
    found = {}
    for name, raw in json.loads((folder / "annotations.json").read_text())["sequences"].items():
        boxes = np.array(raw["gt_rect"], dtype=float)[raw["eval_offset"] :] - [1, 1, 0, 0]
        shift = (raw["start_frame"] or 1) - 1
        ranges = tuple((first - shift, last - shift) for first, last in omit.get(name, []))
        found[name] = Sequence(name, boxes, origin=1.0, init_omit=ranges)
    return found


def _ivt_runs(shared: Path, kind: str) -> dict[str, list[dict[str, Any]]]:
    folder = shared / "data" / "otb2015" / "tre_sre" / kind / "IVT"
    return {path.stem.replace("BasketBall", "Basketball"): json.loads(path.read_text()) for path in folder.glob("*")}


@pytest.mark.shared
def test_tre_starts_where_the_otb_toolkit_started_ivt(shared: Path) -> None:
    sequences, checked = _annotated(shared), 0
    for name, runs in _ivt_runs(shared, "TRE").items():
        if name in OTHER_TRE_LISTS:
            continue
        first = runs[0]["startFrame"]
        starts = [start + first for start in tre_starts(sequences[name])]
        assert starts == [run["startFrame"] for run in runs], name
        checked += 1
    assert checked == 39


@pytest.mark.shared
def test_sre_starts_with_the_boxes_with_which_the_otb_toolkit_started_ivt(shared: Path) -> None:
    sequences, checked = _annotated(shared), 0
    image_sizes = {"Jump": (416, 234)}  # The only one where the image's edge cuts a box.
    for name, runs in _ivt_runs(shared, "SRE").items():
        if name in OTHER_FIRST_BOX:
            continue
        boxes = sre_boxes(sequences[name].boxes[0], image_sizes.get(name))
        assert [run["shiftType"] for run in runs] == list(boxes)
        for run in runs:
            centre_x, centre_y, scale_x, _, _, scale_y = run["res"][0]
            x, y, width, height = boxes[str(run["shiftType"])] + [1, 1, 0, 0]
            size = np.array([scale_x, scale_y]) * IVT_TEMPLATE
            assert size == pytest.approx([width, height], abs=0.01), (name, run["shiftType"])
            # IVT rounds the centre, halves up.
            centre = np.floor([x + width / 2 + 0.5, y + height / 2 + 0.5])
            assert centre.tolist() == [centre_x, centre_y], (name, run["shiftType"])
            checked += 1
    assert checked == 45 * 12


def _sequence(length: int) -> Sequence:
    boxes = np.column_stack([np.arange(length) + 5.0, np.full((length, 3), 30.0)])
    return Sequence("s", boxes, image_size=(640, 480))


def test_tre_leaves_out_omitted_frames_frames_without_a_box_and_a_short_last_segment() -> None:
    sequence = _sequence(60)
    sequence.boxes[5] = np.nan
    starts = tre_starts(Sequence("s", sequence.boxes, init_omit=((11, 20),)), segments=60)
    assert starts[0] == 0
    assert max(starts) == 40
    assert not set(starts) & {5, *range(10, 20)}


def test_a_short_sequence_has_fewer_starts_and_none_twice() -> None:
    assert tre_starts(_sequence(25)) == (0, 1, 2, 3, 4, 5)
    assert tre_starts(_sequence(10)) == (0,)


def test_a_segment_runs_from_its_start_to_the_end() -> None:
    frames = []

    def answer(command: object) -> Report:
        frames.append(command.frame)  # type: ignore[attr-defined]
        return Report(np.zeros(4))

    trajectory = drive(tre(_sequence(8), 5), answer)
    assert frames == [5, 6, 7]
    assert np.array_equal(trajectory.boxes()[0], _sequence(8).boxes[5])


def test_sre_hands_the_tracker_the_shifted_box() -> None:
    for variant in VARIANTS:
        command = next(sre(_sequence(4), variant))
        assert isinstance(command, Initialize)
        assert np.array_equal(command.region, sre_boxes(_sequence(4).boxes[0], (640, 480))[variant])


def test_a_shifted_box_stays_in_the_image() -> None:
    boxes = sre_boxes([0.0, 0.0, 40.0, 40.0], (40, 42))
    assert boxes["up"].tolist() == [0, 0, 40, 40]
    assert boxes["down"].tolist() == [0, 4, 40, 38]
    assert boxes["scale_12"].tolist() == [0, 0, 40, 42]
