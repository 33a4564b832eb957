"""Backbones in int8: made from weights and crops, used by name, and refused where they do not belong."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from siamfc_eval.adapters.load import load_tracker  # noqa: E402
from siamfc_eval.catalogue import catalogue_folder  # noqa: E402
from siamfc_eval.cli.verbs.export_verb import command  # noqa: E402
from siamfc_eval.errors import InputError  # noqa: E402
from siamfc_eval.geometry.boxes import overlaps  # noqa: E402
from siamfc_eval.synthetic.benchmark import embedded_benchmark  # noqa: E402
from siamfc_eval.tracking.capabilities import engine_of  # noqa: E402
from siamfc_eval.tracking.catalogue import read_catalogue, tracker_facts  # noqa: E402
from siamfc_eval.tracking.families.siamese.calibration import crops_of  # noqa: E402
from siamfc_eval.tracking.family import LoadOptions  # noqa: E402


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracker's file, its weights and its backbone in int8, made by the command."""
    place = tmp_path_factory.mktemp("int8")
    shutil.copy(catalogue_folder("trackers") / "siamfc-slim.safetensors", place)
    text = (catalogue_folder("trackers") / "siamfc-slim.toml").read_text()
    (place / "plain.toml").write_text(text)
    (place / "quantised.toml").write_text('quantised = "slim.int8.onnx"\n' + text)
    crops = place / "crops"
    crops.mkdir()
    for number, sequence in enumerate(embedded_benchmark(length=1)):
        assert sequence.frames is not None
        pixels = cv2.resize(sequence.frames[0].pixels, (300, 280))
        cv2.imwrite(str(crops / f"{number}.png"), pixels[:, :, ::-1])
    target = place / "slim.int8.onnx"
    words = ["int8", str(place / "plain.toml"), str(target), "--crops", str(crops)]
    assert "measured on 12 crops" in CliRunner().invoke(command, words, catch_exceptions=False).stdout
    return place


def test_a_quantised_tracker_follows_as_the_exact_one_does(folder: Path) -> None:
    (sequence,) = embedded_benchmark(length=8, names=("sign-in-the-flicker",))
    assert sequence.frames is not None
    found = {}
    for precision in ("float32", "int8"):
        tracker = load_tracker(str(folder / "quantised.toml"), device="cpu", precision=precision)
        state, boxes = tracker.init(sequence.frames[0], sequence.boxes[0]), []
        for frame in sequence.frames[1:]:
            state, output = tracker.update(state, frame)
            boxes.append(output.region)
        found[precision] = np.array(boxes)
    assert engine_of(tracker) == {"engine": "onnxruntime", "precision": "int8"}
    assert overlaps(found["int8"], found["float32"]).min() > 0.85
    assert not np.array_equal(found["int8"], found["float32"]), "int8 rounds, so it was not used"


def test_int8_is_another_tracker_and_names_its_file(folder: Path) -> None:
    described = read_catalogue(str(folder / "quantised.toml"))
    exact, rounded = tracker_facts(described), tracker_facts(described, LoadOptions(precision="int8"))
    assert exact["hash"] == tracker_facts(read_catalogue(str(folder / "plain.toml")))["hash"]
    assert rounded["hash"] != exact["hash"]
    assert (rounded["engine"], rounded["precision"], len(rounded["quantised_sha256"])) == ("onnxruntime", "int8", 64)


def test_a_backbone_that_is_not_the_listed_one_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("quantised.toml", "siamfc-slim.safetensors", "slim.int8.onnx"):
        shutil.copy(folder / name, tmp_path)
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  slim.int8.onnx\n")
    with pytest.raises(InputError, match=r"slim\.int8\.onnx: not the file that SHA256SUMS next to it names"):
        _build(tmp_path)


def test_a_backbone_of_other_weights_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("quantised.toml", "slim.int8.onnx"):
        shutil.copy(folder / name, tmp_path)
    other = catalogue_folder("trackers") / "siamfc-alexnet.safetensors"
    shutil.copy(other, tmp_path / "siamfc-slim.safetensors")
    with pytest.raises(InputError, match=r"slim\.int8\.onnx: not made from .*siamfc-eval export int8"):
        _build(tmp_path)
    with pytest.raises(InputError, match="made from its own weights, not from"):
        load_tracker(str(folder / "quantised.toml"), precision="int8", weights=other)


def test_a_damaged_or_missing_backbone_is_refused(folder: Path, tmp_path: Path) -> None:
    for name in ("quantised.toml", "siamfc-slim.safetensors"):
        shutil.copy(folder / name, tmp_path)
    with pytest.raises(InputError, match="no such file, which tracker quantised needs for int8"):
        _build(tmp_path)
    (tmp_path / "slim.int8.onnx").write_bytes((folder / "slim.int8.onnx").read_bytes()[:5000])
    with pytest.raises(InputError, match=r"slim\.int8\.onnx: not"):
        _build(tmp_path)


def _build(place: Path) -> None:
    load_tracker(str(place / "quantised.toml"), precision="int8", device="cpu")


def test_material_without_images_that_are_large_enough_is_refused(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((100, 400, 3), np.uint8))
    with pytest.raises(InputError, match="no images of 255 x 255 pixels"):
        crops_of(tmp_path, 255)


def test_what_cannot_be_quantised_is_refused(folder: Path, tmp_path: Path) -> None:
    crops = ["--crops", str(folder / "crops")]
    for arguments, message in (
        (["kcf", str(tmp_path / "x.onnx")], "has no network to quantise"),
        (["siamfc-slim", str(tmp_path / "x.bin")], "ends in .onnx"),
        (["siamfc-slim", str(tmp_path / "none" / "x.onnx")], "no such folder"),
    ):
        with pytest.raises(InputError, match=message):
            CliRunner().invoke(command, ["int8", *arguments, *crops], catch_exceptions=False)
