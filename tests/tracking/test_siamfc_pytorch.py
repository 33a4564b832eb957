"""The preset siamfc-pytorch tracks as siamfc-pytorch does, frame by frame, by a second implementation of its steps."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch

from siamfc_eval.catalogue import find_definition
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.families.siamfc.family import PRESETS as SIAMFC_PRESETS
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker

WEIGHTS = find_definition("trackers", "siamfc-slim").with_suffix(".safetensors")
FRAMES = 12
SIDE = 272


def cropped(image: np.ndarray, centre: np.ndarray, side: float, size: int, fill: np.ndarray) -> torch.Tensor:
    """Whole pixels around a centre (x, y in pixel indices), padded with the mean colour; shape (1, 3, size, size)."""
    side = round(float(side))
    corner = np.round(centre - (side - 1) / 2).astype(int)
    border = int(max(0, *-corner, *(corner + side - image.shape[1::-1])))
    padded = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_CONSTANT, value=fill.tolist())
    x, y = corner + border
    patch = cv2.resize(padded[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(patch).permute(2, 0, 1)[None].float()


def plainly_tracked(network: Any, sequence: Sequence) -> np.ndarray:
    """Boxes x, y, w, h, 0-based, by the steps that siamfc-pytorch takes."""
    assert sequence.frames is not None
    window = np.outer(np.hanning(SIDE), np.hanning(SIDE))
    window /= window.sum()
    scales = 1.0375 ** np.array([-1.0, 0.0, 1.0])
    box = sequence.boxes[0]
    centre, size = box[:2] + (box[2:] - 1) / 2, box[2:].copy()
    side = np.sqrt(np.prod(size + 0.5 * size.sum()))
    first = sequence.frames[0].pixels
    fill = first.mean(axis=(0, 1))
    template = network.template(cropped(first, centre, side, 127, fill))
    search, boxes = side * 255 / 127, [box]
    for index in range(1, FRAMES):
        image = sequence.frames[index].pixels
        crops = torch.cat([cropped(image, centre, search * scale, 255, fill) for scale in scales])
        small = network.detect(template, crops).numpy().reshape(3, 17, 17)
        large = np.stack([cv2.resize(one, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for one in small])
        large[[0, 2]] *= 0.9745
        best = int(large.max(axis=(1, 2)).argmax())
        response = large[best] - large[best].min()
        response = (1 - 0.176) * response / response.sum() + 0.176 * window
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        moved = (np.array([column, row]) - (SIDE - 1) / 2) * 8 / 16
        centre = centre + moved * search * scales[best] / 255
        growth = 1 - 0.59 + 0.59 * scales[best]
        size, search = size * growth, search * growth
        boxes.append(np.concatenate([centre - (size - 1) / 2, size]))
    return np.array(boxes)


def test_the_preset_tracks_as_its_project_does() -> None:
    network = load_model(WEIGHTS)
    tracker = SiamFCTracker("preset", network, SiamFCParameters(**SIAMFC_PRESETS["siamfc-pytorch"]), device="cpu")
    exact = tracker.with_parameters(crop="exact")
    differs = False
    for sequence in list(embedded_benchmark(length=FRAMES))[:2]:
        assert sequence.frames is not None
        with torch.inference_mode():
            expected = plainly_tracked(network, sequence)
        for one in (tracker, exact):
            state, boxes = one.init(sequence.frames[0], sequence.boxes[0]), [sequence.boxes[0]]
            for index in range(1, FRAMES):
                state, output = one.update(state, sequence.frames[index])
                boxes.append(output.region)
            if one is tracker:
                np.testing.assert_allclose(np.array(boxes), expected, atol=1e-6)
            else:
                differs |= not np.allclose(np.array(boxes), expected, atol=0.1)
    assert differs, "exact crops give the same boxes, so this test sees no rounding"
