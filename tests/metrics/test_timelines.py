"""Overlaps frame by frame, coarse enough to be drawn, with what became of each frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.metrics import timelines as module
from siamfc_eval.metrics.timelines import FAILURE, FULL, SKIPPED, START, UNKNOWN, timelines
from siamfc_eval.protocols.trajectory import Trajectory
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
    return found.overlaps["ours"]["walk"][1]


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


def repeated(folder: Path, runs: int, frames: int = FRAMES) -> None:
    """A tracker of that many repetitions, each further off than the one before."""
    place = folder / "ours/baseline/walk"
    place.mkdir(parents=True)
    for number in range(1, runs + 1):
        off = 2 * (number - 1)
        rows = ["1"] + [f"10,{10 + off},20,20"] * (frames - 1)
        (place / f"walk_{number:03d}.txt").write_text("\n".join(rows) + "\n")


def test_further_repetitions_are_there_as_far_as_there_is_room(tmp_path: Path) -> None:
    repeated(tmp_path, 5)
    results = read_results(tmp_path, dataset())
    everything = timelines(results)
    assert everything.runs == {"ours": 5}
    lines = everything.overlaps["ours"]["walk"]
    assert list(lines) == [1, 2, 3, 4, 5]
    expected = [round(FULL * (20 - off) / (20 + off)) for off in range(0, 10, 2)]
    assert [int(line[1]) for line in lines.values()] == expected
    assert list(timelines(results, more=FRAMES).overlaps["ours"]["walk"]) == [1, 2]
    assert list(timelines(results, more=FRAMES - 1).overlaps["ours"]["walk"]) == [1]


def test_three_runs_with_files_of_one_length_are_taken_for_those_of_a_deterministic_tracker(tmp_path: Path) -> None:
    repeated(tmp_path, 3)
    assert list(timelines(read_results(tmp_path, dataset())).overlaps["ours"]["walk"]) == [1]
    path = tmp_path / "ours/baseline/walk/walk_002.txt"
    path.write_text(path.read_text().replace(",20\n", ",20.5\n"))
    assert list(timelines(read_results(tmp_path, dataset())).overlaps["ours"]["walk"]) == [1, 2]


def test_segments_of_one_file_are_no_repetitions(tmp_path: Path) -> None:
    import json

    segments = [{"startFrame": start, "endFrame": FRAMES, "res": TRUTH[start - 1 :].tolist()} for start in (1, 2, 3, 4)]
    text = json.dumps([{**one, "type": "rect", "len": len(one["res"])} for one in segments])
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/walk.json").write_text(text)
    found = timelines(read_results(tmp_path, dataset()))
    assert found.runs == {"ours": 1}
    assert list(found.overlaps["ours"]["walk"]) == [1]


def test_what_was_drawn_before_is_found_again_until_a_file_or_the_ground_truth_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeated(tmp_path / "results", 4)
    monkeypatch.setattr("siamfc_eval.metrics.cache.settled_before", lambda: 2**62)  # files count as old at once
    drawn: list[str] = []
    draw = module._timeline

    def watched(sequence: Sequence, run: Trajectory) -> np.ndarray:
        drawn.append(sequence.name)
        return draw(sequence, run)

    monkeypatch.setattr(module, "_timeline", watched)

    def look(data: Dataset) -> dict[int, list[int]]:
        drawn.clear()
        found = timelines(read_results(tmp_path / "results", data), cache=tmp_path / "cache")
        return {number: line.tolist() for number, line in found.overlaps["ours"]["walk"].items()}

    first = look(dataset())
    assert len(drawn) == 4
    assert look(dataset()) == first
    assert not drawn
    moved = Dataset("toy", (Sequence("walk", TRUTH + 1.0),))
    assert look(moved) != first
    assert len(drawn) == 4
    path = tmp_path / "results/ours/baseline/walk/walk_001.txt"
    path.write_text(path.read_text().replace("10,10,", "10,15,"))
    assert look(moved)[1] != first[1]
    [kept] = (tmp_path / "cache").glob("*.timelines")
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    again = look(moved)
    assert len(drawn) == 4
    assert look(moved) == again
    assert not drawn
