from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from siamfc_eval.cli.verbs.check_verb import command
from siamfc_eval.datasets.check import DatasetReport, check_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset


@pytest.fixture
def folder(tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]) -> Path:
    """Two good OTB sequences of five frames, 32 x 24 pixels."""
    for name in ("Boy", "Car1"):
        write(tmp_path / name / "groundtruth_rect.txt", "10,5,8,6\n" * 5)
        make_images(tmp_path / name / "img", 1, 5, "{:04d}.jpg")
    return tmp_path


def problems(report: DatasetReport) -> list[tuple[str, str]]:
    return [(problem.kind, problem.where) for problem in report.problems]


def test_a_sound_data_set_has_no_problems_and_names_its_convention(folder: Path) -> None:
    report = check_dataset(folder, decode=True)
    assert report.ok
    assert (report.layout, len(report.sequences), report.frames) == ("otb", 2, 10)
    assert report.sizes == {(32, 24): 2}
    assert "1-based" in report.convention


def test_every_fault_is_named_not_just_the_first(folder: Path, write: Callable[[Path, str], Path]) -> None:
    (folder / "Boy/img/0002.jpg").unlink()
    broken = folder / "Car1/img/0004.jpg"
    broken.write_bytes(b"no image")
    write(folder / "Man/groundtruth_rect.txt", "10,5,8,6\n1,2\n")
    found = problems(check_dataset(folder))
    assert ("missing frame", str(folder / "Boy/img")) in found
    assert ("unreadable image", str(broken)) in found
    assert ("unreadable ground truth", "Man") in found


def test_an_image_whose_header_alone_is_sound_is_found_by_decoding(folder: Path) -> None:
    image = folder / "Boy/img/0003.jpg"
    image.write_bytes(image.read_bytes()[:200])
    kinds = [kind for kind, where in problems(check_dataset(folder, decode=True)) if where == str(image)]
    assert kinds == ["unreadable image"]


def test_boxes_that_are_nan_empty_or_outside_are_named_with_their_rows(
    folder: Path, write: Callable[[Path, str], Path]
) -> None:
    write(folder / "Boy/groundtruth_rect.txt", "10,5,8,6\nNaN,NaN,NaN,NaN\n10,5,0,6\n10,5,8,6\n90,5,8,6\n")
    report = check_dataset(folder)
    assert {problem.kind: problem.message for problem in report.problems} == {
        "NaN box": "not annotated in row 2 (1 of 5).",
        "degenerate box": "width or height is not positive in row 3 (1 of 5).",
        "box outside the image": "no part is inside in row 5 (1 of 5).",
    }


def test_nan_is_no_fault_where_the_benchmark_marks_hidden_targets_so(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "anno/UAV123/bike1.txt", "10,5,8,6\nNaN,NaN,NaN,NaN\n")
    report = check_dataset(tmp_path)
    assert report.ok
    assert any("no box in 1 frames" in note for note in report.notes)


def test_ground_truth_of_another_length_is_a_count_mismatch(folder: Path, write: Callable[[Path, str], Path]) -> None:
    path = write(folder / "Boy/groundtruth_rect.txt", "10,5,8,6\n" * 4)
    assert problems(check_dataset(folder)) == [("count mismatch", str(path))]


def test_images_of_another_size_are_named(
    folder: Path, small_benchmark: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = render_to_folder(small_benchmark, tmp_path_factory.mktemp("other"))
    image = folder / "Boy/img/0003.jpg"
    image.write_bytes((other / "disc-spins/img/0001.jpg").read_bytes())
    assert problems(check_dataset(folder)) == [("size mismatch", str(image))]


def test_annotations_alone_are_fine_and_said_to_be_enough_for_scoring(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    write(tmp_path / "Boy/groundtruth_rect.txt", "10,5,8,6\n")
    report = check_dataset(tmp_path)
    assert report.ok
    assert any("enough for scoring" in note for note in report.notes)


def test_the_command_exits_with_0_or_1_and_names_the_fault(folder: Path) -> None:
    sound = CliRunner().invoke(command, ["dataset", str(folder)])
    assert sound.exit_code == 0
    assert "nothing is wrong" in sound.output
    (folder / "Boy/img/0002.jpg").unlink()
    faulty = CliRunner().invoke(command, ["dataset", str(folder)])
    assert faulty.exit_code == 1
    assert "0002.jpg absent" in faulty.output


def test_the_command_speaks_json(folder: Path) -> None:
    (folder / "Boy/img/0002.jpg").unlink()
    result = CliRunner().invoke(command, ["dataset", str(folder), "--json"])
    content = json.loads(result.output)
    assert content["ok"] is False
    assert content["problems"][0]["kind"] == "missing frame"
    assert [sequence["name"] for sequence in content["sequences"]] == ["Car1"]


def test_the_kind_can_be_named(folder: Path) -> None:
    result = CliRunner().invoke(command, ["dataset", str(folder), "--dataset", "otb2013", "--json"])
    assert [sequence["name"] for sequence in json.loads(result.output)["sequences"]] == ["Boy"]
