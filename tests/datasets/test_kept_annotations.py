"""Annotations in JSON are parsed once for many processes, and what was kept is never of another file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.reading import annotation_json
from siamfc_eval.datasets.reading.annotation_json import forget_json, load_json
from siamfc_eval.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path / "cache"))
    forget_json()
    return tmp_path


def write(path: Path, first: float = 5.0) -> Path:
    entry = {"gt_rect": [[first, 6, 7, 8], [2, 3, 4, 5]], "img_names": ["a/1.jpg", "a/2.jpg"], "attr": ["Occlusion"]}
    uneven = {"gt_rect": [[1, 2, 3, 4], [1, 2, 5, 2, 5, 9, 1, 9]], "img_names": ["b/1.jpg", "b/2.jpg"]}
    path.write_text(json.dumps({"a": entry, "b": uneven}))
    return path


def refuse_to_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotation_json, "_parsed", lambda _: pytest.fail("parsed again"))


def test_nan_and_what_else_python_writes_as_json_is_read(folder: Path) -> None:
    path = folder / "a.json"
    path.write_text(json.dumps({"a": {"gt_rect": [[1.1, float("nan"), 3, 4]], "far": float("inf"), "id": 2**70}}))
    entry = load_json(path)["a"]
    np.testing.assert_array_equal(entry["gt_rect"], [[1.1, np.nan, 3, 4]])
    assert (entry["far"], entry["id"]) == (float("inf"), 2**70)


def test_what_was_kept_equals_what_was_parsed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder / "VOT2018.json")
    parsed = load_dataset(path)
    refuse_to_parse(monkeypatch)
    again = load_dataset(path)
    assert [sequence.name for sequence in again] == ["a", "b"]
    for one, other in zip(parsed, again, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)
        assert one.attributes == other.attributes
        assert [region.tolist() for region in one.ground_truth] == [region.tolist() for region in other.ground_truth]


def test_a_file_that_changed_is_parsed_again(folder: Path) -> None:
    path = write(folder / "VOT2018.json")
    load_dataset(path)
    write(path, first=9.0)
    assert load_dataset(path).sequences[0].boxes[0, 0] == 9.0


def test_what_was_kept_and_damaged_is_parsed_again(folder: Path) -> None:
    path = write(folder / "VOT2018.json")
    first = load_json(path)["a"]["gt_rect"].tolist()
    forget_json()
    (kept,) = (folder / "cache" / "annotations").iterdir()
    kept.write_bytes(kept.read_bytes()[:-3])
    assert load_json(path)["a"]["gt_rect"].tolist() == first


def test_nothing_is_kept_where_nothing_is_to_be_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", "off")
    load_json(write(folder / "VOT2018.json"))
    assert not (folder / "cache").exists()


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff", "nothing"])
def test_what_is_no_json_is_named(folder: Path, text: str) -> None:
    path = folder / "broken.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"broken\.json: not valid JSON"):
        load_json(path)


@pytest.mark.parametrize("rows", [[[10**400, 1, 2, 3]], [["a", 1, 2, 3]], [[1, 2, 3]], [], None, 5, {"x": 1}])
def test_tables_of_anything_else_are_refused_with_the_sequence(folder: Path, rows: object) -> None:
    path = folder / "VOT2018.json"
    path.write_text(json.dumps({"a": {"gt_rect": rows, "img_names": ["a/1.jpg"]}}))
    with pytest.raises(InputError, match=r"VOT2018\.json: a"):
        load_dataset(path)
