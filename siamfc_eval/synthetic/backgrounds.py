"""The places in which the synthetic sequences play: street, foliage, indoor, sky, field, plaza."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from siamfc_eval.datasets.frames import Image
from siamfc_eval.synthetic.textures import colourise, leaves, modulate, noise, palette

Painter = Callable[[np.random.Generator, int, int, float], Image]


def paint(kind: str, rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    """A background picture.

    Args:
        kind: one of `BACKGROUNDS`.
        rng: source of randomness.
        height: rows.
        width: columns.
        hue: main hue, 0-1.
    """
    image = BACKGROUNDS[kind](rng, height, width, hue)
    image = modulate(image, noise(rng, height, width, base=6), 50)
    return np.asarray(cv2.GaussianBlur(image, (3, 3), 0))


def _street(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    image = colourise(noise(rng, height, width, base=2), palette(rng, 0.58, 0.02, value=0.8))
    horizon = height * 11 // 20
    left = 0
    while left < width:
        span = int(rng.integers(width // 16, width // 6))
        top = int(rng.integers(height // 12, horizon - height // 6))
        _building(rng, image, (left, top, span, horizon - top), hue)
        left += span
    ground = colourise(noise(rng, height - horizon, width, base=4, stretch=3), palette(rng, 0.1, 0.05, value=0.4))
    image[horizon:] = ground
    for row in (horizon + (height - horizon) // 3, horizon + 2 * (height - horizon) // 3):
        for x in range(int(rng.integers(0, 40)), width, 70):
            cv2.rectangle(image, (x, row), (x + 36, row + 5), (205, 200, 180), -1)
    trees = palette(rng, 0.3, 0.04, value=0.35)
    for x in rng.integers(0, width, 7):
        base = horizon + int(rng.integers(-10, 20))
        crown = image[max(0, base - height // 4) : base, max(0, int(x) - 45) : int(x) + 45]
        if crown.size:
            leaves(rng, crown, trees, count=60, radius=(4, 16))
    return image


def _building(rng: np.random.Generator, image: Image, box: tuple[int, int, int, int], hue: float) -> None:
    x, y, w, h = box
    wall = [int(c) for c in palette(rng, hue, 0.12, 1, value=float(rng.uniform(0.35, 0.75)))[0]]
    cv2.rectangle(image, (x, y), (x + w, y + h), wall, -1)
    step_x, step_y = (int(s) for s in rng.integers(12, 26, 2))
    lit = rng.random((h // step_y + 1, w // step_x + 1))
    for row in range(1, h // step_y):
        for column in range(max(1, w // step_x)):
            bright = lit[row, column] > 0.7
            glass = [min(255, c + 70) for c in wall] if bright else [c // 2 for c in wall]
            corner = (x + column * step_x + 3, y + row * step_y)
            cv2.rectangle(image, corner, (corner[0] + step_x - 7, corner[1] + step_y - 8), glass, -1)


def _foliage(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    colours = palette(rng, hue, 0.05, 7, value=0.42)
    image = colourise(noise(rng, height, width, base=4), colours)
    leaves(rng, image, colours, count=width * height // 450, radius=(5, 60), elongation=3.0)
    return image


def _indoor(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    wall = palette(rng, hue, 0.03, 4, value=0.65)
    image = colourise(noise(rng, height, width, base=2, octaves=4), wall)
    floor = height * 7 // 10
    image[floor:] = colourise(
        noise(rng, height - floor, width, base=3, stretch=6), palette(rng, 0.07, 0.02, value=0.45)
    )
    for y in range(floor, height, 22):
        cv2.line(image, (0, y), (width, y), (60, 45, 35), 1)
    for _ in range(14):
        x, y = int(rng.integers(0, width - 80)), int(rng.integers(0, floor - 60))
        w, h = (int(s) for s in rng.integers(40, 130, 2))
        picture = image[y : min(floor, y + h), x : x + w]
        picture[:] = palette(rng, float(rng.random()), 0.1, 1)[0]
        leaves(rng, picture, palette(rng, float(rng.random()), 0.2), count=30, radius=(4, 30))
        cv2.rectangle(image, (x, y), (x + w, min(floor, y + h)), (45, 35, 30), 3)
    for shelf in range(3):
        y = int(rng.integers(floor // 3, floor))
        x = int(rng.integers(0, width * 2 // 3))
        books = palette(rng, float(rng.random()), 0.3, 8)
        for book in range(24):
            top = y - int(rng.integers(24, 44))
            colour = [int(c) for c in books[(book + shelf) % 8]]
            cv2.rectangle(image, (x + book * 9, top), (x + book * 9 + 7, y), colour, -1)
    return image


def _sky(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    clouds = np.array([[70, 110, 170], [110, 150, 200], [150, 185, 220], [215, 225, 235], [245, 245, 245]], np.uint8)
    image = colourise(noise(rng, height, width, base=3, octaves=6, stretch=2), clouds)
    ridge = noise(rng, 8, width, base=1, octaves=5)[4].astype(np.int32) * height // (255 * 5)
    hills = colourise(noise(rng, height, width, base=6), palette(rng, hue, 0.04, value=0.35))
    leaves(rng, hills, palette(rng, hue, 0.06, value=0.35), count=500, radius=(4, 24))
    below = np.arange(height)[:, None] > (height * 4 // 5 - ridge)[None, :]
    image[below] = hills[below]
    return image


def _field(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    image = colourise(noise(rng, height, width, base=5, stretch=3), palette(rng, hue, 0.03, 5, value=0.5))
    for y in range(int(rng.integers(10, 60)), height, 120):
        cv2.line(image, (0, y), (width, y + 30), (225, 230, 220), 4)
    clutter = palette(rng, hue, 0.08, 6, value=0.55)
    leaves(rng, image, clutter, count=width * height // 2600, radius=(3, 18), elongation=1.6)
    return image


def _plaza(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    image = colourise(noise(rng, height, width, base=3, octaves=5), palette(rng, 0.09, 0.03, 4, value=0.55))
    step = int(rng.integers(34, 52))
    for x in range(0, width, step):
        cv2.line(image, (x, 0), (x + height // 4, height), (95, 90, 84), 2)
    for y in range(0, height, step):
        cv2.line(image, (0, y), (width, y), (95, 90, 84), 2)
    crowd = palette(rng, hue, 0.25, 9, value=0.5)
    for _ in range(width * height // 9000):
        x, y = int(rng.integers(0, width - 24)), int(rng.integers(0, height - 54))
        figure = image[y : y + 54, x : x + 24]
        leaves(rng, figure, crowd[int(rng.integers(0, 8)) :], count=12, radius=(5, 14))
    return image


BACKGROUNDS: dict[str, Painter] = {
    "street": _street,
    "foliage": _foliage,
    "indoor": _indoor,
    "sky": _sky,
    "field": _field,
    "plaza": _plaza,
}
"""Painters by name."""
