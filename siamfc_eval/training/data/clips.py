"""Validation clips from held-out training material: crops under a moving camera, stills set in motion."""

from __future__ import annotations

import collections.abc
from pathlib import Path

import numpy as np

from siamfc_eval.datasets.frames import Frame, Image, read_image
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.geometry.regions import Box
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.training.data.compose import blend, blob_mask
from siamfc_eval.training.data.photometric import Photometric, distort
from siamfc_eval.training.data.stills import salient_window
from siamfc_eval.training.data.tracks import Track
from siamfc_eval.training.data.views import Jitter, view_matrix, warp

CANVAS = 240
"""Side of the frames of a clip in pixels."""


def _wander(rng: np.random.Generator, frames: int, step: float, limit: float) -> np.ndarray:
    """A smooth random walk that stays within +-limit, shape (frames,)."""
    speed, place, path = 0.0, 0.0, []
    for _ in range(frames):
        speed = 0.7 * speed + rng.normal(0.0, step)
        if abs(place + speed) > limit:
            speed = -0.5 * speed
        place = float(np.clip(place + speed, -limit, limit))
        path.append(place)
    return np.array(path)


def _sequence(name: str, images: list[Image], boxes: list[Box]) -> Sequence:
    def frame(image: Image) -> Frame:
        return Frame(None, lambda: image)

    return Sequence(name, np.array(boxes), [frame(image) for image in images])


def clip_of_track(track: Track, start: int, frames: int, seed: int) -> Sequence:
    """Part of a track seen by a shaking, zooming camera, so that the centred target moves.

    Args:
        track: curated crops; the target is in the middle of each.
        start: first image.
        frames: how many, at most what is left.
        seed: of the camera.
    """
    rng = np.random.default_rng((seed, start))
    picked = range(start, min(start + frames, len(track)))
    across, down = _wander(rng, len(picked), 5.0, 22.0), _wander(rng, len(picked), 5.0, 22.0)
    zoom = np.exp(_wander(rng, len(picked), 0.012, 0.25))
    images, boxes = [], []
    for number, index in enumerate(picked):
        image = read_image(track.images[index])
        x, y, w, h = track.boxes[index]
        scale = zoom[number] * 0.8
        centre = np.array([x + w / 2.0, y + h / 2.0])
        target = np.array([CANVAS / 2.0 + across[number], CANVAS / 2.0 + down[number]])
        offset = target - 0.5 - scale * (centre - 0.5)
        matrix = np.array([[scale, 0.0, offset[0]], [0.0, scale, offset[1]]])
        images.append(warp(image, matrix, CANVAS))
        boxes.append(np.array([target[0] - w * scale / 2.0, target[1] - h * scale / 2.0, w * scale, h * scale]))
    return _sequence(f"{track.name}-{start}", images, boxes)


def clip_of_stills(paths: collections.abc.Sequence[Path], number: int, frames: int, seed: int) -> Sequence:
    """A cut-out of one still and two others of the same still, moving over another still.

    Args:
        paths: held-out stills.
        number: which clip; picks the two stills.
        frames: length.
        seed: of everything else.
    """
    rng = np.random.default_rng((seed, number))
    chosen = rng.permutation(len(paths))[:2]
    object_image, scene = read_image(paths[chosen[0]]), read_image(paths[chosen[1]])
    side = min(scene.shape[:2])
    backdrop_scale = CANVAS * 1.25 / side
    size = float(rng.uniform(28.0, 60.0))
    parts = [salient_window(object_image, rng) for _ in range(3)]
    powers = rng.uniform(2.0, 6.0, 3)
    across = [_wander(rng, frames, 2.5, 80.0) for _ in parts]
    down = [_wander(rng, frames, 2.5, 80.0) for _ in parts]
    starts = rng.uniform(-60.0, 60.0, (3, 2))
    turns = [_wander(rng, frames, 1.5, 25.0) for _ in parts]
    zooms = [np.exp(_wander(rng, frames, 0.012, 0.3)) for _ in parts]
    pan_x, pan_y = _wander(rng, frames, 2.0, 25.0), _wander(rng, frames, 2.0, 25.0)
    light = Photometric(brightness=0.06, contrast=0.1, gamma=0.1, colour=0.03, saturation=0.1)
    images, boxes = [], []
    for t in range(frames):
        offset = [(CANVAS - side * backdrop_scale) / 2.0 + pan for pan in (pan_x[t], pan_y[t])]
        canvas = warp(scene, np.array([[backdrop_scale, 0.0, offset[0]], [0.0, backdrop_scale, offset[1]]]), CANVAS)
        box = np.zeros(4)
        for k in (2, 1, 0):
            part = parts[k]
            # view_matrix shows a target at exemplar_size / context side, so ask for the wanted size through that.
            shown = size * zooms[k][t] / np.sqrt(part[2] * part[3])
            shift = np.clip(starts[k] + [across[k][t], down[k][t]], -95.0, 95.0)
            jitter = Jitter(shift=(float(shift[0]), float(shift[1])), rotation=float(turns[k][t]))
            exemplar = shown * context_side(part[2:])
            view = view_matrix(part, 1, CANVAS, Jitter(jitter.shift, exemplar, 1.0, jitter.rotation))
            mask = blob_mask(part, view, CANVAS, float(powers[k]), 1.0)
            canvas = blend(warp(object_image, view, CANVAS), canvas, mask)
            if k == 0:
                rows, columns = np.flatnonzero(mask.max(axis=1) > 0.5), np.flatnonzero(mask.max(axis=0) > 0.5)
                box = np.array(
                    [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1], dtype=np.float64
                )
        images.append(distort(canvas, light, rng))
        boxes.append(box)
    return _sequence(f"stills-{number}", images, boxes)
