"""A correlation filter in the Fourier domain: learns on every frame what tells the target from its shifts.

Henriques et al., "High-Speed Tracking with Kernelized Correlation Filters" (PAMI 2015), sections 5 and 7; written from
the paper. Needs numpy and OpenCV alone, no weights, and is a useful baseline on any machine.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.families.correlation_filter.features import grey_values, oriented_gradients
from siamfc_eval.tracking.families.correlation_filter.parameters import CorrelationFilterParameters
from siamfc_eval.tracking.targets import Target, around, start_target
from siamfc_eval.tracking.tracker import Output

Spectrum = NDArray[np.complex128]
"""Of features, shape (channels, rows, columns), or of a map, shape (rows, columns)."""

_FEWEST_CELLS = 4
"""The window has at least so many cells in height and width, however thin the target."""


@dataclass(frozen=True, eq=False)
class CorrelationFilterState:
    """All that changes from frame to frame."""

    target: Target
    """Where the target was last."""
    zoom: float
    """Pixels of the frame for a pixel of the patch, at the first frame's size."""
    scale: float
    """The target's size relative to the first frame's."""
    patch_size: tuple[int, int]
    """Height and width of the patch, whole cells."""
    wanted: Spectrum
    """Spectrum of the wanted response."""
    appearance: Spectrum
    """Spectrum of the learned features."""
    dual: Spectrum
    """Spectrum of the learned coefficients."""


class CorrelationFilterTracker:
    """KCF and its kin.

    Args:
        name: name in results and reports.
        parameters: hyper-parameters.
    """

    is_deterministic = True
    facts: Mapping[str, Any] = {}
    """What decides the answers, as the catalogue filled it in."""

    def __init__(self, name: str, parameters: CorrelationFilterParameters | None = None) -> None:
        self.name = name
        self.parameters = parameters or CorrelationFilterParameters()

    def with_parameters(self, **values: Any) -> CorrelationFilterTracker:
        """The same tracker with other hyper-parameters.

        Raises:
            pydantic.ValidationError: an unknown parameter or a value out of range.
        """
        other = copy.copy(self)
        other.parameters = CorrelationFilterParameters(**{**self.parameters.model_dump(), **values})
        unchanged = {key: value for key, value in self.facts.items() if key != "hash"}
        other.facts = {**unchanged, "parameters": other.parameters.model_dump(mode="json")}
        return other

    def init(self, frame: Frame, region: Region) -> CorrelationFilterState:
        """Start on a frame.

        Raises:
            InputError: the region cannot be tracked (not finite, no area, outside the frame).
        """
        p = self.parameters
        target = start_target(frame, region)
        window = target.size * (1.0 + p.padding)
        zoom = max(1.0, float(np.sqrt(window.prod())) / p.largest_window)
        cells = np.maximum(np.floor(window / zoom / p.cell), _FEWEST_CELLS).astype(int)
        patch_size = (int(cells[1] * p.cell), int(cells[0] * p.cell))
        deviation = float(np.sqrt((target.size / zoom).prod())) * p.label_width / p.cell
        wanted = np.fft.fft2(_peak(int(cells[1]), int(cells[0]), deviation))
        features = self._spectrum(frame.pixels, target, zoom, patch_size)
        return CorrelationFilterState(target, zoom, 1.0, patch_size, wanted, features, self._learn(features, wanted))

    def update(self, state: CorrelationFilterState, frame: Frame) -> tuple[CorrelationFilterState, Output]:
        """Find the target in the next frame and learn from it."""
        p = self.parameters
        first_size = state.target.size / state.scale
        best, response, relative = -np.inf, np.zeros((1, 1)), 1.0
        for factor in p.scales:
            zoom = state.zoom * state.scale * factor
            seen = self._spectrum(frame.pixels, state.target, zoom, state.patch_size)
            found = np.real(np.fft.ifft2(state.dual * self._correlate(seen, state.appearance)))
            if found.max() > best:
                best, response, relative = float(found.max()), found, factor
        scale = state.scale * relative
        rows, columns = response.shape
        row, column = np.unravel_index(int(response.argmax()), response.shape)
        # The response is cyclic: what is beyond the middle is a shift to the other side.
        shift = np.array([(column + columns // 2) % columns - columns // 2, (row + rows // 2) % rows - rows // 2])
        height, width = frame.pixels.shape[:2]
        centre = np.clip(state.target.centre + shift * p.cell * state.zoom * scale, 0.0, [width, height])
        target = Target(centre, first_size * scale)
        features = self._spectrum(frame.pixels, target, state.zoom * scale, state.patch_size)
        learned = self._learn(features, state.wanted)
        rate = p.update_rate
        following = CorrelationFilterState(
            target,
            state.zoom,
            scale,
            state.patch_size,
            state.wanted,
            (1.0 - rate) * state.appearance + rate * features,
            (1.0 - rate) * state.dual + rate * learned,
        )
        shown = np.fft.fftshift(response).astype(np.float32)
        pixels = state.zoom * scale
        searched = around(state.target.centre, pixels * state.patch_size[1], pixels * state.patch_size[0])
        # No shift is in the middle cell of the shown map; of an even number of cells that is the first after the half.
        corner = state.target.centre - (np.array([columns // 2, rows // 2]) + 0.5) * p.cell * pixels
        covered = np.concatenate([corner, np.array([columns, rows]) * p.cell * pixels])
        return following, Output(target.box, best, shown, covered, searched)

    def _spectrum(self, image: Image, target: Target, zoom: float, patch_size: tuple[int, int]) -> Spectrum:
        """Spectrum of the windowed features around a target, shape (channels, rows, columns)."""
        p = self.parameters
        patch = _patch(image, target.centre, zoom, patch_size)
        features = grey_values(patch) if p.features == "grey" else oriented_gradients(patch, p.cell)
        if p.features == "grey" and p.cell > 1:
            rows, columns = features.shape[1] // p.cell, features.shape[2] // p.cell
            features = features.reshape(1, rows, p.cell, columns, p.cell).mean(axis=(2, 4))
        window = np.outer(np.hanning(features.shape[1]), np.hanning(features.shape[2]))
        return np.fft.fft2(features * window)

    def _correlate(self, seen: Spectrum, learned: Spectrum) -> Spectrum:
        """Spectrum of the kernel between one patch and every shift of another (equations 30 and 31 of the paper)."""
        size = seen[0].size
        product = (seen * np.conj(learned)).sum(axis=0)
        if self.parameters.kernel == "linear":
            return np.asarray(product / seen.size)
        energy = (np.sum(np.abs(seen) ** 2) + np.sum(np.abs(learned) ** 2)) / size
        distance = np.maximum(energy - 2.0 * np.real(np.fft.ifft2(product)), 0.0) / seen.size
        return np.fft.fft2(np.exp(-distance / self.parameters.bandwidth**2))

    def _learn(self, features: Spectrum, wanted: Spectrum) -> Spectrum:
        """Spectrum of the coefficients of kernel ridge regression (equation 17 of the paper)."""
        return wanted / (self._correlate(features, features) + self.parameters.regularisation)


def _peak(rows: int, columns: int, deviation: float) -> NDArray[np.float64]:
    """A Gaussian whose peak, 1, is at (0, 0), going round at the borders; shape (rows, columns)."""
    down = np.minimum(np.arange(rows), rows - np.arange(rows))
    across = np.minimum(np.arange(columns), columns - np.arange(columns))
    squares = down[:, None] ** 2 + across[None, :] ** 2
    return np.asarray(np.exp(-0.5 * squares / deviation**2))


def _patch(image: Image, centre: NDArray[np.float64], zoom: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A rectangle around a centre (edge coordinates), border pixels repeated; shape (*size, 3)."""
    height, width = size
    # OpenCV counts from pixel centres: index = edge coordinate - 1/2.
    left, top = centre - 0.5 - 0.5 * zoom * (np.array([width, height]) - 1)
    inverse = np.array([[zoom, 0.0, left], [0.0, zoom, top]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(image, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, dtype=np.uint8)
