"""From a scene to pixels, one frame at a time and in any order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import overload

import cv2
import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.synthetic import backgrounds as synthetic_backgrounds
from siamfc_eval.synthetic import textures as synthetic_textures
from siamfc_eval.synthetic.scene import Body, Scene, box_corners
from siamfc_eval.synthetic.shapes import Points, deformation

_FRACTION_BITS = 5  # OpenCV's fixed-point resampling knows 1/32 pixel
_TEXTURE = 96


@dataclass(frozen=True, eq=False)
class _Materials:
    """The pictures that a scene is put together from."""

    background: Image
    target: Image
    distractors: tuple[Image, ...]
    pillar: Image
    grain: NDArray[np.int16]


class SyntheticFrames(Sequence[Frame]):
    """The frames of a scene, drawn when their pixels are asked for; safe to use from several threads."""

    def __init__(self, scene: Scene, indices: range | None = None, renderer: Renderer | None = None) -> None:
        self._renderer = renderer or Renderer(scene)
        self._scene = scene
        self._indices = range(scene.script.length) if indices is None else indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> SyntheticFrames: ...
    def __getitem__(self, index: int | slice) -> Frame | SyntheticFrames:
        if isinstance(index, slice):
            return SyntheticFrames(self._scene, self._indices[index], self._renderer)
        number = self._indices[index]
        return Frame(None, partial(self._renderer.draw, number))


class Renderer:
    """Draws the frames of one scene. Materials are painted at the first frame."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._lock = threading.Lock()
        self._made: _Materials | None = None

    def __reduce__(self) -> tuple[type[Renderer], tuple[Scene]]:
        """What another process gets is the scene; it paints the materials itself."""
        return Renderer, (self._scene,)

    def draw(self, frame: int) -> Image:
        """The pixels of a frame, shape (height, width, 3), RGB uint8."""
        scene, materials = self._scene, self._materials()
        image = self._background(materials, frame)
        behind = scene.distractors[scene.in_front :]
        for body, texture in zip(behind, materials.distractors[scene.in_front :], strict=True):
            _draw_body(image, body, texture, frame, np.zeros(2))
        _draw_body(image, scene.target, materials.target, frame, scene.blur_vector(frame))
        for body, texture in zip(scene.distractors[: scene.in_front], materials.distractors, strict=False):
            _draw_body(image, body, texture, frame, np.zeros(2))
        for box in scene.pillars[frame]:
            _draw_pillar(image, box, materials.pillar)
        return _expose(image, scene, materials.grain, frame)

    def _materials(self) -> _Materials:
        with self._lock:
            if self._made is None:
                self._made = _paint(self._scene)
            return self._made

    def _background(self, materials: _Materials, frame: int) -> Image:
        scene, picture = self._scene, materials.background
        width, height = scene.size
        x, y, zoom = scene.camera[frame]
        left = picture.shape[1] / 2 + x - width / 2 / zoom
        top = picture.shape[0] / 2 + y - height / 2 / zoom
        columns = _fixed(left + (np.arange(width) + 0.5) / zoom - 0.5)
        rows = _fixed(top + (np.arange(height) + 0.5) / zoom - 0.5)
        image = _sample(picture, columns[None, :], rows[:, None])
        return _smear(image, scene.camera_blur(frame))


def _paint(scene: Scene) -> _Materials:
    script = scene.script
    rng = np.random.default_rng([scene.seed, len(script.name), script.length, 77])
    width, height = scene.size
    reach = np.abs(scene.camera[:, :2]).max(axis=0)
    columns, rows = width + 2 * int(reach[0] + 8), height + 2 * int(reach[1] + 8)
    background = synthetic_backgrounds.paint(script.background, rng, rows, columns, script.hue)
    colours = synthetic_textures.palette(rng, script.target_hue, 0.1, 5, value=0.55)
    # A target that turns shows other sides of itself, so its texture is a panorama.
    target = synthetic_textures.target_texture(rng, colours, _TEXTURE, _TEXTURE * (3 if script.turn else 1))
    others = tuple(synthetic_textures.vary(rng, target, colours) for _ in scene.distractors)
    pillar_colours = synthetic_textures.palette(rng, float(rng.random()), 0.06, 4, value=0.45)
    pillar = synthetic_textures.target_texture(rng, pillar_colours, 128, 64)
    strength = 14 if script.night else 4
    grain = rng.integers(-strength, strength + 1, (rows // 2 + 61, columns // 2 + 83, 1), dtype=np.int16)
    return _Materials(background, target, others, pillar, np.tile(grain, (3, 3, 3)))


def _fixed(values: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(values * (1 << _FRACTION_BITS)).astype(np.int32)


def _sample(picture: Image, x: NDArray[np.int32], y: NDArray[np.int32]) -> Image:
    """Bilinear look-up at fixed-point positions, in integer arithmetic; beyond the edge the picture is mirrored."""
    mask = (1 << _FRACTION_BITS) - 1
    whole = np.empty((*np.broadcast_shapes(x.shape, y.shape), 2), dtype=np.int16)
    whole[..., 0], whole[..., 1] = x >> _FRACTION_BITS, y >> _FRACTION_BITS
    part = ((y & mask) << _FRACTION_BITS | (x & mask)).astype(np.uint16)
    return np.asarray(cv2.remap(picture, whole, part, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def _draw_body(image: Image, body: Body, texture: Image, frame: int, way: NDArray[np.float64]) -> None:
    """Draw a body over an image, in place; `way` is what it travels during the exposure."""
    outline = body.outlines[frame]
    spread = np.abs(way) / 2 + 2
    low = np.floor(outline.min(axis=0) - spread).astype(int)
    high = np.ceil(outline.max(axis=0) + spread).astype(int)
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, [image.shape[1], image.shape[0]])
    if right <= left or bottom <= top:
        return
    columns, rows = high - low
    alpha = np.zeros((rows, columns), dtype=np.uint8)
    points = np.round((outline - low - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(alpha, [points], 255, lineType=cv2.LINE_AA, shift=4)
    colour = _skin(body, texture, frame, low, (int(columns), int(rows)))
    window = (slice(top - low[1], bottom - low[1]), slice(left - low[0], right - low[0]))
    weight = alpha.astype(np.uint16)[..., None]
    over = _smear((colour * weight >> 8).astype(np.uint8), way)[window]
    under = _smear(alpha, way)[window].astype(np.uint16)[..., None]
    view = image[top:bottom, left:right]
    view[:] = np.minimum(over + (view * (255 - under) // 255), 255).astype(np.uint8)


def _skin(body: Body, texture: Image, frame: int, low: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.uint16]:
    """The texture of a body on the pixels of a window, shape (rows, columns, 3)."""
    grid = np.stack(np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5), axis=-1).reshape(-1, 2)
    unit: Points = (grid + low - body.centre[frame]) @ np.linalg.inv(body.matrix(frame)).T
    if body.amount:
        unit = unit - _displacement(body, unit, frame)
    height, width = texture.shape[:2]
    across = unit[:, 0]
    if body.turn.any():
        # The texture is wound around an upright cylinder: half a turn is one texture height.
        around = np.arcsin(np.clip(across, -1, 1)) + body.turn[frame]
        column = height + around / np.pi * height
    else:
        column = (across + 1) / 2 * (width - 1)
    row = (unit[:, 1] + 1) / 2 * (height - 1)
    shape = (size[1], size[0])
    return _sample(texture, _fixed(column).reshape(shape), _fixed(row).reshape(shape)).astype(np.uint16)


def _displacement(body: Body, points: Points, frame: int) -> Points:
    """How far the deformation has carried the points of a body, unit coordinates, shape (k, 2)."""
    clipped = np.clip(points, -1.3, 1.3)
    return deformation(clipped, body.amount, float(body.phase[frame]), body.kind)


def _draw_pillar(image: Image, box: NDArray[np.float64], texture: Image) -> None:
    corners = box_corners(box)
    left, top = np.maximum(np.floor(corners[0]).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners[2]).astype(int), [image.shape[1], image.shape[0]])
    if right <= left or bottom <= top:
        return
    columns = _fixed((np.arange(left, right) + 0.5 - box[0]) / box[2] * (texture.shape[1] - 1))
    rows = _fixed((np.arange(top, bottom) + 0.5 - box[1]) * 0.5)
    image[top:bottom, left:right] = _sample(texture, columns[None, :], rows[:, None])


def _smear(image: Image, way: NDArray[np.float64]) -> Image:
    """Motion blur: the mean of copies shifted along a way."""
    steps = round(float(np.abs(way).max()))
    if steps < 2:
        return image
    steps = min(steps, 15)
    total = np.zeros(image.shape, dtype=np.uint16)
    for offset in np.linspace(-0.5, 0.5, steps + 1):
        dx, dy = (int(v) for v in np.round(way * offset))
        padded = cv2.copyMakeBorder(image, max(dy, 0), max(-dy, 0), max(dx, 0), max(-dx, 0), cv2.BORDER_REPLICATE)
        total += padded[max(-dy, 0) : max(-dy, 0) + image.shape[0], max(-dx, 0) : max(-dx, 0) + image.shape[1]]
    return (total // (steps + 1)).astype(np.uint8)


def _expose(image: Image, scene: Scene, grain: NDArray[np.int16], frame: int) -> Image:
    """Light and sensor noise."""
    gain, slope = float(scene.gain[frame]), float(scene.slope[frame])
    height, width = image.shape[:2]
    if gain != 1 or slope:
        sideways = gain * (1 + slope * np.linspace(-1, 1, width))
        factor = np.clip(np.round(sideways * 256), 0, 1023).astype(np.uint32)
        image = np.minimum(image * factor[None, :, None] >> 8, 255).astype(np.uint8)
    rows, columns = (frame * 37) % 59, (frame * 53) % 79
    # Saturating addition of signed noise.
    return np.asarray(cv2.add(image, grain[rows : rows + height, columns : columns + width], dtype=cv2.CV_8U))
