"""What happens in a synthetic sequence: who is where in every frame, and what may be said of it.

Everything here is geometry: positions, sizes, turns, light and exposure per frame, as functions of a `Script` and a
seed. Pixels are made from it by `synthetic_render`. Coordinates are 0-based pixel edges: pixel i covers i .. i + 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from siamfc_eval.synthetic.shapes import Points, deformation, silhouette

Series = NDArray[np.float64]
"""Shape (n,): one value per frame."""


@dataclass(frozen=True)
class Script:
    """The directions of one sequence. Sizes and distances are in pixels of a frame 320 wide, speeds per frame."""

    name: str
    background: str
    """One of `synthetic_backgrounds.BACKGROUNDS`."""
    target: str
    """A kind of `synthetic_shapes.silhouette`."""
    length: int = 80
    hue: float = 0.1
    """Main hue of the background, 0-1."""
    target_hue: float = 0.6
    size: tuple[float, float] = (48.0, 40.0)
    """Width and height of the target in the first frame."""
    speed: float = 2.5
    """Mean speed of the target across the image."""
    dashes: int = 0
    """How many sudden moves of `dash` pixels the target makes."""
    dash: float = 30.0
    growth: float = 1.0
    """Ratio of the largest to the first size."""
    spin: float = 0.0
    """Whole in-plane rotation over the sequence, degrees."""
    turn: float = 0.0
    """Largest out-of-plane rotation, degrees; the texture slides around the target."""
    wobble: float = 0.0
    """Amplitude of the deformation as a part of the half size."""
    pan: float = 1.0
    """Mean speed of the camera."""
    shake: float = 0.0
    """Standard deviation of the camera's jitter."""
    zoom: float = 1.0
    """Ratio of the largest to the first magnification of the background."""
    occluders: int = 0
    """Pillars of the scene that pass in front of the target."""
    distractors: int = 0
    """Others of the same kind, of which one crosses the target's way."""
    light: float = 0.0
    """Depth of the change of light, 0-1."""
    night: bool = False
    """Dark, with sensor noise."""
    exposure: float = 0.0
    """Part of the frame interval during which the shutter is open: motion blur."""
    leaves_view: bool = False
    """The target goes partly out of the image and comes back."""


@dataclass(frozen=True, eq=False)
class Body:
    """The poses of something that moves in the image."""

    kind: str
    centre: NDArray[np.float64]
    """Shape (n, 2)."""
    half_size: NDArray[np.float64]
    """Shape (n, 2)."""
    angle: Series
    """In-plane rotation, radians."""
    turn: Series
    """Out-of-plane rotation, radians."""
    amount: float
    """Amplitude of the deformation."""
    phase: Series
    """Phase of the deformation, radians."""
    outlines: NDArray[np.float64] = field(init=False)
    """Shape (n, k, 2): the silhouette in every frame, in the image."""

    def __post_init__(self) -> None:
        outline = silhouette(self.kind)
        object.__setattr__(self, "outlines", np.stack([self.place(outline, t) for t in range(len(self.centre))]))

    def matrix(self, frame: int) -> NDArray[np.float64]:
        """Shape (2, 2): from unit coordinates to pixels, without the shift by the centre."""
        cosine, sine = np.cos(self.angle[frame]), np.sin(self.angle[frame])
        width, height = self.half_size[frame]
        # A target that shows its side looks narrower.
        width *= 1 - 0.35 * np.sin(self.turn[frame]) ** 2
        return np.array([[cosine * width, -sine * height], [sine * width, cosine * height]])

    def place(self, points: Points, frame: int) -> Points:
        """Points of the body, unit coordinates, to the image, shape (k, 2)."""
        moved = points + deformation(points, self.amount, float(self.phase[frame]), self.kind)
        return np.asarray(moved @ self.matrix(frame).T + self.centre[frame])


@dataclass(frozen=True, eq=False)
class Scene:
    """The whole action of a sequence."""

    script: Script
    seed: int
    size: tuple[int, int]
    """(width, height) of the frames."""
    target: Body
    distractors: tuple[Body, ...]
    """The first `in_front` of them pass in front of the target."""
    in_front: int
    pillars: NDArray[np.float64]
    """Shape (n, p, 4): x, y, w, h of each pillar in each frame, in the image."""
    camera: NDArray[np.float64]
    """Shape (n, 3): x, y of the view's centre in the background picture, and magnification."""
    gain: Series
    """Brightness, 1 is normal."""
    slope: Series
    """Sideways change of brightness across the image, -1 .. 1."""
    visible: Series
    """Part of the target's silhouette that nothing covers, 0-1, within the image."""
    inside: Series
    """Part of the target's silhouette that is within the image, 0-1."""

    @property
    def outlines(self) -> NDArray[np.float64]:
        """Shape (n, k, 2): ground truth."""
        return self.target.outlines

    def blur_vector(self, frame: int) -> NDArray[np.float64]:
        """Shape (2,): way of the target during the exposure of a frame, pixels."""
        before, after = max(0, frame - 1), min(len(self.gain) - 1, frame + 1)
        way = self.target.centre[after] - self.target.centre[before]
        return np.asarray(way * self.script.exposure / max(1, after - before))

    def camera_blur(self, frame: int) -> NDArray[np.float64]:
        """Shape (2,): way of the background during the exposure of a frame, pixels."""
        before, after = max(0, frame - 1), min(len(self.gain) - 1, frame + 1)
        way = (self.camera[before, :2] - self.camera[after, :2]) * self.camera[frame, 2]
        return np.asarray(way * self.script.exposure / max(1, after - before))


def coverage(shape: Points, covers: list[Points], size: tuple[int, int]) -> tuple[float, float]:
    """Parts of a silhouette that are (visible, inside the image), 0-1, counted on pixels.

    Args:
        shape: the silhouette, shape (k, 2).
        covers: what may lie in front of it.
        size: (width, height) of the image.
    """
    low = np.floor(shape.min(axis=0)) - 1
    extent = (np.ceil(shape.max(axis=0)) - low + 2).astype(int)
    mask = np.zeros((extent[1], extent[0]), dtype=np.uint8)
    cv2.fillPoly(mask, [_fixed(shape - low)], 1, shift=4)
    whole = max(1, int(mask.sum()))
    x, y = -low.astype(int)
    frame = np.zeros_like(mask)
    frame[max(0, y) : max(0, y + size[1]), max(0, x) : max(0, x + size[0])] = 1
    mask &= frame
    inside = int(mask.sum())
    for cover in covers:
        cv2.fillPoly(mask, [_fixed(cover - low)], 0, shift=4)
    return int(mask.sum()) / whole, inside / whole


def _fixed(points: Points) -> NDArray[np.int32]:
    """Pixel-edge coordinates as OpenCV draws them: pixel centres, in sixteenths."""
    return np.round((points - 0.5) * 16).astype(np.int32)


def box_corners(box: NDArray[np.float64]) -> Points:
    """The corners of x, y, w, h, shape (4, 2)."""
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
