from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.errors import InputError

POLYGON = "2,3,12,3,12,9,2,9\n"


def sequence_files(write: Callable[[Path, str], Path], folder: Path, rows: int = 3) -> None:
    write(folder / "groundtruth.txt", POLYGON * rows)
    write(folder / "occlusion.tag", "0\n1\n0\n")


@pytest.mark.parametrize("images", ["color", "."])
def test_polygons_become_regions_and_their_bounding_boxes(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], images: str
) -> None:
    write(tmp_path / "list.txt", "bag\n")
    sequence_files(write, tmp_path / "bag")
    make_images(tmp_path / "bag" / images, 1, 3)
    dataset = load_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.layout == "vot"
    assert sequence.origin == 0
    np.testing.assert_array_equal(sequence.boxes[0], [2, 3, 10, 6])
    np.testing.assert_array_equal(sequence.regions[0], [2, 3, 12, 3, 12, 9, 2, 9])
    np.testing.assert_array_equal(sequence.tags["occlusion"], [False, True, False])
    assert len(sequence.frames) == 3


def test_rectangles_need_no_regions(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "list.txt", "jump\n")
    write(tmp_path / "jump/groundtruth.txt", "2,3,10,6\n2,3,10,6\n")
    make_images(tmp_path / "jump", 1, 2)
    (sequence,) = load_dataset(tmp_path)
    assert sequence.regions is None
    np.testing.assert_array_equal(sequence.ground_truth[1], [2, 3, 10, 6])


def test_rectangles_and_polygons_may_be_mixed(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "list.txt", "conduction1\n")
    write(tmp_path / "conduction1/groundtruth.txt", POLYGON + "2,3,10,6\n")
    (sequence,) = load_dataset(tmp_path)
    assert [len(region) for region in sequence.ground_truth] == [8, 4]
    np.testing.assert_array_equal(sequence.boxes[0], sequence.boxes[1])


def test_the_list_decides_which_sequences_and_in_which_order(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    for name in ("a", "b", "c"):
        sequence_files(write, tmp_path / name)
    write(tmp_path / "list.txt", "c\na\n")
    assert load_dataset(tmp_path).names == ("c", "a")


def test_a_workspace_is_read_through_its_sequences_folder_and_metadata(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    folder = tmp_path / "sequences/bag"
    sequence_files(write, folder)
    write(tmp_path / "sequences/list.txt", "bag\n")
    write(folder / "sequence", "name=bag\nfps=25\nwidth=32\nheight=24\nchannels.color=pictures/%08d.jpg\n")
    make_images(folder / "pictures", 1, 3)
    (sequence,) = load_dataset(tmp_path)
    assert (sequence.fps, sequence.image_size) == (25.0, (32, 24))
    assert len(sequence.frames) == 3


def test_short_tags_end_in_zeros_and_empty_ones_stay_empty_and_both_are_noted(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    sequence_files(write, tmp_path / "ball1", rows=5)
    write(tmp_path / "ball1/camera_motion.tag", "")
    write(tmp_path / "list.txt", "ball1\n")
    dataset = load_dataset(tmp_path)
    tags = dataset.sequences[0].tags
    np.testing.assert_array_equal(tags["occlusion"], [False, True, False, False, False])
    assert tags["camera_motion"].shape == (0,)
    assert any("3 values for 5 frames" in note for note in dataset.notes)
    assert any("camera_motion is empty" in note for note in dataset.notes)


def test_tags_of_2013_get_todays_names(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    sequence_files(write, tmp_path / "jump")
    write(tmp_path / "jump/motion.tag", "1\n0\n0\n")
    write(tmp_path / "jump/size.label", "0\n0\n1\n")
    (sequence,) = load_dataset(tmp_path)
    assert {"motion_change", "size_change"} <= sequence.tags.keys()


def test_an_unannotated_frame_is_nan(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "list.txt", "lt\n")
    write(tmp_path / "lt/groundtruth.txt", "2,3,10,6\nnan,nan,nan,nan\n0\n2,3,10,6\n")
    (sequence,) = load_dataset(tmp_path)
    np.testing.assert_array_equal(np.isnan(sequence.boxes).any(axis=1), [False, True, True, False])


def test_a_listed_sequence_that_is_absent_is_named(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    sequence_files(write, tmp_path / "bag")
    write(tmp_path / "list.txt", "bag\nbook\n")
    with pytest.raises(InputError, match=r"book: named in list.txt but has no groundtruth.txt"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("name", ["../bag", "a/b", ".."])
def test_a_list_cannot_lead_out_of_its_folder(tmp_path: Path, write: Callable[[Path, str], Path], name: str) -> None:
    sequence_files(write, tmp_path / "data/bag")
    write(tmp_path / "data/list.txt", f"bag\n{name}\n")
    with pytest.raises(InputError, match="no folder name"):
        load_dataset(tmp_path / "data")


def test_metadata_cannot_lead_out_of_its_folder(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    sequence_files(write, tmp_path / "bag")
    write(tmp_path / "bag/sequence", "channels.color=../../%08d.jpg\n")
    with pytest.raises(InputError, match="must stay inside the folder"):
        load_dataset(tmp_path)


def test_a_line_that_is_neither_rectangle_nor_polygon_is_named(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "list.txt", "bag\n")
    path = write(tmp_path / "bag/groundtruth.txt", POLYGON + "1,2,3,4,5\n")
    with pytest.raises(InputError, match=rf"{path}:2: expected a rectangle .* found 5 numbers"):
        load_dataset(tmp_path)
