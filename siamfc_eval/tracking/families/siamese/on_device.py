"""What the steps of all families share when they are computed for many targets at once, on the network's device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.errors import TrackerError
from siamfc_eval.tracking.families.siamese.device_frames import Squares
from siamfc_eval.tracking.targets import Target


@dataclass(frozen=True, eq=False)
class Targets:
    """Where n targets were last, float64 but for the first; see `siamfc_eval.tracking.targets.Target`."""

    frame: Tensor
    """Shape (n,), int64: which of the frames each is to be found on."""
    centre: Tensor
    """Shape (n, 2)."""
    size: Tensor
    """Shape (n, 2)."""
    fill: Tensor
    """Shape (n, 3)."""

    @classmethod
    def of(
        cls,
        places: NDArray[np.int64],
        targets: Sequence[Target],
        fills: Sequence[NDArray[np.float64]],
        device: torch.device,
    ) -> Targets:
        """Those of the states of a batch, sent to a device at once."""
        rows = [np.concatenate([t.centre, t.size, fill]) for t, fill in zip(targets, fills, strict=True)]
        table = on_device(np.array(rows), device)
        return cls(on_device(places, device), table[:, :2], table[:, 2:4], table[:, 4:])

    def exemplars(self, context: float) -> Squares:
        """The squares that exemplars are cut from."""
        return Squares(self.frame, self.centre, context_sides(self.size, context), self.fill)


def on_device(values: NDArray[np.float64] | NDArray[np.int64], device: torch.device) -> Tensor:
    """An array as a tensor on a device."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(device, non_blocking=True)


def context_sides(sizes: Tensor, context: float) -> Tensor:
    """`context_side` for n targets: sizes (n, 2) to sides (n,)."""
    margin = context * sizes.sum(dim=1, keepdim=True)
    return (sizes + margin).prod(dim=1).sqrt()


def usable(confidences: Tensor, *answers: Tensor) -> Tensor:
    """Confidences (n,), NaN where the network's answers (n, ...) have a value that is not finite."""
    for answer in answers:
        confidences = torch.where(answer.isfinite().flatten(1).all(dim=1), confidences, torch.nan)
    return confidences


def fetch(model: str, *parts: Tensor) -> list[NDArray[np.float64]]:
    """Tensors of n rows each, from their device in one transfer.

    Raises:
        TrackerError: some value is not finite.
    """
    widths = [part[0].numel() for part in parts]
    table = torch.cat([part.double().reshape(len(part), -1) for part in parts], dim=1).cpu().numpy()
    if not np.isfinite(table).all():
        broken = int((~np.isfinite(table)).any(axis=1).sum())
        raise TrackerError(
            f"the network {model or 'given'} answered with values that are not finite for {broken} of {len(table)} "
            "targets. Its weights are damaged or do not belong to it, or their precision is too low for it."
        )
    pieces = np.split(table, np.cumsum(widths)[:-1], axis=1)
    return [piece.reshape(part.shape) for piece, part in zip(pieces, parts, strict=True)]
