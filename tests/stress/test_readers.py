"""Files that were damaged: an error, or what another reader makes of them. A wrong number is a failure.

Short: some hundred damaged files; long (`make stress`): many thousands.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.reading.annotation_json import forget_json
from siamfc_eval.errors import InputError
from siamfc_eval.matlab import read_variable
from siamfc_eval.protocols.trajectory import INITIALIZED
from siamfc_eval.results.formats.text import parse_rows
from siamfc_eval.results.manifest import ItemStatus, Manifest, read_manifest

ROUNDS = [pytest.param(200, id="short"), pytest.param(20_000, id="long", marks=pytest.mark.stress)]
WORDS = (
    b",",
    b" ",
    b"\n",
    b"\r",
    b"\t",
    b"-",
    b".",
    b"e9",
    b"nan",
    b"inf",
    b"0",
    b"1",
    b"2",
    b"\0",
    b"\xff",
    b'"',
    b"]",
)


def damaged(content: bytes, rounds: int) -> Iterator[bytes]:
    """The content with bytes changed, cut out, put in, doubled or cut off; the same for every call."""
    chance = np.random.default_rng(20)
    for _ in range(rounds):
        data = bytearray(content)
        for _ in range(int(chance.integers(1, 4))):
            at = int(chance.integers(0, len(data) or 1))
            length = int(chance.integers(1, 12))
            kind = int(chance.integers(0, 6))
            if kind == 0 and data:
                data[min(at, len(data) - 1)] ^= int(chance.integers(1, 256))
            elif kind == 1:
                del data[at : at + length]
            elif kind == 2:
                data[at:at] = WORDS[int(chance.integers(0, len(WORDS)))]
            elif kind == 3:
                data[at:at] = data[at : at + length]
            elif kind == 4:
                data[at : at + 1] = WORDS[int(chance.integers(0, len(WORDS)))]
            else:
                del data[at:]
        yield bytes(data)


def rows_by_python(data: bytes) -> list[list[float]]:
    """The numbers of each line, as Python reads them."""
    lines = re.split(r"\r\n|\r|\n", data.decode("utf-8-sig").rstrip())
    return [[float(word) for word in re.split(r"[ \t]*,[ \t]*|[ \t]+", line.strip())] for line in lines]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_results_in_text(rounds: int) -> None:
    content = b"1\n10.25,20,30.125,4e1\n2\n0\n1.5\t2 3,4\n1,2,3,4,5,6,7,8\nnan,nan,nan,nan\n123456789012345678,1,2,3\n"
    accepted = 0
    for data in damaged(content, rounds):
        try:
            rows = parse_rows(data, "a.txt")
        except InputError:
            continue
        accepted += 1
        expected = rows_by_python(data)
        assert len(rows) == len(expected), data
        for number, row in enumerate(expected):
            if len(row) == 1:
                assert rows.codes[number] == row[0], data
            elif number in rows.polygons:
                np.testing.assert_array_equal(rows.polygons[number], row)
            else:
                np.testing.assert_array_equal(rows.boxes[number], row)
    assert accepted > rounds // 20
    assert INITIALIZED == 1


@pytest.mark.parametrize("rounds", ROUNDS)
def test_annotations_in_json(rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAMFC_EVAL_CACHE", str(tmp_path / "cache"))
    entry = {"gt_rect": [[5.5, 6, 7, 8], [2, 3, 4, 5]], "img_names": ["a/1.jpg", "a/2.jpg"], "attr": ["Occlusion"]}
    content = json.dumps({"a": entry, "b": {**entry, "absent": [1, 0], "width": 9, "height": 8}}).encode()
    path = tmp_path / "VOT2018.json"
    for data in damaged(content, rounds):
        path.write_bytes(data)
        forget_json()
        for _ in range(2):  # The second time from what was kept.
            with contextlib.suppress(InputError):
                for sequence in load_dataset(path):
                    table = json.loads(data)[sequence.name]["gt_rect"]
                    for region, row in zip(sequence.ground_truth, table, strict=True):  # boxes, polygons or both
                        if np.isfinite(region).all():  # not absent, by its row or by its flag
                            np.testing.assert_array_equal(region, np.array(row, dtype=np.float64))


@pytest.mark.parametrize("rounds", ROUNDS)
def test_ground_truth_in_text(rounds: int, tmp_path: Path) -> None:
    place = tmp_path / "Dog" / "groundtruth_rect.txt"
    (tmp_path / "Dog" / "img").mkdir(parents=True)
    for data in damaged(b"10,20,30,40\n11.5,20,30,40\n12,NaN,30,40\n13\t20\t30\t40\n", rounds):
        place.write_bytes(data)
        with contextlib.suppress(InputError):
            (sequence,) = load_dataset(tmp_path, "otb")
            expected = np.array(
                [
                    [float(word) for word in re.split(r"[,;\s]+", line.strip()) if word]
                    for line in data.decode("utf-8-sig").rstrip().splitlines()
                ]
            )
            np.testing.assert_allclose(sequence.boxes, expected - np.array([1.0, 1.0, 0.0, 0.0]), rtol=0, atol=0)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_manifests(rounds: int, tmp_path: Path) -> None:
    items = {"bag": ItemStatus(status="done", frames=3, digest="a" * 32, seed=5)}
    manifest = Manifest(dataset="vot2018", tracker="mine", identity={"weights": "a1"}, items=items)
    content = manifest.model_dump_json().encode()
    for data in damaged(content, rounds):
        (tmp_path / "manifest.json").write_bytes(data)
        with contextlib.suppress(InputError):
            found = read_manifest(tmp_path)
            assert found is not None
            said = json.loads(data)
            assert (found.dataset, found.tracker) == (said["dataset"], said["tracker"])
            assert {key: item.digest for key, item in found.items.items()} == {
                key: item.get("digest", "") for key, item in said.get("items", {}).items()
            }


@pytest.mark.parametrize("rounds", ROUNDS)
def test_matlab_files(rounds: int) -> None:
    """Compressed variables carry a checksum, so what is read of them is what was written."""
    table = np.arange(40.0).reshape(10, 4)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"results": table}, do_compression=True)
    content = buffer.getvalue()
    start = 128  # Before it lies a text that nobody reads.
    for data in damaged(content[start:], rounds):
        with contextlib.suppress(InputError):
            found = read_variable(content[:start] + data, "results", "a.mat", limit=2**20, holding="results")
            np.testing.assert_array_equal(found, table)
