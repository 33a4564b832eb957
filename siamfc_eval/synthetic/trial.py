"""Five drawn frames that show what a tracker does with its images and boxes, rather than how well it tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.synthetic.backgrounds import paint
from siamfc_eval.synthetic.textures import noise

STEPS: tuple[tuple[int, int], ...] = ((0, 0), (0, 0), (0, 0), (5, 3), (11, 7))
"""Where the target is in each frame, x and y from where it was in the first: it rests for three frames, so that an
offset of a single pixel shows, and then moves by whole pixels."""

STILL = 3
"""Frames in which the target rests."""


def trial_sequence(
    seed: int = 7, size: tuple[int, int] = (320, 240), box: tuple[int, int, int, int] = (72, 118, 50, 42)
) -> Sequence:
    """A red target that rests and then moves, on a grey background, with a blue twin far away that does not move.

    Exchanging red and blue makes the twin of the target and the target of the twin, so that a tracker which looks for
    colours and was handed the wrong order goes to the wrong one.

    Args:
        seed: of textures and background.
        size: (width, height) of the frames, pixels.
        box: the target in the first frame, x, y, w, h, 0-based pixels.

    Returns:
        Five frames of RGB and the exact boxes.
    """
    rng = np.random.default_rng([seed, 31])
    width, height = size
    background = paint("plaza", rng, height, width, 0.5).mean(axis=2)
    ground = (80 + background * 0.4).astype(np.uint8)[..., None].repeat(3, axis=2)
    x, y, w, h = box
    texture = noise(rng, h, w, base=3)
    red = np.stack([texture // 2 + 120, texture // 4, texture // 4], axis=2).astype(np.uint8)
    twin = (width - w - 8, 8)
    _put(ground, red[..., ::-1], *twin)
    images = []
    for dx, dy in STEPS:
        image = ground.copy()
        _put(image, red, x + dx, y + dy)
        images.append(image)
    boxes = np.array([(x + dx, y + dy, w, h) for dx, dy in STEPS], dtype=np.float64)
    frames = [_frame(image) for image in images]
    return Sequence(name=f"trial-{seed}", boxes=boxes, frames=frames, image_size=size)


def other_sequence() -> Sequence:
    """As `trial_sequence`, of another size, with another target elsewhere."""
    return trial_sequence(seed=8, size=(280, 208), box=(150, 100, 34, 52))


def red_and_blue_exchanged(sequence: Sequence) -> Sequence:
    """The same sequence with the channels of its frames in the other order."""
    frames = [_frame(np.ascontiguousarray(frame.pixels[..., ::-1])) for frame in sequence.frames or ()]
    return sequence.with_frames(frames)


def _put(image: Image, patch: NDArray[np.uint8], x: int, y: int) -> None:
    image[y : y + patch.shape[0], x : x + patch.shape[1]] = patch


def _frame(image: Image) -> Frame:
    return Frame(None, image.copy)
