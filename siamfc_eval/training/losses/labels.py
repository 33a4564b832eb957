"""What a response map should say: 1 near the target, 0 elsewhere. Positions are crop pixels from the crop's centre."""

from __future__ import annotations

import torch
from torch import Tensor


def grid_positions(rows: int, stride: int) -> Tensor:
    """Displacement in crop pixels that each row (or column) of a response map stands for, shape (rows,)."""
    return (torch.arange(rows, dtype=torch.float32) - (rows - 1) / 2.0) * stride


def squared_distances(centres: Tensor, rows: int, stride: int) -> Tensor:
    """Squared distance in pixels of every map position from each target, shape (n, rows, rows).

    Args:
        centres: shape (n, 2), x and y from the crop's centre.
        rows: side of the response map.
        stride: total stride of the network.
    """
    line = grid_positions(rows, stride).to(centres.device)
    across = (line[None, :] - centres[:, :1]) ** 2
    down = (line[None, :] - centres[:, 1:]) ** 2
    return down[:, :, None] + across[:, None, :]


def disc_labels(distances: Tensor, radius: float) -> Tensor:
    """1 within `radius` pixels of the target, 0 elsewhere (Bertinetto et al. 2016, equation 4).

    A target between the positions always gets its nearest one.
    """
    nearest = distances.amin(dim=(1, 2), keepdim=True)
    return ((distances <= radius**2) | (distances <= nearest)).to(distances.dtype)


def gaussian_labels(distances: Tensor, sigma: float) -> Tensor:
    """A Gaussian around the target that sums to 1 over the map, shape as given."""
    return torch.softmax((-0.5 * distances / sigma**2).flatten(1), dim=1).reshape(distances.shape)
