"""Annotations of wrong types, sizes and numbers: an error that names the sequence, or the ground truth as it is."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.reading.annotation_json import forget_json
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError

WRONG: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    10**400,
    "",
    "text",
    "a\0b",
    [],
    [[]],
    {},
    {"a": 1},
    [None],
    [{}],
    ["x"],
)
PYSOT = {
    "a": {
        "video_dir": "a",
        "init_rect": [5, 6, 7, 8],
        "img_names": ["a/1.jpg", "a/2.jpg"],
        "gt_rect": [[5, 6, 7, 8], [2, 3, 4, 5]],
        "attr": ["Occlusion"],
        "absent": [1, 0],
        "width": 90,
        "height": 80,
        "camera_motion": [0, 1],
    },
    "b": {"img_names": ["b/1.jpg"], "gt_rect": [[1, 2, 3, 4]]},
}
COMPACT = {
    "dataset": "mine",
    "box": "x,y,w,h 1-based",
    "sequences": {
        "a": {
            "gt_rect": [[5, 6, 7, 8], [2, 3, 4, 5]],
            "n_frames": 2,
            "eval_offset": 0,
            "start_frame": 1,
            "dir": "a",
            "aliases": {"got10k": "A"},
            "subsets": ["otb50"],
            "attributes": {"otb": ["OCC"]},
        }
    },
}


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", "off")
    forget_json()
    yield
    forget_json()


def read(folder: Path, content: Any) -> Dataset:
    path = folder / "VOT2018.json"
    path.write_text(json.dumps(content))
    forget_json()
    return load_dataset(path)


def changed(content: dict[str, Any], *path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The content with each of the wrong values in each of the places below a path, and without the place."""
    place: Any = content
    for key in path:
        place = place[key]
    for key in place:
        for value in (*WRONG, "absent"):
            other = copy.deepcopy(content)
            below: Any = other
            for step in path:
                below = below[step]
            if value == "absent":
                del below[key]
            else:
                below[key] = value
            yield key, other


@pytest.mark.parametrize(
    ("content", "path"),
    [(PYSOT, ()), (PYSOT, ("a",)), (COMPACT, ()), (COMPACT, ("sequences",)), (COMPACT, ("sequences", "a"))],
)
def test_every_wrong_type_is_an_error_or_changes_no_box(
    tmp_path: Path, content: dict[str, Any], path: tuple[str, ...]
) -> None:
    expected = {sequence.name: sequence.boxes for sequence in read(tmp_path, content)}
    origins = {"box"}  # which says where coordinates begin, and so may move all boxes
    for key, other in changed(content, *path):
        found: Dataset | tuple[()] = ()
        with contextlib.suppress(InputError):
            found = read(tmp_path, other)
        for sequence in found:
            if key not in origins:
                np.testing.assert_array_equal(sequence.boxes, expected[sequence.name])


def test_every_key_of_a_wrong_type_is_named_with_its_sequence(tmp_path: Path) -> None:
    other = copy.deepcopy(PYSOT)
    other["a"] |= {"attr": [3], "width": "wide", "absent": [5, 0]}
    with pytest.raises(
        InputError, match=r"VOT2018\.json: a: attr\.0 = 3: .*absent\.0 = 5: .*width = 'wide': "
    ) as error:
        read(tmp_path, other)
    assert "valid string" in str(error.value)


@pytest.mark.parametrize("number", [float("inf"), float("-inf")])
def test_infinite_numbers_are_no_boxes(tmp_path: Path, number: float) -> None:
    other = copy.deepcopy(PYSOT)
    other["a"]["gt_rect"] = [[5, 6, 7, 8], [2, 3, number, 5]]
    with pytest.raises(InputError, match=r"VOT2018\.json: a, row 2: a number is infinite"):
        read(tmp_path, other)


@pytest.mark.parametrize("name", ["groundtruth.txt", "OTB100.json"])
def test_files_that_are_too_large_are_refused_without_being_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "Dog"
    folder.mkdir()
    (folder / "img").mkdir()
    place = folder / name if name.endswith(".txt") else tmp_path / name
    with place.open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(InputError, match=r"1,073,741,824 bytes, and .* is read up to"):
        load_dataset(folder if name.endswith(".txt") else place)
