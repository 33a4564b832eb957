"""The readers on the real annotations and sequences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.check import check_dataset
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Dataset

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def otb(shared: Path) -> Dataset:
    return load_dataset(shared / "data/otb2015/annotations.json")


@pytest.fixture(scope="module")
def vot2018(shared: Path) -> Dataset:
    return load_dataset(shared / "data/vot2018/annotations.json")


def test_otb_has_100_sequences_and_59040_rows(otb: Dataset) -> None:
    assert (otb.name, len(otb), sum(map(len, otb))) == ("otb2015", 100, 59_040)
    assert all(sequence.origin == 1 for sequence in otb)


def test_exactly_ten_rows_of_otb_have_a_value_that_is_not_positive(otb: Dataset) -> None:
    counts = {s.name: int((s.published_boxes <= 0).any(axis=1).sum()) for s in otb}
    assert {name: count for name, count in counts.items() if count} == {
        "Biker": 7,
        "Crowds": 1,
        "Board": 1,
        "Twinnings": 1,
    }


def test_otb_attributes_come_from_four_sources_that_disagree_on_29_sequences(otb: Dataset) -> None:
    assert all(len(sequence.attributes) == 4 for sequence in otb)
    assert sum(len(set(sequence.attributes.values())) > 1 for sequence in otb) == 29


def test_otb_facts_beside_the_boxes(otb: Dataset) -> None:
    by_name = {sequence.name: sequence for sequence in otb}
    assert by_name["Tiger1"].lead_in == 5
    assert by_name["Jogging-1"].init_omit == ((61, 83),)
    assert "human4_2" in by_name["Human4-2"].aliases
    assert sum(bool(sequence.init_omit) for sequence in otb) == 27


@pytest.mark.parametrize(("kind", "count"), [("otb2013", 51), ("otb50", 50), ("otb2015", 100)])
def test_otb_subsets_have_their_size(shared: Path, kind: str, count: int) -> None:
    dataset = load_dataset(shared / "data/otb2015/annotations.json", kind)
    assert (dataset.name, len(dataset)) == (kind, count)


def test_the_two_annotation_files_of_otb_agree_but_for_tigers_lead_in(shared: Path, otb: Dataset) -> None:
    pysot = {s.name: s for s in load_dataset(shared / "data/annotations_pysot/OTB100.json")}
    for sequence in otb:
        np.testing.assert_array_equal(pysot[sequence.name].boxes, sequence.boxes[sequence.lead_in :])


def test_vot2018_has_60_sequences_of_polygons_with_sizes(vot2018: Dataset) -> None:
    assert (vot2018.name, len(vot2018), sum(map(len, vot2018))) == ("vot2018", 60, 21_356)
    assert all(sequence.image_size is not None for sequence in vot2018)
    assert [sequence.name for sequence in vot2018 if sequence.regions is None] == ["conduction1"]


def test_empty_tag_lists_of_vot2018_are_noted(vot2018: Dataset) -> None:
    by_name = {sequence.name: sequence for sequence in vot2018}
    for name, tag in (("ball1", "occlusion"), ("car1", "occlusion"), ("matrix", "camera_motion")):
        assert by_name[name].tags[tag].shape == (0,)
        assert any(note.startswith(f"{name}: the tag {tag} is empty") for note in vot2018.notes)


def test_conduction1_has_345_rectangles_instead_of_polygons(vot2018: Dataset) -> None:
    (sequence,) = (sequence for sequence in vot2018 if sequence.name == "conduction1")
    assert [len(region) for region in sequence.ground_truth] == [4] * 345


def test_vot2019_fills_short_tags(shared: Path) -> None:
    dataset = load_dataset(shared / "data/vot2019/annotations.json")
    assert (dataset.name, len(dataset)) == ("vot2019", 60)
    (graduate,) = (sequence for sequence in dataset if sequence.name == "graduate")
    assert len(graduate.tags["occlusion"]) == len(graduate) == 844


def test_the_real_sequences_are_read_as_they_lie(shared: Path) -> None:
    dataset = load_dataset(shared / "data/sequences")
    assert len(dataset) == 11
    by_name = {sequence.name: sequence for sequence in dataset}
    couple, bag = by_name["OTB_Couple"], by_name["VOT2018_bag"]
    assert (couple.origin, bag.origin) == (1, 0)
    assert "Couple" in couple.aliases
    assert bag.regions is not None
    assert len(bag.tags["motion_change"]) == len(bag.frames) == 196
    pixels = couple.frames[0].pixels
    assert pixels.shape == (couple.image_size[1], couple.image_size[0], 3)


def test_the_real_sequences_are_sound(shared: Path) -> None:
    report = check_dataset(shared / "data/sequences")
    assert report.problems == ()


def test_the_bag_equals_its_annotation(shared: Path, vot2018: Dataset) -> None:
    (annotated,) = (sequence for sequence in vot2018 if sequence.name == "bag")
    (on_disk,) = load_dataset(shared / "data/sequences/VOT2018_bag")
    np.testing.assert_array_equal(np.stack(on_disk.regions), np.stack(annotated.regions))


def test_checking_otb_names_the_two_empty_boxes(shared: Path) -> None:
    report = check_dataset(shared / "data/otb2015/annotations.json")
    assert [(p.kind, p.where) for p in report.problems] == [
        ("degenerate box", "Board"),
        ("degenerate box", "Twinnings"),
    ]
