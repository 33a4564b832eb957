"""What light, lens and codec do to a crop: colour, blur, noise, compression. Crops are RGB uint8."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siamfc_eval.datasets.frames import Image


@dataclass(frozen=True)
class Photometric:
    """Strengths and probabilities of the changes of one crop, each drawn anew for every crop."""

    brightness: float = 0.2
    """Largest change of the mean level, as a share of full scale."""
    contrast: float = 0.3
    """Largest relative change of contrast around the mean."""
    gamma: float = 0.3
    """Largest exponent's logarithm."""
    colour: float = 0.12
    """Largest relative change of one channel against the others."""
    saturation: float = 0.4
    """Largest relative change of saturation."""
    blur: float = 0.2
    """Probability of Gaussian blur."""
    motion_blur: float = 0.1
    """Probability of motion blur."""
    low_resolution: float = 0.2
    """Probability of being sampled down and up again."""
    noise: float = 0.25
    """Probability of sensor noise."""
    compression: float = 0.15
    """Probability of JPEG artefacts."""


def _tone(image: Image, strength: Photometric, rng: np.random.Generator) -> Image:
    """Brightness, contrast, gamma and colour balance as one table per channel, then saturation."""
    import cv2

    ramp = np.arange(256, dtype=np.float64) / 255.0
    gamma = np.exp(rng.uniform(-strength.gamma, strength.gamma))
    gain = 1.0 + rng.uniform(-strength.contrast, strength.contrast)
    offset = rng.uniform(-strength.brightness, strength.brightness)
    level = float(image.mean()) / 255.0
    curve = (ramp**gamma - level) * gain + level + offset
    balance = 1.0 + rng.uniform(-strength.colour, strength.colour, size=3)
    table = np.clip(curve[:, None] * balance[None, :] * 255.0, 0.0, 255.0).astype(np.uint8)
    toned = cv2.LUT(image, table[None])
    if strength.saturation > 0.0:
        share = 1.0 + rng.uniform(-strength.saturation, strength.saturation)
        gray = cv2.cvtColor(cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        toned = cv2.addWeighted(toned, share, gray, 1.0 - share, 0.0)
    return np.asarray(toned, dtype=np.uint8)


def _blur(image: Image, strength: Photometric, rng: np.random.Generator) -> Image:
    import cv2

    if rng.random() < strength.blur:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 2.0)))
    if rng.random() < strength.motion_blur:
        length = int(rng.integers(3, 12))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0.0, np.pi)
        middle = (length - 1) / 2.0
        reach = np.array([np.cos(angle), np.sin(angle)]) * middle
        start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
        cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0)
        image = cv2.filter2D(image, -1, kernel / kernel.sum())
    if rng.random() < strength.low_resolution:
        side = image.shape[0]
        small = max(8, int(side * rng.uniform(0.3, 0.7)))
        image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
        image = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(image, dtype=np.uint8)


def _codec(image: Image, strength: Photometric, rng: np.random.Generator) -> Image:
    import cv2

    if rng.random() < strength.noise:
        # One field of noise per crop is drawn small and tiled: drawing normals is the dear part.
        field = rng.normal(0.0, rng.uniform(2.0, 10.0), size=(64, 64, 3)).astype(np.float32)
        times = -(-image.shape[0] // 64)
        tiled = np.tile(field, (times, times, 1))[: image.shape[0], : image.shape[1]]
        image = np.clip(image.astype(np.float32) + tiled, 0.0, 255.0).astype(np.uint8)
    if rng.random() < strength.compression:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)
    return image


def distort(image: Image, strength: Photometric, rng: np.random.Generator) -> Image:
    """One crop as another camera might have seen it.

    Args:
        image: shape (h, w, 3), RGB uint8.
        strength: how much, how often.
        rng: the source of chance.
    """
    return _codec(_blur(_tone(image, strength, rng), strength, rng), strength, rng)


def grayscale(image: Image) -> Image:
    """The crop without its colour, still three channels."""
    import cv2

    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), dtype=np.uint8)
