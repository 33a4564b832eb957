from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.problems import Problem
from siamfc_eval.datasets.reading.otb_names import OTB50, OTB2013, OTB2015, canonical_name, result_aliases
from siamfc_eval.errors import InputError


def numbers(frames: object) -> list[int]:
    assert isinstance(frames, ImageFrames)
    return [int(path.stem) for path in frames.paths]


def boxes(count: int, separator: str = ",") -> str:
    return "".join(separator.join(str(v) for v in (10 + i, 5, 8, 6)) + "\n" for i in range(count))


@pytest.mark.parametrize("separator", [",", "\t", " ", ", "])
def test_boxes_are_one_based_whatever_separates_their_numbers(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], separator: str
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(3, separator))
    make_images(tmp_path / "Boy/img", 1, 3, "{:04d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert sequence.origin == 1
    np.testing.assert_array_equal(sequence.boxes[0], [9, 4, 8, 6])
    np.testing.assert_array_equal(sequence.published_boxes[0], [10, 5, 8, 6])
    assert sequence.image_size == (32, 24)


def test_one_line_may_be_separated_otherwise_than_the_rest(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "BlurCar1/groundtruth_rect.txt", "10\t5\t8\t6\n11 5 8 6\n")
    (sequence,) = load_dataset(tmp_path)
    assert len(sequence) == 2


def test_a_folder_with_two_targets_gives_two_sequences_on_the_same_images(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    for target in (1, 2):
        write(tmp_path / f"Jogging/groundtruth_rect.{target}.txt", boxes(3))
    make_images(tmp_path / "Jogging/img", 1, 3, "{:04d}.jpg")
    first, second = load_dataset(tmp_path)
    assert (first.name, second.name) == ("Jogging-1", "Jogging-2")
    assert numbers(first.frames) == numbers(second.frames) == [1, 2, 3]
    assert {"Jogging.1", "jogging_1"} <= first.aliases
    assert "Jogging" not in first.aliases  # it would match both targets


@pytest.mark.parametrize("files", [("1", "2"), ("2",)])
def test_of_human4_the_second_target_is_the_benchmarks(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], files: tuple[str, ...]
) -> None:
    for number in files:
        write(tmp_path / f"Human4/groundtruth_rect.{number}.txt", "" if number == "1" else boxes(2))
    make_images(tmp_path / "Human4/img", 1, 2, "{:04d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert sequence.name == "Human4-2"
    assert {"Human4", "human4_2"} <= sequence.aliases


@pytest.mark.parametrize(
    "case",
    [
        ("David", (1, 310), 11, 300),
        ("BlurCar1", (247, 252), 6, 247),
        ("BlurCar3", (3, 6), 4, 3),
        ("BlurCar4", (18, 21), 4, 18),
        ("Football1", (1, 9), 5, 1),
        ("Freeman3", (1, 9), 5, 1),
        ("Freeman4", (1, 9), 5, 1),
        ("Diving", (1, 9), 5, 1),
    ],
)
def test_rows_belong_to_the_frames_that_the_benchmark_evaluates(
    tmp_path: Path,
    make_images: Callable[..., Path],
    write: Callable[[Path, str], Path],
    case: tuple[str, tuple[int, int], int, int],
) -> None:
    name, on_disk, rows, expected_first = case
    write(tmp_path / name / "groundtruth_rect.txt", boxes(rows))
    make_images(tmp_path / name / "img", *on_disk, "{:04d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert numbers(sequence.frames) == list(range(expected_first, expected_first + rows))


def test_a_repacked_copy_that_numbers_davids_frames_from_one_is_understood(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "David/groundtruth_rect.txt", boxes(5))
    make_images(tmp_path / "David/img", 1, 5, "{:04d}.jpg")
    (sequence,) = load_dataset(tmp_path)
    assert numbers(sequence.frames) == [1, 2, 3, 4, 5]


def test_tiger1_says_which_leading_frames_some_toolkits_skip(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Tiger1/groundtruth_rect.txt", boxes(8))
    (sequence,) = load_dataset(tmp_path)
    assert (len(sequence), sequence.lead_in) == (8, 5)


def test_annotations_without_images_serve_scoring(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(3))
    (sequence,) = load_dataset(tmp_path)
    assert sequence.frames is None
    assert len(sequence) == 3


def test_images_may_lie_apart(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "annotations/Boy/groundtruth_rect.txt", boxes(3))
    make_images(tmp_path / "pictures/Boy/img", 1, 3, "{:04d}.jpg")
    (sequence,) = load_dataset(tmp_path / "annotations", images=tmp_path / "pictures")
    assert numbers(sequence.frames) == [1, 2, 3]


def test_a_subset_is_selected_by_its_name_and_the_rest_is_noted_as_absent(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    for name in ("Boy", "Human2"):  # Human2 is no sequence of OTB2013
        write(tmp_path / name / "groundtruth_rect.txt", boxes(2))
    dataset = load_dataset(tmp_path, "otb2013")
    assert dataset.names == ("Boy",)
    assert dataset.name == "otb2013"
    assert any("51" in note for note in dataset.notes)


def test_a_part_of_a_benchmark_does_not_take_the_name_of_the_whole(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "OTB2015/Boy/groundtruth_rect.txt", boxes(2))
    assert load_dataset(tmp_path / "OTB2015").name == "otb2015-part"


def test_the_whole_benchmark_is_recognised_by_its_sequences(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    for name in OTB2013:
        folder, _, target = name.partition("-")
        write(tmp_path / folder / f"groundtruth_rect{'.' + target if target else ''}.txt", boxes(1))
    assert load_dataset(tmp_path).name == "otb2013"


def test_attributes_and_ranges_without_starts_are_read_from_lists_beside(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(2))
    write(tmp_path / "attr_list.txt", "Boy\tSV, MB, FM\n")
    write(tmp_path / "init_omit.json", '{"Boy": [[3, 9]]}')
    (sequence,) = load_dataset(tmp_path)
    assert sequence.attributes == {"attr_list": frozenset({"SV", "MB", "FM"})}
    assert sequence.init_omit == ((3, 9),)


def test_ranges_without_starts_can_be_given_as_a_file(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(2))
    ranges = write(tmp_path / "elsewhere.json", '{"Boy": [[1, 2], [5, 6]]}')
    (sequence,) = load_dataset(tmp_path, init_omit=ranges)
    assert sequence.init_omit == ((1, 2), (5, 6))


def test_lists_of_names_have_the_benchmarks_sizes() -> None:
    assert (len(OTB2015), len(OTB50), len(OTB2013)) == (100, 50, 51)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("jogging.1", "Jogging-1"), ("skating2_2", "Skating2-2"), ("Human4", "Human4-2"), ("carDark", "CarDark")],
)
def test_usual_spellings_lead_to_the_benchmarks_own(spelling: str, name: str) -> None:
    assert canonical_name(spelling) == name
    assert spelling in result_aliases(name)


def test_a_missing_frame_is_named(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(5))
    folder = make_images(tmp_path / "Boy/img", 1, 5, "{:04d}.jpg")
    (folder / "0003.jpg").unlink()
    with pytest.raises(InputError, match=r"0003\.jpg absent"):
        load_dataset(tmp_path)


def test_missing_frames_of_a_range_are_named(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "David/groundtruth_rect.txt", boxes(5))
    make_images(tmp_path / "David/img", 290, 303, "{:04d}.jpg")
    with pytest.raises(InputError, match=r"0304\.jpg absent; the ground truth needs frames 300-304"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("rows", [4, 6])
def test_ground_truth_of_another_length_than_the_video_is_an_error(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path], rows: int
) -> None:
    path = write(tmp_path / "Boy/groundtruth_rect.txt", boxes(rows))
    make_images(tmp_path / "Boy/img", 1, 5, "{:04d}.jpg")
    with pytest.raises(InputError, match=rf"{path}.*{rows} rows of ground truth for 5 images"):
        load_dataset(tmp_path)


def test_an_error_names_file_and_line(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    path = write(tmp_path / "Boy/groundtruth_rect.txt", "1,2,3,4\n1,2,x,4\n")
    with pytest.raises(InputError, match=rf"{path}:2: expected numbers, found '1,2,x,4'"):
        load_dataset(tmp_path)
    write(path, "1,2,3,4\n1,2,3\n")
    with pytest.raises(InputError, match=rf"{path}:2: expected 4 numbers, found 3"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("first", ["NaN,1,2,3", "1,1,0,4", "1,1,4,-2"])
def test_a_first_box_on_which_no_tracker_can_start_is_an_error(
    tmp_path: Path, write: Callable[[Path, str], Path], first: str
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", f"{first}\n1,2,3,4\n")
    with pytest.raises(InputError, match="Boy: row 1 must be a box of positive size"):
        load_dataset(tmp_path)


def test_unusable_sequences_are_left_out_and_reported_where_that_is_asked_for(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", boxes(2))
    write(tmp_path / "Car1/groundtruth_rect.txt", "1,2\n")
    problems: list[Problem] = []
    dataset = load_dataset(tmp_path, problems=problems)
    assert dataset.names == ("Boy",)
    assert [(problem.kind, problem.where) for problem in problems] == [("unreadable ground truth", "Car1")]
