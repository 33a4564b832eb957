"""The preset pysot tracks as pysot does, frame by frame, by a second implementation of its tracker's steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from siamfc_eval.catalogue import find_definition
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.families.siamese.crops import crop_pysot, mean_colour
from siamfc_eval.tracking.families.siamrpn.family import PRESETS as SIAMRPN_PRESETS
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker

WEIGHTS = find_definition("trackers", "siamrpn-slim").with_suffix(".safetensors")
FRAMES = 12
STRIDE, EXEMPLAR = 8, 127


def subwindow(image: np.ndarray, centre: np.ndarray, size: int, side: int, fill: np.ndarray) -> np.ndarray:
    """Whole pixels around a pixel's index, out of a padded copy of the frame, resized where the size differs."""
    first = [int(np.floor(c - (side + 1) / 2 + 0.5)) for c in centre]
    before = [max(0, -f) for f in first]
    after = [max(0, f + side - n) for f, n in zip(first, image.shape[1::-1], strict=True)]
    padded = np.empty((image.shape[0] + before[1] + after[1], image.shape[1] + before[0] + after[0], 3), np.uint8)
    padded[:] = fill  # cut to whole values, as assigning to bytes does
    padded[before[1] : before[1] + image.shape[0], before[0] : before[0] + image.shape[1]] = image
    x, y = first[0] + before[0], first[1] + before[1]
    patch = padded[y : y + side, x : x + side]
    return patch if side == size else cv2.resize(patch, (size, size))


def pysot_anchors(cells: int) -> np.ndarray:
    """cx, cy, w, h of every anchor, shape (4, 5 * cells * cells)."""
    line = -(cells // 2) * STRIDE + STRIDE * np.arange(cells)
    x, y = np.meshgrid(line, line)
    anchors = []
    for ratio in (0.33, 0.5, 1, 2, 3):
        width = int(np.sqrt(STRIDE * STRIDE / ratio))
        height = int(width * ratio)
        full = np.full(cells * cells, 8.0)
        anchors.append(np.stack([x.ravel(), y.ravel(), full * width, full * height]))
    return np.concatenate(anchors, axis=1)


def side_of(width: Any, height: Any) -> Any:
    pad = (width + height) * 0.5
    return np.sqrt((width + pad) * (height + pad))


def change(ratio: np.ndarray) -> np.ndarray:
    return np.maximum(ratio, 1 / ratio)


def started(region: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and size that tools/test.py starts with.

    It hands over cx - (w - 1)/2 with cx = x + w/2, or the mean of a polygon's corners, and the tracker adds (w - 1)/2.
    """
    if len(region) == 4:
        return region[:2] + region[2:] / 2, region[2:].copy()
    corners = region.reshape(4, 2)
    box = corners.max(axis=0) - corners.min(axis=0)
    area = np.linalg.norm(corners[0] - corners[1]) * np.linalg.norm(corners[1] - corners[2])
    return corners.mean(axis=0), np.sqrt(area / box.prod()) * box + 1


def plainly_tracked(network: Any, frames: list[Frame], region: np.ndarray, config: dict[str, float]) -> np.ndarray:
    """Boxes x, y, w, h as pysot's tools/test.py writes them, by the steps of its SiamRPNTracker; the first left out."""
    search = int(config["search_size"])
    centre, size = started(region)
    first = frames[0].pixels
    fill = np.mean(first, axis=(0, 1))

    def seen(image: np.ndarray, pixels: int, side: float) -> torch.Tensor:
        crop = subwindow(image, centre, pixels, round(float(side)), fill)
        return torch.from_numpy(crop).permute(2, 0, 1)[None].float()

    template = network.template(seen(first, EXEMPLAR, side_of(*size)))
    boxes = []
    for frame in frames[1:]:
        zoom = EXEMPLAR / side_of(*size)
        cls, loc = network.detect(template, seen(frame.pixels, search, side_of(*size) * (search / EXEMPLAR)))
        cells = cls.shape[-1]
        score = torch.softmax(cls.permute(1, 2, 3, 0).reshape(2, -1).T, dim=1)[:, 1].numpy()
        delta, anchors = loc.permute(1, 2, 3, 0).reshape(4, -1).numpy(), pysot_anchors(cells)
        found = np.concatenate([delta[:2] * anchors[2:] + anchors[:2], np.exp(delta[2:]) * anchors[2:]])
        growth = change(side_of(found[2], found[3]) / side_of(*(size * zoom)))
        shape = change((size[0] / size[1]) / (found[2] / found[3]))
        penalty = np.exp(-(shape * growth - 1) * config["penalty_k"])
        window = np.tile(np.outer(np.hanning(cells), np.hanning(cells)).ravel(), 5)
        influence = config["window_influence"]
        best = int(np.argmax(penalty * score * (1 - influence) + window * influence))
        rate = penalty[best] * score[best] * config["size_rate"]
        limits = np.array(frame.pixels.shape[1::-1])
        centre = np.clip(found[:2, best] / zoom + centre, 0, limits)
        size = np.maximum(10, np.minimum(size * (1 - rate) + found[2:, best] / zoom * rate, limits))
        boxes.append(np.concatenate([centre - size / 2, size]))
    return np.array(boxes)


def tracked(tracker: SiamRPNTracker, frames: list[Frame], region: np.ndarray) -> np.ndarray:
    state, boxes = tracker.init(frames[0], region), []
    for frame in frames[1:]:
        state, output = tracker.update(state, frame)
        boxes.append(output.region)
    return np.array(boxes)


def assert_same_boxes(sequences: list[Sequence], preset: str) -> None:
    network = load_model(WEIGHTS)
    config = dict(SIAMRPN_PRESETS[preset])
    tracker = SiamRPNTracker("preset", network, SiamRPNParameters(**config), device="cpu")
    exact = tracker.with_parameters(crop="exact")
    differs = False
    for sequence in sequences:
        assert sequence.frames is not None
        start = sequence.ground_truth[0]
        start = start if len(start) in (4, 8) else sequence.boxes[0]
        frames = [sequence.frames[index] for index in range(min(FRAMES, len(sequence.frames)))]
        with torch.inference_mode():
            expected = plainly_tracked(network, frames, start, config)
        np.testing.assert_allclose(tracked(tracker, frames, start), expected, atol=1e-3, rtol=0)
        differs |= not np.allclose(tracked(exact, frames, start), expected, atol=0.1)
    assert differs, "exact crops give the same boxes, so this test sees no rounding"


@pytest.mark.parametrize("preset", ["pysot", "pysot-r50-otb"])
def test_the_preset_tracks_as_its_project_does(preset: str) -> None:
    assert_same_boxes(list(embedded_benchmark(length=FRAMES))[:2], preset)


@pytest.mark.shared
def test_the_preset_tracks_as_its_project_does_on_real_frames(shared: Path) -> None:
    names = ("OTB_Crossing", "OTB_Jogging-1", "VOT2018_bag")
    sequences = [load_dataset(shared / "data" / "sequences" / name).sequences[0] for name in names]
    assert_same_boxes(sequences, "pysot")


@pytest.mark.parametrize("centre", [(60.0, 50.0), (0.4, 0.4), (-30.0, 200.0), (239.5, 91.5)])
@pytest.mark.parametrize("side", [20.4, 21.6, 127.0, 300.0])
def test_crops_are_pysots_to_the_byte(textured: list[Frame], centre: tuple[float, float], side: float) -> None:
    image = textured[0].pixels
    ours = crop_pysot(image, np.array(centre), side, EXEMPLAR, mean_colour(image))
    theirs = subwindow(image, np.array(centre), EXEMPLAR, round(side), np.mean(image, axis=(0, 1)))
    np.testing.assert_array_equal(ours, theirs)
