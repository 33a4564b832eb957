"""A step of the SiamFC family for many targets at once, on the device where the network is.

What `SiamFCTracker` computes for one target with numpy, in the same order; only boxes, confidences and the winning
response maps come back.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.tracking.families.siamese.device_frames import DeviceFrames, Squares
from siamfc_eval.tracking.families.siamese.on_device import Targets, context_sides
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.responses import Bicubic, cosine_window, upsampling_matrices


def search_squares(targets: Targets, p: SiamFCParameters, factors: Tensor) -> Squares:
    """The squares to search, those of one target in a row: n times as many as there are scales."""
    sides = context_sides(targets.size, p.context) * p.search_size / p.exemplar_size
    count = len(factors)
    return Squares(
        targets.frame.repeat_interleave(count),
        targets.centre.repeat_interleave(count, 0),
        (sides[:, None] * factors).flatten(),
        targets.fill.repeat_interleave(count, 0),
    )


def locate(
    responses: Tensor, targets: Targets, first_sizes: Tensor, frames: DeviceFrames, p: SiamFCParameters, *, stride: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Where targets are.

    Args:
        responses: shape (n, scales, r, r), float32.
        targets: where they were.
        first_sizes: shape (n, 2), on their first frames.
        frames: of the targets.
        p: hyper-parameters.
        stride: of the network.

    Returns:
        Centres (n, 2), sizes (n, 2), confidences (n,), and of the winning scales the responses (n, r, r) and the sides
        (n,) of the squares that were searched, in pixels of the frames.
    """
    device, raw_side = responses.device, responses.shape[-1]
    side = p.upsampled_size or p.upsampling * raw_side
    exponents = scale_exponents(p.scales, device)
    factors = p.scale_step**exponents
    matrix = _upsampling_matrix(raw_side, side, p.upsampling_kernel, device)
    enlarged = matrix @ responses @ matrix.T
    peaks = enlarged.amax(dim=(2, 3)).double()
    penalties = torch.where(exponents == 0, 1.0, p.scale_penalty)
    # A penalty below 1 makes a positive response smaller; a negative one must not grow by it.
    best = torch.where(peaks > 0, peaks * penalties, peaks / penalties.clamp(min=1e-6)).argmax(dim=1)
    each = torch.arange(len(best), device=device)
    samples = find_peaks(_blend(enlarged[each, best], p.window_influence), refine=p.refine_peak)

    factor = factors[best][:, None]
    search_side = context_sides(targets.size, p.context)[:, None] * p.search_size / p.exemplar_size
    displacement = samples * (raw_side / side) * stride * search_side * factor / p.search_size
    sizes = targets.size * (1.0 - p.scale_rate + p.scale_rate * factor)
    sizes = sizes.clamp(first_sizes * p.min_size_ratio, first_sizes * p.max_size_ratio)
    limits = frames.limits[targets.frame]
    centres = (targets.centre + displacement).clamp(torch.zeros_like(limits), limits)
    return centres, sizes, peaks[each, best], responses[each, best], (search_side * factor)[:, 0]


def _blend(response: Tensor, influence: float) -> Tensor:
    """`blend_window` for maps (n, side, side)."""
    shifted = response - response.amin(dim=(1, 2), keepdim=True)
    total = shifted.sum(dim=(1, 2), keepdim=True, dtype=torch.float64)
    share = torch.where(total > 0, (1.0 - influence) / total, 0.0)
    return shifted * share.float() + influence * _window(response.shape[-1], response.device)


def find_peaks(maps: Tensor, *, refine: bool) -> Tensor:
    """`find_peak` for maps (n, rows, columns): shape (n, 2), x, y in samples from the centre, float64."""
    count, rows, columns = maps.shape
    place = maps.flatten(1).argmax(dim=1)
    each = torch.arange(count, device=maps.device)
    row, column = place // columns, place % columns
    peak = torch.stack([column - (columns - 1) / 2, row - (rows - 1) / 2], dim=1).double()
    if not refine:
        return peak
    across = maps[each, row].gather(1, _around(column, columns)).double()
    down = maps[each, :, column].gather(1, _around(row, rows)).double()
    inside = torch.stack([(column > 0) & (column < columns - 1), (row > 0) & (row < rows - 1)], dim=1)
    return peak + torch.where(inside, torch.stack([_vertex(across), _vertex(down)], dim=1), 0.0)


def _around(place: Tensor, length: int) -> Tensor:
    """Shape (n, 3): a place and its neighbours, within the line."""
    return (place[:, None] + torch.arange(-1, 2, device=place.device)).clamp(0, length - 1)


def _vertex(values: Tensor) -> Tensor:
    """Offsets of the vertices of parabolas through three samples each, shape (n, 3), the middle ones highest."""
    low, top, high = values.unbind(1)
    curvature = low - 2 * top + high
    return torch.where(curvature < 0, 0.5 * (low - high) / torch.where(curvature < 0, curvature, -1.0), 0.0)


@cache
def scale_exponents(scales: int, device: torch.device) -> Tensor:
    """-1, 0, 1 for three scales, -2 to 2 for five; float64."""
    return torch.arange(-(scales // 2), scales // 2 + 1, dtype=torch.float64, device=device)


@cache
def _window(side: int, device: torch.device) -> Tensor:
    return _on(cosine_window(side), device)


@cache
def _upsampling_matrix(source: int, size: int, kernel: Bicubic, device: torch.device) -> Tensor:
    return _on(upsampling_matrices(source, size, kernel)[0], device)


def _on(values: NDArray[np.float32], device: torch.device) -> Tensor:
    return torch.from_numpy(values.copy()).to(device)
