"""Pictures made of random numbers that have what natural ones have: many scales, edges, occluding parts, shading.

Everything is integer arithmetic on uint8 (OpenCV's fixed-point resampling and drawing included), so that one seed gives
the same pixels on every machine.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Image

Gray = NDArray[np.uint8]
"""Shape (height, width)."""

Palette = NDArray[np.uint8]
"""Shape (k, 3), RGB; the first colours are the commoner ones."""

_OCTAVE_WEIGHTS = (64, 44, 30, 20, 14, 9)


def palette(rng: np.random.Generator, hue: float, spread: float = 0.08, count: int = 5, value: float = 0.6) -> Palette:
    """Colours around a hue.

    Args:
        rng: source of randomness.
        hue: 0-1 on the colour circle.
        spread: standard deviation of the hues.
        count: number of colours.
        value: mean brightness, 0-1.
    """
    colours = []
    for _ in range(count):
        h = (hue + float(rng.normal(0, spread))) % 1.0
        s = float(rng.uniform(0.15, 0.75))
        v = min(1.0, max(0.08, value + float(rng.uniform(-0.32, 0.32))))
        colours.append([round(255 * channel) for channel in colorsys.hsv_to_rgb(h, s, v)])
    return np.array(colours, dtype=np.uint8)


def noise(
    rng: np.random.Generator, height: int, width: int, *, base: int = 3, octaves: int = 6, stretch: int = 1
) -> Gray:
    """Multi-octave value noise over the whole range 0-255.

    Args:
        rng: source of randomness.
        height: rows.
        width: columns.
        base: cells of the coarsest grid along the shorter side.
        octaves: how many grids, each twice as fine as the one before (6 at most).
        stretch: how many times longer than high the cells are (grass, water: > 1).
    """
    total = np.zeros((height, width), dtype=np.uint16)
    short = min(height, width)
    for octave, weight in enumerate(_OCTAVE_WEIGHTS[:octaves]):
        cells = base << octave
        rows = max(2, cells * height // short)
        columns = max(2, cells * width // (short * stretch))
        grid = rng.integers(0, 256, (rows, columns), dtype=np.uint8)
        total += np.uint16(weight) * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    total >>= 8
    flat = total.astype(np.uint8)
    low, high = int(flat.min()), int(flat.max())
    table = np.clip((np.arange(256) - low) * 255 // max(1, high - low), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(flat, table))


def colourise(gray: Gray, colours: Palette) -> Image:
    """Map brightness to a smooth gradient through the colours, dark to light."""
    order = np.argsort(colours.astype(np.int32).sum(axis=1), kind="stable")
    knots = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), knots, colours[order, c]) for c in range(3)], axis=1)
    return np.asarray(cv2.LUT(cv2.merge([gray, gray, gray]), np.round(table).astype(np.uint8)[None]))


def modulate(image: Image, gray: Gray, depth: int) -> Image:
    """Darken and brighten an image by a noise; `depth` 0-255 is the strength."""
    # Half the factor, so that twice 255 fits: 128 is "unchanged".
    table = np.clip(128 + (np.arange(256) - 128) * depth // 256, 0, 255).astype(np.uint8)
    factor = cv2.LUT(gray, table)
    product = image.astype(np.uint16) * cv2.merge([factor, factor, factor])
    product >>= 7
    return np.asarray(np.minimum(product, 255, out=product).astype(np.uint8))


def leaves(
    rng: np.random.Generator,
    image: Image,
    colours: Palette,
    *,
    count: int,
    radius: tuple[int, int],
    elongation: float = 2.0,
) -> None:
    """Cover an image, in place, with ellipses, boxes and polygons that occlude one another ("dead leaves").

    Sizes follow a power law, the model that has the edge and scale statistics of natural images.

    Args:
        rng: source of randomness.
        image: drawn on.
        colours: to choose from.
        count: number of shapes.
        radius: smallest and largest half size, pixels.
        elongation: largest ratio of the two axes.
    """
    height, width = image.shape[:2]
    low, high = radius
    uniform = rng.random((count, 8))
    for row in uniform:
        # Inverse of the cumulative distribution of p(r) ~ r^-3 between low and high.
        size = 1.0 / np.sqrt(row[0] / high**2 + (1 - row[0]) / low**2)
        centre = (int(row[1] * width), int(row[2] * height))
        axes = (max(1, int(size)), max(1, int(size / (1 + row[3] * (elongation - 1)))))
        base = colours[int(row[4] ** 1.5 * len(colours))].astype(np.int32)
        colour = [int(c) for c in np.clip(base + int(row[5] * 60) - 30, 0, 255)]
        angle = int(row[6] * 180)
        _SHAPES[int(row[7] * len(_SHAPES))](image, centre, axes, angle, colour)


def _ellipse(image: Image, centre: tuple[int, int], axes: tuple[int, int], angle: int, colour: list[int]) -> None:
    cv2.ellipse(image, centre, axes, angle, 0, 360, colour, -1)


def _corners(centre: tuple[int, int], axes: tuple[int, int], angle: int) -> NDArray[np.float64]:
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    unit = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    return np.asarray(unit * axes @ rotation + centre)


def _box(image: Image, centre: tuple[int, int], axes: tuple[int, int], angle: int, colour: list[int]) -> None:
    cv2.fillConvexPoly(image, np.round(_corners(centre, axes, angle)).astype(np.int32), colour)


def _triangle(image: Image, centre: tuple[int, int], axes: tuple[int, int], angle: int, colour: list[int]) -> None:
    cv2.fillConvexPoly(image, np.round(_corners(centre, axes, angle)[:3]).astype(np.int32), colour)


def _framed_box(image: Image, centre: tuple[int, int], axes: tuple[int, int], angle: int, colour: list[int]) -> None:
    points = np.round(_corners(centre, axes, angle)).astype(np.int32)
    cv2.fillConvexPoly(image, points, colour)
    cv2.polylines(image, [points], True, [c // 2 for c in colour], 1)


_SHAPES: tuple[Callable[..., Any], ...] = (_ellipse, _ellipse, _box, _triangle, _framed_box)


def target_texture(rng: np.random.Generator, colours: Palette, height: int, width: int) -> Image:
    """The surface of a target: a few large parts, small details, shading from above."""
    image = colourise(noise(rng, height, width, base=2), colours)
    short = min(height, width)
    leaves(rng, image, colours, count=14 * width // height, radius=(short // 8, short // 2))
    leaves(rng, image, colours, count=22 * width // height, radius=(short // 20, short // 6))
    image = modulate(image, noise(rng, height, width, base=4), 90)
    shade = np.linspace(300, 190, height).astype(np.int32)[:, None, None]
    shaded = np.clip(image.astype(np.int32) * shade >> 8, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(shaded, (3, 3), 0))


def vary(rng: np.random.Generator, texture: Image, colours: Palette) -> Image:
    """Another individual of the same kind: the same large parts, other details."""
    image = texture.copy()
    short = min(image.shape[:2])
    leaves(rng, image, colours, count=16, radius=(short // 14, short // 4))
    return modulate(image, noise(rng, image.shape[0], image.shape[1], base=3), 60)
