"""Frames whose target's motion is known exactly, and networks that are right by construction."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.tracking.tracker import Output

BACKGROUND = 120.0
HEIGHT, WIDTH = 300, 400

Blob = Callable[..., Frame]
MatchedNetwork = Callable[..., FullyConvolutional]


def _frame_of(pixels: np.ndarray) -> Frame:
    return Frame(None, lambda: pixels)


def _blob_at(box: np.ndarray, dx: float = 0.0, dy: float = 0.0, growth: float = 1.0) -> Frame:
    x, y = box[:2] + box[2:] / 2 + [dx, dy]
    radius = growth * box[2] / 4
    row = np.exp(-((np.arange(WIDTH) + 0.5 - x) ** 2) / (2 * radius**2))
    column = np.exp(-((np.arange(HEIGHT) + 0.5 - y) ** 2) / (2 * radius**2))
    blob = np.round(BACKGROUND + 110.0 * np.outer(column, row)).astype(np.uint8)
    return _frame_of(np.repeat(blob[:, :, None], 3, axis=2))


class _MatchedFilter(nn.Module):
    """An embedding without padding that blurs and samples: correlation with it is a matched filter."""

    stride = 8

    def __init__(self, receptive_field: int) -> None:
        super().__init__()
        line = torch.arange(receptive_field, dtype=torch.float32) - (receptive_field - 1) / 2
        kernel = torch.exp(-(line**2) / (2 * 6.0**2))
        weight = torch.outer(kernel, kernel) / kernel.sum() ** 2
        self.weight = nn.Parameter(weight.expand(1, 3, -1, -1) / 3)

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.conv2d(images - BACKGROUND, self.weight, stride=self.stride)


@pytest.fixture(scope="session")
def frame_of() -> Callable[[np.ndarray], Frame]:
    """A frame of pixels in memory."""
    return _frame_of


@pytest.fixture(scope="session")
def blob_at() -> Blob:
    """A frame of 400 x 300 whose smooth bright blob fills a box, moved and grown, on a flat background."""
    return _blob_at


def peak_of(output: Output) -> np.ndarray:
    """Where an answer's response map is highest, x, y in pixels of the frame."""
    assert output.response is not None
    assert output.covered is not None
    row, column = np.unravel_index(int(output.response.argmax()), output.response.shape)
    rows, columns = output.response.shape
    return output.covered[:2] + (np.array([column, row]) + 0.5) * output.covered[2:] / [columns, rows]


@pytest.fixture(scope="session")
def flat_frame() -> Frame:
    """The blob's background without the blob."""
    return _frame_of(np.full((HEIGHT, WIDTH, 3), BACKGROUND, dtype=np.uint8))


@pytest.fixture(scope="session")
def textured() -> list[Frame]:
    """Four frames of noise, 240 x 180."""
    rng = np.random.default_rng(3)
    return [_frame_of(rng.integers(0, 256, (180, 240, 3), dtype=np.uint8)) for _ in range(4)]


@pytest.fixture(scope="session")
def matched_network() -> MatchedNetwork:
    """Makes a SiamFC network whose response peaks where the exemplar is; argument: the receptive field in pixels."""
    return lambda receptive_field=87: FullyConvolutional(_MatchedFilter(receptive_field), Correlation(1e-3))


class _Centroid(nn.Module):
    """A backbone that measures: the brightness centroid of each image, in pixels from its centre, and its side."""

    stride = 8

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images: Tensor) -> Tensor:
        light = (images.mean(dim=1) - BACKGROUND).clamp(min=0) + 1e-9
        side = images.shape[-1]
        line = torch.arange(side, dtype=images.dtype) + 0.5 - side / 2
        total = light.sum(dim=(1, 2))
        x = (light.sum(dim=1) * line).sum(dim=1) / total
        y = (light.sum(dim=2) * line).sum(dim=1) / total
        return torch.stack([x, y, torch.full_like(x, side)], dim=1)[:, :, None, None]


class CentroidHead(nn.Module):
    """A region-proposal head that answers with the centroid: score by distance, offsets to it, and a size of choice."""

    classes = 2

    def __init__(self, shapes: np.ndarray, answer: SimpleNamespace) -> None:
        super().__init__()
        self.shapes = torch.as_tensor(shapes, dtype=torch.float32)
        self.anchors = len(shapes)
        self.answer = answer

    def kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        return (levels[0],)

    def forward(self, template: tuple[Tensor, ...], levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        x, y, side = (levels[0][:, i, 0, 0] for i in range(3))
        cells = int((side[0] - 127) // 8) + 1
        line = (torch.arange(cells) - (cells - 1) / 2) * 8.0
        dx = (x[:, None] - line)[:, None, None, :].expand(-1, self.anchors, cells, cells)
        dy = (y[:, None] - line)[:, None, :, None].expand(-1, self.anchors, cells, cells)
        widths, heights = self.shapes[:, 0, None, None], self.shapes[:, 1, None, None]
        preferred = (torch.arange(self.anchors) == self.answer.anchor)[None, :, None, None]
        logit = self.answer.certainty - (dx**2 + dy**2) / 200.0 - torch.where(preferred, 0.0, 20.0)
        log_w = torch.log(self.answer.width / widths).expand_as(dx)
        log_h = torch.log(self.answer.height / heights).expand_as(dx)
        cls = torch.cat([torch.zeros_like(logit), logit], dim=1)
        return cls, torch.cat([dx / widths, dy / heights, log_w, log_h], dim=1)


@pytest.fixture(scope="session")
def centroid_network() -> Callable[..., object]:
    """Makes a region-proposal network that finds the blob exactly, on the anchors given."""
    from siamfc_eval.models.siamese import RegionProposal

    def make(shapes: np.ndarray, answer: SimpleNamespace) -> RegionProposal:
        return RegionProposal(_Centroid(), CentroidHead(shapes, answer))

    return make
