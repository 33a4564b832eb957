"""Overlaps frame by frame, coarse enough to be drawn, with what became of each frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics.timelines import FAILURE, FULL, SKIPPED, START, UNKNOWN, timelines
from siamfc_eval.results.read import read_results

FRAMES = 6
TRUTH = np.tile([10.0, 10.0, 20.0, 20.0], (FRAMES, 1))


def dataset(**changes: object) -> Dataset:
    return Dataset("toy", (Sequence("walk", TRUTH.copy(), **changes),))  # type: ignore[arg-type]


def lines(folder: Path, data: Dataset, rows: list[str], place: str = "ours/walk.txt", most: int = 1000) -> np.ndarray:
    path = folder / place
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(rows) + "\n")
    found = timelines(read_results(folder, data), most=most)
    return found.overlaps["ours"]["walk"]


def test_overlaps_are_whole_halves_and_none(tmp_path: Path) -> None:
    rows = ["10,10,20,20", "10,10,20,10", "90,90,20,20"] + ["10,10,20,20"] * 3
    assert lines(tmp_path, dataset(), rows).tolist() == [FULL, FULL // 2, 0, FULL, FULL, FULL]


def test_frames_without_ground_truth_have_no_overlap(tmp_path: Path) -> None:
    data = dataset(absent=np.array([False, False, True, False, False, False]))
    data.sequences[0].boxes[3] = np.nan
    found = lines(tmp_path, data, ["10,10,20,20"] * FRAMES)
    assert found.tolist() == [FULL, FULL, UNKNOWN, UNKNOWN, FULL, FULL]


def test_failures_and_starts_are_told_apart(tmp_path: Path) -> None:
    rows = ["1", "10,10,20,20", "2", "0", "1", "10,10,20,20"]
    found = lines(tmp_path, dataset(), rows, "ours/baseline/walk/walk_001.txt")
    assert found.tolist() == [START, FULL, FAILURE, SKIPPED, START, FULL]


def test_short_results_end_early(tmp_path: Path) -> None:
    assert lines(tmp_path, dataset(), ["10,10,20,20"] * 4).tolist() == [FULL] * 4 + [UNKNOWN] * 2


def test_many_frames_are_thinned_and_keep_what_went_wrong(tmp_path: Path) -> None:
    rows = ["1", "10,10,20,20", "2", "0", "10,10,20,10", "10,10,20,20"]
    found = lines(tmp_path, dataset(), rows, "ours/baseline/walk/walk_001.txt", most=3)
    assert found.tolist() == [START, FAILURE, FULL // 2]


def test_tags_come_along_as_ranges(tmp_path: Path) -> None:
    tags = {"occlusion": np.array([0, 1, 1, 0, 0, 1], dtype=bool), "none": np.zeros(0, dtype=bool)}
    data = dataset(tags=tags)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "walk.txt").write_text("10,10,20,20\n" * FRAMES)
    watched = timelines(read_results(tmp_path, data)).sequences["walk"]
    assert watched.tags == {"occlusion": ((1, 3), (5, 6)), "none": ()}
    assert watched.frames == FRAMES
