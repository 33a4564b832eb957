"""Every layout of training data is read as it lies, and told apart from one that is broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamfc_eval.errors import InputError
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.training.data.material import (
    read_curated_crops,
    read_pysot_crops,
    read_stills,
    read_tracking_dataset,
)


def _picture(path: Path, width: int = 64, height: int = 48) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 90, np.uint8))


def test_curated_crops_hold_their_targets_in_the_centre(training_folder: Path) -> None:
    material = read_curated_crops(training_folder / "crops", exclude=("car",))
    assert [track.name for track in material.tracks] == ["ball", "dog"]
    track = material.tracks[0]
    assert track.boxes[0].tolist() == [113.5, 113.5, 60.0, 60.0]
    assert track.times == tuple(range(0, 24, 2))


def test_an_index_that_disagrees_with_the_files_says_which(training_folder: Path, tmp_path: Path) -> None:
    crops = tmp_path / "crops"
    shutil.copytree(training_folder / "crops", crops)
    (crops / "car" / "000004.jpg").unlink()
    with pytest.raises(InputError, match=r"names 1 of 12 files of 'car'.*first 000004\.jpg"):
        read_curated_crops(crops)
    (crops / "index.json").write_text('{"crops": 3}')
    with pytest.raises(InputError, match="expected crop_size and sequences"):
        read_curated_crops(crops)
    (crops / "index.json").write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        read_curated_crops(crops)


def test_stills_are_found_at_every_depth_and_left_out_by_pattern(training_folder: Path) -> None:
    names = {path.name for path in read_stills(training_folder, exclude=("crops/*", "stills/[0-3].jpg")).stills}
    assert names == {"4.jpg", "5.jpg"}
    with pytest.raises(InputError, match="no such folder of stills"):
        read_stills(training_folder / "nowhere")


def test_pysot_crops_are_scaled_by_the_size_in_the_frame(tmp_path: Path) -> None:
    _picture(tmp_path / "video" / "000003.00.x.jpg", 511, 511)
    _picture(tmp_path / "video" / "000005.00.x.jpg", 511, 511)
    boxes = {"000003": [10, 20, 50, 100], "000005": [10, 20, 50, 100]}
    (tmp_path / "train.json").write_text(json.dumps({"video": {"00": boxes}}))
    track = read_pysot_crops(tmp_path, tmp_path / "train.json").tracks[0]
    expected = np.array([40.0, 80.0]) * 127.0 / context_side(np.array([40.0, 80.0]))
    assert track.boxes[0, 2:] == pytest.approx(expected)
    assert track.boxes[0, :2] + track.boxes[0, 2:] / 2 == pytest.approx([255.5, 255.5])
    assert track.times == (3, 5)
    (tmp_path / "train.json").write_text(json.dumps({"video": {"00": {"000009": [0, 0, 4, 4]}}}))
    with pytest.raises(InputError, match=r"not in .*video, first 000009\.00\.x\.jpg"):
        read_pysot_crops(tmp_path, tmp_path / "train.json")


def test_ilsvrc_vid_gives_one_track_per_object(tmp_path: Path) -> None:
    sides = "<xmax>{}</xmax><xmin>5</xmin><ymax>30</ymax><ymin>6</ymin>"
    row = f"<object><trackid>{{}}</trackid><bndbox>{sides}</bndbox></object>"
    folder = tmp_path / "Annotations" / "VID" / "train" / "part" / "video"
    folder.mkdir(parents=True)
    for number in range(3):
        _picture(tmp_path / "Data" / "VID" / "train" / "part" / "video" / f"{number:06d}.JPEG")
        objects = row.format(0, 20 + number) + (row.format(1, 40) if number else "")
        (folder / f"{number:06d}.xml").write_text(f"<annotation>{objects}</annotation>")
    tracks = read_tracking_dataset(tmp_path, "ilsvrc-vid").tracks
    assert [(track.name, len(track), track.times) for track in tracks] == [
        ("train/part/video/0", 3, (0, 1, 2)),
        ("train/part/video/1", 2, (1, 2)),
    ]
    assert tracks[0].boxes[2].tolist() == [5.0, 6.0, 17.0, 24.0]
    assert all(image.is_file() for image in tracks[0].images)
    (folder / "000001.xml").write_text("<annotation>")
    with pytest.raises(InputError, match=r"000001\.xml: not an annotation"):
        read_tracking_dataset(tmp_path, "ilsvrc-vid")
    with pytest.raises(InputError, match="expected Annotations/VID"):
        read_tracking_dataset(tmp_path / "Data", "ilsvrc-vid")


def test_got10k_is_read_as_distributed_without_absent_frames(tmp_path: Path) -> None:
    folder = tmp_path / "train" / "GOT-10k_Train_000001"
    for number in range(1, 4):
        _picture(folder / f"{number:08d}.jpg")
    (folder / "groundtruth.txt").write_text("5,5,20,20\n6,5,20,20\n7,5,20,20\n")
    (folder / "absence.label").write_text("0\n1\n0\n")
    (folder / "cover.label").write_text("8\n0\n8\n")
    (tmp_path / "train" / "list.txt").write_text("GOT-10k_Train_000001\n")
    tracks = read_tracking_dataset(tmp_path / "train", "got10k").tracks
    assert [len(track) for track in tracks] == [2]
    assert tracks[0].times == (0, 2)
