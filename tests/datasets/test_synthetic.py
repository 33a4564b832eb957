from __future__ import annotations

import hashlib
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry.regions import bounding_box
from siamfc_eval.synthetic.benchmark import SCRIPTS, embedded_benchmark, random_script, synthetic_sequence
from siamfc_eval.synthetic.render import SyntheticFrames


@pytest.fixture(scope="module")
def benchmark_() -> Dataset:
    return embedded_benchmark()


def test_a_dozen_sequences_of_60_to_100_frames(benchmark_: Dataset) -> None:
    assert len(benchmark_) == 12
    assert all(60 <= len(sequence) <= 100 for sequence in benchmark_)
    assert len(set(benchmark_.names)) == 12


def test_all_of_otbs_attributes_occur(benchmark_: Dataset) -> None:
    found = set().union(*(sequence.attributes["synthetic"] for sequence in benchmark_))
    assert found == {"IV", "SV", "OCC", "DEF", "MB", "FM", "IPR", "OPR", "OV", "BC", "LR"}


def test_attributes_hold_by_otbs_own_measures(benchmark_: Dataset) -> None:
    for sequence in benchmark_:
        area = sequence.boxes[:, 2:].prod(axis=1)
        step = np.hypot(*np.diff(sequence.boxes[:, :2] + sequence.boxes[:, 2:] / 2, axis=0).T)
        codes = sequence.attributes["synthetic"]
        ratio = area / area[0]
        assert ("SV" in codes) == (ratio.max() > 2 or ratio.min() < 0.5), sequence.name
        assert ("FM" in codes) == (step.max() > 20), sequence.name
        assert ("LR" in codes) == (area.min() < 400), sequence.name


def test_all_of_vots_tags_occur_and_are_as_long_as_the_sequence(benchmark_: Dataset) -> None:
    for sequence in benchmark_:
        assert all(values.shape == (len(sequence),) for values in sequence.tags.values())
    for tag in ("camera_motion", "illum_change", "motion_change", "occlusion", "size_change"):
        assert any(sequence.tags[tag].any() for sequence in benchmark_), tag


def test_boxes_are_the_bounding_boxes_of_the_polygons(benchmark_: Dataset) -> None:
    for sequence in benchmark_:
        expected = np.stack([bounding_box(region) for region in sequence.regions])
        np.testing.assert_array_equal(sequence.boxes, expected)


def test_every_sequence_starts_in_full_view_and_never_leaves_it_wholly(benchmark_: Dataset) -> None:
    for sequence in benchmark_:
        x, y, w, h = sequence.boxes.T
        width, height = sequence.image_size
        assert min(x[0], y[0]) >= 0, sequence.name
        assert max(x[0] + w[0] - width, y[0] + h[0] - height) <= 0, sequence.name
        assert not sequence.tags["occlusion"][0], sequence.name
        assert ((x < width) & (y < height) & (x + w > 0) & (y + h > 0)).all(), sequence.name


def test_the_polygon_is_where_the_pixels_of_the_target_are() -> None:
    # The same scene with another target texture differs inside the silhouette and nowhere else.
    script = next(script for script in SCRIPTS if script.name == "disc-spins")
    sequence = synthetic_sequence(script, seed=3, length=40)
    frame = 30
    first = sequence.frames[frame].pixels
    assert isinstance(sequence.frames, SyntheticFrames)
    renderer = sequence.frames._renderer
    materials = renderer._materials()
    materials.target[:] = 255 - materials.target
    changed = np.abs(sequence.frames[frame].pixels.astype(int) - first).max(axis=2) > 0
    mask = np.zeros(changed.shape, dtype=np.uint8)
    points = np.round((sequence.regions[frame].reshape(-1, 2) - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 1, shift=4)
    overlap = (changed & (mask > 0)).sum() / (changed | (mask > 0)).sum()
    assert overlap > 0.9


def test_frames_can_be_drawn_in_any_order_and_by_several_threads(small_benchmark: Dataset) -> None:
    sequence = embedded_benchmark(size=(96, 72), length=6, names=("disc-spins",)).sequences[0]
    forward = [sequence.frames[i].pixels for i in range(6)]
    with ThreadPoolExecutor(3) as pool:
        shuffled = list(pool.map(lambda i: sequence.frames[i].pixels, [5, 3, 0, 4, 1, 2]))
    for index, pixels in zip([5, 3, 0, 4, 1, 2], shuffled, strict=True):
        np.testing.assert_array_equal(pixels, forward[index])


def test_frames_that_were_sent_to_another_process_are_drawn_there(small_benchmark: Dataset) -> None:
    sequence = small_benchmark.sequences[0]
    drawn = [frame.pixels for frame in sequence.frames]
    for frames in (sequence.frames, list(sequence.frames)):
        sent = pickle.dumps(frames)
        assert len(sent) < sum(pixels.nbytes for pixels in drawn)
        for frame, pixels in zip(pickle.loads(sent), drawn, strict=True):
            np.testing.assert_array_equal(frame.pixels, pixels)


def test_one_seed_gives_the_same_pixels_and_another_seed_others(small_benchmark: Dataset) -> None:
    def digest(dataset: Dataset) -> str:
        pixels = b"".join(frame.pixels.tobytes() for sequence in dataset for frame in sequence.frames)
        return hashlib.sha256(pixels).hexdigest()

    again = embedded_benchmark(size=(96, 72), length=6, names=small_benchmark.names)
    other = embedded_benchmark(seed=7, size=(96, 72), length=6, names=small_benchmark.names)
    assert digest(again) == digest(small_benchmark)
    assert digest(other) != digest(small_benchmark)


def test_frames_are_rgb_images_of_the_size_asked_for(small_benchmark: Dataset) -> None:
    for sequence in small_benchmark:
        pixels = sequence.frames[0].pixels
        assert (pixels.shape, pixels.dtype) == ((72, 96, 3), np.uint8)
        assert sequence.frames[0].path is None
        assert pixels.std() > 10  # a picture, not a plain colour


def test_frames_can_be_sliced_like_files(small_benchmark: Dataset) -> None:
    frames = small_benchmark.sequences[0].frames
    np.testing.assert_array_equal(frames[2:][1].pixels, frames[3].pixels)
    assert len(frames[2:5]) == 3


def test_random_scripts_make_sequences_for_training() -> None:
    for seed in range(4):
        sequence = synthetic_sequence(random_script(seed, length=8), seed, size=(96, 72))
        assert len(sequence) == 8
        assert np.isfinite(sequence.boxes).all()
        assert sequence.frames[7].pixels.shape == (72, 96, 3)


@pytest.mark.parametrize(
    ("layout", "polygons", "origin"), [("otb", False, 1), ("vot", True, 0), ("got10k", False, 0), ("folder", True, 0)]
)
def test_what_is_written_to_disk_is_read_back_the_same(
    tmp_path: Path, small_benchmark: Dataset, layout: str, polygons: bool, origin: Literal[0, 1]
) -> None:
    render_to_folder(small_benchmark, tmp_path / "synthetic", layout, suffix=".png")
    dataset = load_dataset(tmp_path / "synthetic")
    assert dataset.layout == layout
    assert sorted(dataset.names) == sorted(small_benchmark.names)
    by_name = {sequence.name: sequence for sequence in dataset}
    for sequence in small_benchmark:
        read = by_name[sequence.name]
        assert (read.origin, read.regions is not None) == (origin, polygons)
        np.testing.assert_allclose(read.boxes, sequence.boxes, atol=2e-4)
        np.testing.assert_array_equal(read.frames[5].pixels, sequence.frames[5].pixels)
        assert read.image_size == sequence.image_size


def test_vot_layout_keeps_tags_and_otb_layout_keeps_attributes(tmp_path: Path, small_benchmark: Dataset) -> None:
    vot = load_dataset(render_to_folder(small_benchmark, tmp_path / "vot", "vot"))
    otb = load_dataset(render_to_folder(small_benchmark, tmp_path / "otb", "otb"))
    for written, read in zip(small_benchmark, vot, strict=True):
        for tag, values in written.tags.items():
            np.testing.assert_array_equal(read.tags[tag], values)
    for written, read in zip(small_benchmark, otb, strict=True):
        assert read.attributes["attr_list"] == written.attributes["synthetic"]


def test_writing_in_an_unknown_layout_or_without_frames_is_an_error(tmp_path: Path, small_benchmark: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean"):
        render_to_folder(small_benchmark, tmp_path, "vott")
    bare = type(small_benchmark)("bare", (small_benchmark.sequences[0].with_frames(None),))
    with pytest.raises(InputError, match="has no frames"):
        render_to_folder(bare, tmp_path)


@pytest.mark.parametrize(
    ("name", "box", "brightness"),
    [
        ("van-approaches", [93.941, 103.69, 81.277, 61.073], 104.51),
        ("twins-meet", [88.328, 101.995, 34.506, 70.915], 93.03),
        ("chase-at-night", [169.205, 134.625, 48.528, 37.14], 46.58),
    ],
)
def test_the_benchmark_is_the_same_on_every_machine(
    benchmark_: Dataset, name: str, box: list[float], brightness: float
) -> None:
    (sequence,) = (sequence for sequence in benchmark_ if sequence.name == name)
    np.testing.assert_allclose(sequence.boxes[40], box, atol=1e-3)
    assert sequence.frames[40].pixels.mean() == pytest.approx(brightness, abs=0.05)
