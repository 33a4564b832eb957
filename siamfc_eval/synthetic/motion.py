"""From a script to a scene: paths, camera, light, obstacles."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.synthetic.scene import Body, Scene, Script, Series, box_corners, coverage

_REFERENCE_WIDTH = 320.0


def stage(script: Script, seed: int, size: tuple[int, int]) -> Scene:
    """Work out the action of a script.

    Args:
        script: the directions.
        seed: together with the script's name it decides everything random.
        size: (width, height) of the frames, pixels.
    """
    rng = np.random.default_rng([seed, zlib.crc32(script.name.encode())])
    scale = size[0] / _REFERENCE_WIDTH
    camera = _camera(rng, script, scale)
    target = _target(rng, script, size, scale)
    distractors, in_front = _distractors(rng, script, size, target)
    pillars = _pillars(rng, script, size, camera, target)
    gain, slope = _light(rng, script)
    fractions = []
    for frame in range(script.length):
        covers = [body.outlines[frame] for body in distractors[:in_front]]
        covers += [box_corners(box) for box in pillars[frame]]
        fractions.append(coverage(target.outlines[frame], covers, size))
    visible, inside = np.array(fractions).T
    return Scene(
        script=script,
        seed=seed,
        size=size,
        target=target,
        distractors=distractors,
        in_front=in_front,
        pillars=pillars,
        camera=camera,
        gain=gain,
        slope=slope,
        visible=visible,
        inside=inside,
    )


def _wander(rng: np.random.Generator, length: int, waves: int = 3) -> Series:
    """A smooth curve between -1 and 1 that starts near 0."""
    time = np.linspace(0, 1, length)
    curve = np.zeros(length)
    for wave in range(1, waves + 1):
        curve += np.sin(2 * np.pi * (wave * rng.uniform(0.35, 0.75) * time)) * rng.choice([-1.0, 1.0]) / wave
    return np.asarray(curve / max(1e-9, float(np.abs(curve).max())))


def _camera(rng: np.random.Generator, script: Script, scale: float) -> NDArray[np.float64]:
    n = script.length
    reach = script.pan * n * scale / 4
    shake = rng.normal(0, 1, (n, 2)) * script.shake * scale
    x = reach * _wander(rng, n) + shake[:, 0]
    y = 0.35 * reach * _wander(rng, n) + shake[:, 1]
    zoom = 1 + (script.zoom - 1) * (1 - np.cos(np.linspace(0, 2 * np.pi, n))) / 2
    return np.stack([x, y, zoom], axis=1)


def _target(rng: np.random.Generator, script: Script, size: tuple[int, int], scale: float) -> Body:
    n = script.length
    half = np.array(script.size) * scale / 2
    growth = script.growth ** ((1 - np.cos(np.linspace(0, 1.5 * np.pi, n))) / 2)
    half_size = half[None] * growth[:, None]
    margin = half_size.max(axis=0) + 4
    room = np.maximum(np.array(size) / 2 - margin, 1.0)
    path = np.stack([_wander(rng, n, 4), _wander(rng, n, 4)], axis=1)
    length = np.hypot(*(np.diff(path, axis=0) * room).T).sum()
    path *= min(1.0, script.speed * scale * n / max(1e-9, float(length)))
    centre = np.array(size) / 2 + path * room
    if script.dashes:
        centre += _dashes(rng, script, scale, n)
        # Reflect what went beyond the room, so that a dash never leaves the image.
        low, high = np.array(size) / 2 - room, np.array(size) / 2 + room
        centre = low + (centre - low) % (2 * (high - low))
        centre = np.where(centre > high, 2 * high - centre, centre)
    if script.leaves_view:
        centre[:, 0] += _excursion(n) * (size[0] / 2 + 0.25 * half[0] - (centre[:, 0] - size[0] / 2))
    spin = np.deg2rad(script.spin) * np.sin(np.linspace(0, np.pi / 2, n))
    turn = np.deg2rad(script.turn) * (1 - np.cos(np.linspace(0, 1.6 * np.pi, n))) / 2
    tilt = np.deg2rad(4) * _wander(rng, n)
    phase = np.linspace(0, n * 0.42, n) + rng.uniform(0, 2 * np.pi)
    return Body(script.target, centre, half_size, spin + tilt, turn, script.wobble, phase)


def _dashes(rng: np.random.Generator, script: Script, scale: float, n: int) -> NDArray[np.float64]:
    """Sudden moves, each done within two frames and never undone."""
    moves = np.zeros((n, 2))
    for start in np.linspace(n * 0.12, n * 0.92, script.dashes).astype(int):
        direction = rng.uniform(0, 2 * np.pi)
        step = script.dash * scale * np.array([np.cos(direction), 0.7 * np.sin(direction)])
        moves[start : start + 2] += step
    return np.asarray(np.cumsum(moves, axis=0))


def _excursion(n: int) -> Series:
    """0 inside, 1 at the farthest; one slow trip over the edge of the image."""
    time = np.linspace(0, 1, n)
    return np.clip(np.sin(np.pi * np.clip((time - 0.3) / 0.5, 0, 1)) * 1.15, 0, 1)


def _distractors(
    rng: np.random.Generator, script: Script, size: tuple[int, int], target: Body
) -> tuple[tuple[Body, ...], int]:
    n = script.length
    bodies = []
    for index in range(script.distractors):
        if index == 0:
            # Meets the target in the middle of the sequence, coming from the side.
            offset = np.linspace(-1, 1, n)[:, None] * np.array([[1.9, 0.25]]) * target.half_size.mean(axis=0) * 2
            centre = target.centre + offset
        else:
            start = rng.uniform(0.15, 0.85, 2) * size
            reach = rng.uniform(0.1, 0.3, 2) * size
            centre = start + np.stack([_wander(rng, n), _wander(rng, n)], axis=1) * reach
        phase = target.phase + rng.uniform(1, 5)
        factor = rng.uniform(0.88, 1.12)
        bodies.append(
            Body(target.kind, centre, target.half_size * factor, target.angle * 0.7, target.turn, target.amount, phase)
        )
    return tuple(bodies), min(1, script.distractors)


def _pillars(
    rng: np.random.Generator, script: Script, size: tuple[int, int], camera: NDArray[np.float64], target: Body
) -> NDArray[np.float64]:
    """Pillars between camera and target, each in front of it at some moment; by parallax they sweep past."""
    n = script.length
    pillars = np.zeros((n, script.occluders, 4))
    for index, moment in enumerate(np.linspace(0.28, 0.84, max(1, script.occluders))[: script.occluders]):
        frame = int(moment * (n - 1))
        width = float(target.half_size[frame, 0]) * 2 * rng.uniform(0.55, 1.15)
        # Where the pillar stands in the picture of the background, from where it is to be seen at that moment.
        ground = camera[frame, 0] + (target.centre[frame, 0] - size[0] / 2) / camera[frame, 2]
        x = size[0] / 2 + (ground - camera[:, 0]) * camera[:, 2]
        top = rng.uniform(-0.1, 0.15) * size[1]
        pillars[:, index] = np.stack(
            [x - width / 2, np.full(n, top), np.full(n, width), np.full(n, size[1] * 1.3)], axis=1
        )
        passing = np.linspace(-1, 1, n) * 2.2 * target.half_size[frame, 0] * n / 18
        pillars[:, index, 0] += (passing - passing[frame]) * (1 if index % 2 else -1)
    return pillars


def _light(rng: np.random.Generator, script: Script) -> tuple[Series, Series]:
    n = script.length
    gain = np.ones(n)
    slope = np.zeros(n)
    if script.light:
        time = np.linspace(0, 1, n)
        steps = np.where(np.sin(2 * np.pi * (2.2 * time + 0.05)) > 0.25, 1 - script.light, 1.0)
        gain = np.convolve(np.pad(steps, 2, mode="edge"), np.ones(5) / 5, mode="valid")
        slope = 0.7 * script.light * _wander(rng, n)
    if script.night:
        gain = gain * 0.55
    return gain, slope
