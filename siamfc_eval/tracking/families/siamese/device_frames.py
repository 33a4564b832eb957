"""Frames on a device, and the crops of all targets and scales in one operation; on any device that torch has.

The convention is that of `siamfc_eval.tracking.families.siamese.crops`, and so are the crops: whole grey values, none
of which differs from OpenCV 5's by more than one. Of exact crops one in ten thousand does, where rounding falls the
other way; of crops to whole pixels, which OpenCV resizes with 11 bits, one in ten.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.tracking.families.siamese.crops import LARGEST_PATCH, Cropping, check_image


@dataclass(frozen=True, eq=False)
class Squares:
    """Squares of frames that become crops; all tensors have one entry for each of m squares."""

    frame: Tensor
    """Shape (m,), int64: which of the frames."""
    centre: Tensor
    """Shape (m, 2), float64: x, y in edge coordinates."""
    side: Tensor
    """Shape (m,), float64: in pixels of the frame."""
    fill: Tensor
    """Shape (m, 3), float64: colour beyond the border."""


@dataclass(frozen=True, eq=False)
class DeviceFrames:
    """Frames of any sizes, one after the other."""

    pixels: Tensor
    """Shape (pixels of all, 3), uint8."""
    starts: Tensor
    """Shape (frames,), int64: each one's first row in `pixels`."""
    limits: Tensor
    """Shape (frames, 2), float64: widths and heights."""

    def crops(self, squares: Squares, size: int, cropping: Cropping) -> Tensor:
        """The squares, cut and resized bilinearly.

        Args:
            squares: m of them.
            size: side of the crops in pixels.
            cropping: how squares are cut, see `siamfc_eval.tracking.families.siamese.crops`.

        Returns:
            Shape (m, 3, size, size), float32 with whole values 0-255, channels last in memory.
        """
        width, height = self.limits[squares.frame].unbind(1)
        first, step, low, high, fill = _lattice(squares, size, cropping)
        line = torch.arange(size, dtype=torch.float64, device=self.pixels.device)
        x, y = (
            (first[:, axis, None] + step[:, None] * line).clamp(low[:, axis, None], high[:, axis, None])
            for axis in (0, 1)
        )
        row = self.starts[squares.frame][:, None, None]
        result: Tensor | None = None
        inside: Tensor | None = None
        for index_y, share_y in _neighbours(y, height):
            for index_x, share_x in _neighbours(x, width):
                index = row + index_y[:, :, None] * width.long()[:, None, None] + index_x[:, None, :]
                values = self.pixels.index_select(0, index.flatten()).reshape(*index.shape, 3)
                share = share_y[:, :, None] * share_x[:, None, :]
                part = values * share[..., None]
                result = part if result is None else result.add_(part)
                inside = share if inside is None else inside + share
        assert result is not None
        assert inside is not None
        result += fill.float()[:, None, None, :] * (1.0 - inside)[..., None]
        return result.round_().permute(0, 3, 1, 2)


def _neighbours(places: Tensor, limit: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The two pixels around each place along a line, and what each counts: nothing beyond the border.

    Args:
        places: shape (m, n), counted from pixel centres.
        limit: shape (m,): pixels in the line.
    """
    lower = places.floor()
    found = []
    for step in (0, 1):
        index = lower + step
        share = 1.0 - (places - index).abs()
        share = torch.where((index >= 0) & (index < limit[:, None]), share, 0.0)
        found.append((index.clamp(min=0).minimum(limit[:, None] - 1).long(), share.float()))
    return found


def _lattice(squares: Squares, size: int, cropping: Cropping) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Where crop pixels are taken: the first one's place (m, 2) counted from pixel centres, the step (m,), the least
    and greatest place (m, 2) for squares that are resized without a look at their neighbours, and the fill (m, 3)."""
    centre, side = squares.centre, squares.side
    endless = torch.full_like(centre, torch.inf)
    # OpenCV fills with whole values.
    fill = squares.fill.round() if cropping != "pysot" else (squares.fill + 1e-9).floor()
    if cropping == "exact":
        step = side / size
        return centre - 0.5 - 0.5 * step[:, None] * (size - 1), step, -endless, endless, fill
    whole = side.round().clamp(min=1)
    if cropping == "rounded":
        corner = (centre - whole[:, None] / 2).round()
    else:
        corner = (centre - (whole[:, None] + 1) / 2 + 0.5).floor()
    step = whole / size
    first = corner + (0.5 * step - 0.5)[:, None]
    is_cut = (whole <= LARGEST_PATCH)[:, None]
    low = torch.where(is_cut, corner, -endless)
    return first, step, low, torch.where(is_cut, corner + whole[:, None] - 1, endless), fill


class Uploads:
    """Frames on their way to a device, each of which goes up once, as bytes.

    `prepare` may be called by threads that decode; on a graphics card the bytes then travel from pinned memory on a
    stream of their own, while the card computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream: Any = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]
        self._there: weakref.WeakKeyDictionary[Frame, tuple[Tensor, torch.cuda.Event | None]]
        self._there = weakref.WeakKeyDictionary()
        self._lock = threading.Lock()

    def prepare(self, frame: Frame) -> None:
        """Send a frame up, unless it is there; where the device has no room for it now, that is left for later."""
        with contextlib.suppress(torch.OutOfMemoryError):
            self._sent(frame)

    def together(self, frames: Sequence[Frame]) -> tuple[DeviceFrames, NDArray[np.int64]]:
        """Frames on the device, those that are given several times once, and where each of those given is among them.

        Raises:
            InputError: a frame is missing, unreadable or not RGB uint8.
        """
        distinct = list(dict.fromkeys(frames))
        tensors = [self._take(frame) for frame in distinct]
        shapes = np.array([tensor.shape[:2] for tensor in tensors], dtype=np.int64)
        counts = shapes.prod(axis=1)
        starts = torch.from_numpy(np.cumsum(counts) - counts).to(self._device)
        limits = torch.from_numpy(shapes[:, ::-1].astype(np.float64)).to(self._device)
        pixels = torch.cat([tensor.reshape(-1, 3) for tensor in tensors])
        places = {frame: place for place, frame in enumerate(distinct)}
        return DeviceFrames(pixels, starts, limits), np.array([places[frame] for frame in frames])

    def _sent(self, frame: Frame) -> tuple[Tensor, torch.cuda.Event | None]:
        with self._lock:
            there = self._there.get(frame)
        if there is None:
            there = self._send(frame)
            with self._lock:
                self._there[frame] = there
        return there

    def _take(self, frame: Frame) -> Tensor:
        tensor, event = self._sent(frame)
        if event is not None:
            stream = torch.cuda.current_stream(self._device)
            stream.wait_event(event)
            tensor.record_stream(stream)
        return tensor

    def _send(self, frame: Frame) -> tuple[Tensor, torch.cuda.Event | None]:
        check_image(frame.pixels)
        # NumPy copies in the calling thread; torch would wake all of its own for it.
        here = torch.empty(frame.pixels.shape, dtype=torch.uint8, pin_memory=self._stream is not None)
        np.copyto(here.numpy(), frame.pixels)
        if self._stream is None:
            return here.to(self._device), None
        with torch.cuda.stream(self._stream):
            there = here.to(self._device, non_blocking=True)
            event = torch.cuda.Event()  # type: ignore[no-untyped-call]
            event.record(self._stream)
        return there, event
