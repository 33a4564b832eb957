"""GOT-10k, LaSOT, UAV123, NfS, TColor128, DTB70, TrackingNet and folders of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.errors import InputError

BOX = "10,5,8,6\n"


def numbers(frames: object) -> list[int]:
    assert isinstance(frames, ImageFrames)
    return [int(path.stem) for path in frames.paths]


def got10k_sequence(
    write: Callable[[Path, str], Path], make_images: Callable[..., Path], folder: Path, rows: int = 3
) -> None:
    write(folder / "groundtruth.txt", BOX * rows)
    write(folder / "meta_info.ini", "[METAINFO]\nresolution: (32, 24)\nanno_fps: 10Hz\n")
    write(folder / "cover.label", "8\n0\n4\n")
    write(folder / "absence.label", "0\n0\n0\n")
    make_images(folder, 1, 3)


def test_got10k_marks_frames_without_cover_as_absent(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    got10k_sequence(write, make_images, tmp_path / "val/GOT-10k_Val_000001")
    write(tmp_path / "val/list.txt", "GOT-10k_Val_000001\n")
    dataset = load_dataset(tmp_path / "val")
    (sequence,) = dataset
    assert (dataset.name, dataset.layout) == ("got10k-val", "got10k")
    assert (sequence.origin, sequence.image_size, sequence.fps) == (0, (32, 24), 10.0)
    np.testing.assert_array_equal(sequence.absent, [False, True, False])


def test_got10k_with_several_splits_asks_which(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    for split in ("train", "val"):
        got10k_sequence(write, make_images, tmp_path / split / f"GOT-10k_{split}_000001")
    with pytest.raises(InputError, match="has the splits train, val"):
        load_dataset(tmp_path)
    assert load_dataset(tmp_path, "got10k-val").names == ("GOT-10k_val_000001",)


def test_got10k_test_knows_the_first_box_only(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    folder = tmp_path / "test/GOT-10k_Test_000001"
    write(folder / "groundtruth.txt", BOX)
    write(folder / "meta_info.ini", "[METAINFO]\n")
    make_images(folder, 1, 4)
    (sequence,) = load_dataset(tmp_path / "test")
    assert len(sequence) == len(sequence.frames) == 4
    np.testing.assert_array_equal(np.isnan(sequence.boxes[:, 0]), [False, True, True, True])


def test_got10k_labels_of_another_length_are_an_error(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    folder = tmp_path / "val/a"
    got10k_sequence(write, make_images, folder)
    write(folder / "cover.label", "8\n8\n")
    with pytest.raises(InputError, match=r"cover.label: 2 values for 3 rows"):
        load_dataset(tmp_path / "val")


@pytest.mark.parametrize("nested", [True, False])
def test_lasot_marks_occluded_and_out_of_view_frames_as_absent(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], nested: bool
) -> None:
    folder = tmp_path / ("airplane/airplane-1" if nested else "airplane-1")
    write(folder / "groundtruth.txt", BOX * 3)
    write(folder / "full_occlusion.txt", "0,1,0")
    write(folder / "out_of_view.txt", "0,0,1")
    make_images(folder / "img", 1, 3)
    dataset = load_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.layout == "lasot"
    assert (sequence.name, sequence.origin) == ("airplane-1", 1)
    np.testing.assert_array_equal(sequence.absent, [False, True, True])


def test_lasots_test_set_is_selected_by_its_list(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    for name in ("airplane-1", "airplane-2"):
        write(tmp_path / name / "groundtruth.txt", BOX)
        write(tmp_path / name / "full_occlusion.txt", "0")
    write(tmp_path / "testing_set.txt", "airplane-2\n")
    assert load_dataset(tmp_path).names == ("airplane-2",)


def lasot_annotations(
    write: Callable[[Path, str], Path], folder: Path, names: tuple[str, ...] = ("airplane-1", "airplane-2")
) -> None:
    for name in names:
        write(folder / f"{name}.txt", BOX * 3)
        write(folder / "absent" / f"{name}.txt", "0\n1\n0\n")
        write(folder / "att" / f"{name}.txt", "1,0,0,0,0,0,0,0,0,0,0,0,0,1\n")


@pytest.mark.parametrize("kind", [None, "lasottest", "lasot", "lasot-annotations"])
@pytest.mark.parametrize("inside", [True, False])
def test_lasot_is_read_from_the_annotations_of_its_evaluation_toolkit(
    tmp_path: Path, write: Callable[[Path, str], Path], kind: str | None, inside: bool
) -> None:
    lasot_annotations(write, tmp_path / "annos")
    dataset = load_dataset(tmp_path / "annos" if inside else tmp_path, kind)
    assert (dataset.name, dataset.layout) == ("lasot", "lasot-annotations")
    assert dataset.names == ("airplane-1", "airplane-2")
    sequence = dataset.sequences[0]
    assert (sequence.origin, sequence.frames) == (1, None)
    np.testing.assert_array_equal(sequence.absent, [False, True, False])
    assert sequence.attributes == {"official": {"IV", "ARC"}}


def test_lasot_annotations_find_the_images_of_the_data_set(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    lasot_annotations(write, tmp_path / "annos", ("airplane-1",))
    make_images(tmp_path / "LaSOT/airplane/airplane-1/img", 1, 3)
    (sequence,) = load_dataset(tmp_path / "annos", "lasot", images=tmp_path / "LaSOT")
    assert numbers(sequence.frames) == [1, 2, 3]


@pytest.mark.parametrize(
    ("part", "text", "said"),
    [
        ("absent/airplane-1.txt", "0\n1\n", "2 values for 3 rows"),
        ("att/airplane-1.txt", "0,1\n", "expected 14 attributes, found 2"),
        ("airplane-1.txt", "1,2,x,4\n", "expected numbers"),
    ],
)
def test_damaged_lasot_annotations_are_named(
    tmp_path: Path, write: Callable[[Path, str], Path], part: str, text: str, said: str
) -> None:
    lasot_annotations(write, tmp_path / "annos")
    write(tmp_path / "annos" / part, text)
    with pytest.raises(InputError, match=f"airplane-1.*{said}"):
        load_dataset(tmp_path / "annos")
    problems: list[Problem] = []
    assert load_dataset(tmp_path / "annos", problems=problems).names == ("airplane-2",)
    assert len(problems) == 1


@pytest.mark.parametrize("case", [("uav123", "UAV123", 775), ("uav123-10fps", "UAV123_10fps", 259)])
def test_uav_sequences_are_cut_from_a_shared_folder(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], case: tuple[str, str, int]
) -> None:
    kind, version, first = case
    write(tmp_path / f"anno/{version}/bird1_2.txt", BOX * 2 + "NaN,NaN,NaN,NaN\n")
    make_images(tmp_path / f"data_seq/{version}/bird1", first - 3, first + 5, "{:06d}.jpg")
    dataset = load_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.name == kind
    assert numbers(sequence.frames) == [first, first + 1, first + 2]
    assert sequence.origin == 1
    np.testing.assert_array_equal(np.isnan(sequence.boxes[:, 0]), [False, False, True])


def test_uav_frame_ranges_come_from_the_benchmarks_own_file_where_it_is_there(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "anno/UAV123/bird1_2.txt", BOX * 2)
    entry = r"struct('name','bird1_2','path','D:\data_seq\UAV123\bird1\','startFrame',40,'endFrame',41,'nz',6),..."
    write(tmp_path / "configSeqs.m", entry)
    make_images(tmp_path / "data_seq/UAV123/bird1", 1, 50, "{:06d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert numbers(sequence.frames) == [40, 41]


def test_uav20l_uses_the_images_of_uav123(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "anno/UAV123/bike1.txt", BOX * 2)
    write(tmp_path / "anno/UAV20L/bike1.txt", BOX * 4)
    make_images(tmp_path / "data_seq/UAV123/bike1", 1, 4, "{:06d}.jpg")
    with pytest.raises(InputError, match="has uav123, uav20l"):
        load_dataset(tmp_path)
    (sequence,) = load_dataset(tmp_path, "UAV20L")
    assert len(sequence.frames) == 4


def test_uav_attributes_are_read_with_the_annotations(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "anno/UAV123/bike1.txt", BOX)
    write(tmp_path / "anno/UAV123/att/bike1.txt", "1,0,0,1,0,0,0,0,0,0,0,0\n")
    (sequence,) = load_dataset(tmp_path)
    assert sequence.attributes == {"official": frozenset({"SV", "FM"})}


def test_nfs_corners_become_boxes_and_every_eighth_row_counts_at_30_fps(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    rows = "".join(f'0 10 5 18 11 {i} {int(i == 8)} 0 0 "ball"\n' for i in range(17))
    write(tmp_path / "ball/30/ball.txt", rows)
    make_images(tmp_path / "ball/30/ball", 1, 3, "{:05d}.jpg")
    dataset = load_dataset(tmp_path)
    (sequence,) = dataset
    assert (dataset.name, sequence.fps, sequence.origin) == ("nfs30", 30.0, 0)
    np.testing.assert_array_equal(sequence.boxes, [[10, 5, 8, 6]] * 3)
    np.testing.assert_array_equal(sequence.absent, [False, True, False])


def test_nfs_video_that_is_one_frame_longer_is_cut(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "ball/240/ball.txt", "".join(f'0 10 5 18 11 {i} 0 0 0 "ball"\n' for i in range(4)))
    make_images(tmp_path / "ball/240/ball", 1, 5, "{:05d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert len(sequence) == len(sequence.frames) == 4


def test_nfs_with_both_rates_asks_which(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    for rate in (30, 240):
        write(tmp_path / f"ball/{rate}/ball.txt", '0 10 5 18 11 0 0 0 0 "ball"\n')
    with pytest.raises(InputError, match="nfs30 or nfs240"):
        load_dataset(tmp_path)
    assert load_dataset(tmp_path, "nfs240").name == "nfs240"


def test_tcolor128_takes_the_frames_that_its_range_names(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Ball_ce2/Ball_ce2_gt.txt", BOX * 3)
    write(tmp_path / "Ball_ce2/Ball_ce2_frames.txt", "4,6\n")
    make_images(tmp_path / "Ball_ce2/img", 1, 9, "{:04d}.jpg")
    dataset = load_dataset(tmp_path)
    assert dataset.layout == "tcolor128"
    assert numbers(dataset.sequences[0].frames) == [4, 5, 6]


def test_dtb70_is_told_from_otb_by_its_names(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    for name in ("Basketball", "ChasingDrones"):
        write(tmp_path / name / "groundtruth_rect.txt", BOX)
    assert load_dataset(tmp_path).layout == "dtb70"
    write(tmp_path / "Woman/groundtruth_rect.txt", BOX)
    assert load_dataset(tmp_path).layout == "otb"


def test_trackingnet_orders_frames_by_number(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "TEST/anno/abc_0.txt", "10,5,8,6\n")
    make_images(tmp_path / "TEST/frames/abc_0", 0, 11, "{:d}.jpg")
    dataset = load_dataset(tmp_path)
    (sequence,) = dataset
    assert dataset.name == "trackingnet-test"
    assert numbers(sequence.frames) == list(range(12))
    assert np.isnan(sequence.boxes[1:]).all()


@pytest.mark.parametrize("images", [".", "img", "imgs"])
def test_any_folder_with_images_and_a_ground_truth_is_a_sequence(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], images: str
) -> None:
    write(tmp_path / "mine/groundtruth.txt", BOX * 2)
    make_images(tmp_path / "mine" / images, 7, 8, "frame{:03d}.png")
    dataset = load_dataset(tmp_path / "mine")
    (sequence,) = dataset
    assert dataset.layout == "folder"
    assert (sequence.name, sequence.origin, len(sequence.frames)) == ("mine", 0, 2)
    assert any("0-based" in note and "mine" in note for note in dataset.notes)


def test_a_folder_may_say_that_it_counts_from_one(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "OTB_Couple/groundtruth.txt", BOX)
    write(tmp_path / "OTB_Couple/meta.json", '{"convention": "x,y,w,h, 1-based"}')
    (sequence,) = load_dataset(tmp_path)
    assert sequence.origin == 1
    np.testing.assert_array_equal(sequence.boxes[0], [9, 4, 8, 6])
    assert "Couple" in sequence.aliases


def test_the_user_has_the_last_word_on_the_origin(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "mine/groundtruth.txt", BOX)
    (sequence,) = load_dataset(tmp_path, origin=1)
    np.testing.assert_array_equal(sequence.boxes[0], [9, 4, 8, 6])


def test_a_folder_without_any_known_layout_is_told_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no known layout(.|\n)*groundtruth_rect\.txt"):
        load_dataset(tmp_path)


def test_a_layout_that_fits_twice_is_asked_about(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", BOX)
    write(tmp_path / "anno/UAV123/bike1.txt", BOX)
    with pytest.raises(InputError, match="could be otb or uav"):
        load_dataset(tmp_path)
    assert load_dataset(tmp_path, "otb").names == ("Boy",)
    assert load_dataset(tmp_path, "uav123").names == ("bike1",)


def test_an_unknown_kind_is_answered_with_near_names(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", BOX)
    with pytest.raises(InputError, match=r"Did you mean .*otb2015"):
        load_dataset(tmp_path, "otb2051")


def test_nothing_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_dataset(tmp_path / "nowhere")
