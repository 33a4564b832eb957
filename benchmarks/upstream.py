"""SiamFC as siamfc-pytorch has it, to measure against: eager, contiguous, batch norms as modules, one target at a time.

The steps are those of its `TrackerSiamFC` (crops to whole pixels with padding, scales stacked, response enlarged by
OpenCV, peak by numpy), and the loop around it is got10k's `ExperimentOTB`.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import cv2
import got10k.experiments
import got10k.trackers
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.sequence import Dataset
from siamfc_eval.models.siamese import FullyConvolutional

SCALES = 1.0375 ** np.array([-1.0, 0.0, 1.0])
ENLARGED = 272


class UpstreamSiamFC(got10k.trackers.Tracker):  # type: ignore[misc]
    """The upstream tracker around any network of the family.

    Args:
        network: with its weights, as it is loaded: nothing of it is folded or laid out otherwise.
        device: where it runs.
    """

    def __init__(self, network: FullyConvolutional, device: torch.device) -> None:
        super().__init__("upstream", is_deterministic=True)
        self.net: Any = network.eval().to(device)
        self.device = device
        window = np.outer(np.hanning(ENLARGED), np.hanning(ENLARGED))
        self.window = window / window.sum()

    @torch.no_grad()
    def init(self, image: Any, box: NDArray[np.float64]) -> None:
        """Start on an image of PIL's with x, y, w, h, 1-based."""
        pixels = np.asarray(image)
        self.centre, self.size = np.asarray(box[:2]) - 1 + (box[2:] - 1) / 2, np.array(box[2:], dtype=float)
        side = np.sqrt(np.prod(self.size + 0.5 * self.size.sum()))
        self.search = side * 255 / 127
        self.fill = np.mean(pixels, axis=(0, 1))
        self.kernel = self.net.embed(self._tensor([self._crop(pixels, side, 127)]))

    @torch.no_grad()
    def update(self, image: Any) -> NDArray[np.float64]:
        """Where the target is: x, y, w, h, 1-based."""
        pixels = np.asarray(image)
        crops = [self._crop(pixels, self.search * scale, 255) for scale in SCALES]
        head = self.net.head
        small = head.adjust(F.conv2d(self.net.embed(self._tensor(crops)), self.kernel) * head.scale)
        maps = small.squeeze(1).cpu().numpy()
        large = np.stack([cv2.resize(one, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC) for one in maps])
        large[[0, 2]] *= 0.9745
        best = int(large.max(axis=(1, 2)).argmax())
        response = large[best] - large[best].min()
        response = 0.824 * response / (response.sum() + 1e-16) + 0.176 * self.window
        place = np.array(np.unravel_index(response.argmax(), response.shape))[::-1]
        self.centre = self.centre + (place - (ENLARGED - 1) / 2) * 8 / 16 * self.search * SCALES[best] / 255
        growth = 0.41 + 0.59 * SCALES[best]
        self.size, self.search = self.size * growth, self.search * growth
        return np.concatenate([self.centre + 1 - (self.size - 1) / 2, self.size])

    def _tensor(self, crops: list[Any]) -> torch.Tensor:
        stacked = np.stack(crops)
        return torch.from_numpy(stacked).to(self.device).permute(0, 3, 1, 2).contiguous().float()

    def _crop(self, image: NDArray[np.uint8], side: float, size: int) -> Any:
        whole = round(side)
        corner = np.round(self.centre - (whole - 1) / 2).astype(int)
        border = int(max(0, *-corner, *(corner + whole - image.shape[1::-1])))
        if border:
            image = cv2.copyMakeBorder(
                image, border, border, border, border, cv2.BORDER_CONSTANT, value=self.fill.tolist()
            )
        x, y = corner + border
        patch = image[y : y + whole, x : x + whole]
        return cv2.resize(patch, (size, size), interpolation=cv2.INTER_LINEAR)


class _Sequences:
    """A data set as got10k's experiments take it."""

    def __init__(self, dataset: Dataset) -> None:
        self._sequences = dataset.sequences
        self.seq_names = list(dataset.names)

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> tuple[list[str], NDArray[np.float64]]:
        sequence = self._sequences[index]
        assert isinstance(sequence.frames, ImageFrames)
        return [str(path) for path in sequence.frames.paths], sequence.boxes + np.array([1, 1, 0, 0])


def run_otb_experiment(tracker: UpstreamSiamFC, dataset: Dataset, folder: Path) -> None:
    """got10k's `ExperimentOTB.run` over a data set whose frames are files."""
    experiment = got10k.experiments.ExperimentOTB.__new__(got10k.experiments.ExperimentOTB)
    experiment.dataset = _Sequences(dataset)
    experiment.result_dir, experiment.report_dir = str(folder / "results"), str(folder / "reports")
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        experiment.run(tracker, visualize=False)
