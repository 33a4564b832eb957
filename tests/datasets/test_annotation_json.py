from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.errors import InputError


def pysot_entry(name: str, boxes: list[Any], **more: object) -> dict[str, Any]:
    names = [f"{name}/img/{i + 1:04d}.jpg" for i in range(len(boxes))]
    return {"video_dir": name, "init_rect": boxes[0], "img_names": names, "gt_rect": boxes, **more}


def test_the_files_name_says_the_benchmark_and_with_it_the_origin(
    tmp_path: Path, write: Callable[[Path, str], Path]
) -> None:
    entry = pysot_entry("Boy", [[10, 5, 8, 6]] * 2, attr=["Scale Variation", "Fast Motion"])
    path = write(tmp_path / "OTB100.json", json.dumps({"Boy": entry}))
    dataset = load_dataset(path)
    (sequence,) = dataset
    assert (dataset.name, dataset.layout, sequence.origin) == ("otb2015", "pysot-json", 1)
    np.testing.assert_array_equal(sequence.boxes[0], [9, 4, 8, 6])
    assert sequence.attributes == {"pysot": frozenset({"SV", "FM"})}
    assert sequence.frames is None


def test_polygons_tags_and_size_are_kept(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    polygon = [2, 3, 12, 3, 12, 9, 2, 9]
    entry = pysot_entry("bag", [polygon] * 3, occlusion=[], size_change=[0, 1, 0], width=32, height=24)
    (sequence,) = load_dataset(write(tmp_path / "VOT2018.json", json.dumps({"bag": entry})))
    np.testing.assert_array_equal(sequence.regions[0], polygon)
    np.testing.assert_array_equal(sequence.boxes[0], [2, 3, 10, 6])
    assert (sequence.origin, sequence.image_size) == (0, (32, 24))
    assert sequence.tags["occlusion"].shape == (0,)
    np.testing.assert_array_equal(sequence.tags["size_change"], [False, True, False])


def test_hidden_targets_are_nan_and_absent_flags_are_read(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    entry = pysot_entry("bike1", [[10, 5, 8, 6], [float("nan")] * 4, [10, 5, 8, 6]], absent=[1, 0, 1])
    (sequence,) = load_dataset(write(tmp_path / "UAV123.json", json.dumps({"bike1": entry})))
    assert np.isnan(sequence.boxes[1]).all()
    np.testing.assert_array_equal(sequence.absent, [False, True, False])


def test_images_beside_the_file_or_given_are_used(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    path = write(tmp_path / "data/OTB100.json", json.dumps({"Boy": pysot_entry("Boy", [[10, 5, 8, 6]] * 2)}))
    make_images(tmp_path / "elsewhere/Boy/img", 1, 2, "{:04d}.jpg")
    (sequence,) = load_dataset(path, images=tmp_path / "elsewhere")
    assert sequence.frames[1].pixels.shape == (24, 32, 3)
    make_images(tmp_path / "data/Boy/img", 1, 2, "{:04d}.jpg")
    (sequence,) = load_dataset(path)
    assert sequence.frames is not None


def test_a_missing_image_is_named(
    tmp_path: Path, make_images: Callable[..., Path], write: Callable[[Path, str], Path]
) -> None:
    path = write(tmp_path / "OTB100.json", json.dumps({"Boy": pysot_entry("Boy", [[10, 5, 8, 6]] * 3)}))
    make_images(tmp_path / "Boy/img", 1, 2, "{:04d}.jpg")
    with pytest.raises(InputError, match=r"0003.jpg: missing frame \(1 of 3"):
        load_dataset(path)


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/passwd", "C:\\x.jpg"])
def test_image_names_cannot_lead_out_of_the_folder(
    tmp_path: Path, write: Callable[[Path, str], Path], name: str
) -> None:
    entry = pysot_entry("Boy", [[10, 5, 8, 6]]) | {"img_names": [name]}
    with pytest.raises(InputError, match="relative paths"):
        load_dataset(write(tmp_path / "OTB100.json", json.dumps({"Boy": entry})))


def test_lists_of_different_length_are_an_error(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    entry = pysot_entry("Boy", [[10, 5, 8, 6]] * 3)
    entry["img_names"].pop()
    with pytest.raises(InputError, match="Boy: 3 rows of ground truth for 2 image names"):
        load_dataset(write(tmp_path / "OTB100.json", json.dumps({"Boy": entry})))


def test_a_row_that_is_no_box_is_named(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    entry = pysot_entry("Boy", [[10, 5, 8, 6], [1, 2, 3], [1, 2, 3, "x"]])
    path = write(tmp_path / "OTB100.json", json.dumps({"Boy": entry}))
    with pytest.raises(InputError, match="Boy, row 2: expected 4 numbers or a polygon, found 3"):
        load_dataset(path)


def test_a_file_that_is_not_json_says_so(tmp_path: Path, write: Callable[[Path, str], Path]) -> None:
    with pytest.raises(InputError, match="not valid JSON"):
        load_dataset(write(tmp_path / "OTB100.json", "{"))


@pytest.fixture
def compact(tmp_path: Path, write: Callable[[Path, str], Path]) -> Path:
    sequences = {
        "Boy": {"gt_rect": [[10, 5, 8, 6]] * 3, "n_frames": 3, "dir": "Boy", "subsets": ["OTB100", "OTB2013"]},
        "Tiger1": {
            "gt_rect": [[10, 5, 8, 6]] * 9,
            "n_frames": 9,
            "eval_offset": 5,
            "dir": "Tiger1",
            "aliases": {"dcfnet": "tiger1"},
            "attributes": {"matlab_hc": ["IV"], "pytracking": ["IV", "OCC"]},
        },
        "David": {"gt_rect": [[10, 5, 8, 6]] * 2, "n_frames": 2, "start_frame": 300, "dir": "David"},
        "Man": {"gt_rect": [[10, 5, 8, 6]], "n_frames": 1, "dir": "Man"},
    }
    content = {"dataset": "OTB2015 (TB-100)", "box": "x,y,w,h; 1-based top-left", "sequences": sequences}
    return write(tmp_path / "annotations.json", json.dumps(content))


def test_the_compact_file_gives_attributes_by_source_aliases_and_lead_in(
    compact: Path, write: Callable[[Path, str], Path]
) -> None:
    write(compact.parent / "init_omit.json", '{"Tiger1": [[1, 5]]}')
    dataset = load_dataset(compact)
    assert (dataset.name, dataset.layout) == ("otb2015", "compact-json")
    tiger = dataset.sequences[1]
    assert (tiger.origin, tiger.lead_in, tiger.init_omit) == (1, 5, ((1, 5),))
    assert tiger.attributes == {"matlab_hc": frozenset({"IV"}), "pytracking": frozenset({"IV", "OCC"})}
    assert "tiger1" in tiger.aliases
    np.testing.assert_array_equal(tiger.published_boxes[0], [10, 5, 8, 6])


def test_subsets_of_the_compact_file_are_selected_by_name(compact: Path) -> None:
    assert load_dataset(compact, "otb2013").names == ("Boy", "Tiger1", "David")
    assert load_dataset(compact, "cvpr13").name == "otb2013"


def test_the_compact_file_finds_images_from_the_start_frame(compact: Path, make_images: Callable[..., Path]) -> None:
    make_images(compact.parent / "David/img", 1, 305, "{:04d}.jpg")
    david = load_dataset(compact).sequences[2]
    assert isinstance(david.frames, ImageFrames)
    assert [path.name for path in david.frames.paths] == ["0300.jpg", "0301.jpg"]


def test_a_wrong_count_in_the_compact_file_is_an_error(compact: Path) -> None:
    content = json.loads(compact.read_text())
    content["sequences"]["Boy"]["n_frames"] = 4
    compact.write_text(json.dumps(content))
    with pytest.raises(InputError, match="Boy: n_frames is 4, but there are 3 boxes"):
        load_dataset(compact)
