"""What may truly be said of a synthetic sequence: attributes by OTB's definitions, per-frame tags like VOT's.

Each is measured on the scene (sizes, ways, covered area, light), so a tag never claims more than the frames show.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.synthetic.scene import Scene, Series

_VISIBLE = 0.93
"""Below this visible part (of what is inside the image) a target counts as occluded."""
_GONE = 0.05
"""Below this visible part a target counts as absent."""
_TREND = 5
"""Frames over which a change of size or light is looked at."""


def attributes(scene: Scene, stop: int) -> frozenset[str]:
    """OTB's attributes (IV SV OCC DEF MB FM IPR OPR OV BC LR) of the first `stop` frames.

    Thresholds as in OTB where it gives them: SV area ratio beyond 2, FM more than 20 px per frame, LR under 400 px.
    """
    script = scene.script
    low, high = scene.outlines[:stop].min(axis=1), scene.outlines[:stop].max(axis=1)
    area = (high - low).prod(axis=1)
    motion = _speed(scene, stop)
    angle = np.rad2deg(scene.target.angle[:stop] - scene.target.angle[0])
    turn = np.rad2deg(scene.target.turn[:stop])
    blur = np.array([np.abs(scene.blur_vector(frame)).max() for frame in range(stop)])
    found = {
        "IV": bool(np.ptp(scene.gain[:stop]) > 0.25 * scene.gain[:stop].max()),
        "SV": bool((area / area[0]).max() > 2 or (area / area[0]).min() < 0.5),
        "OCC": bool(_occluded(scene, stop).any()),
        "DEF": script.wobble >= 0.08,
        "MB": bool((blur >= 4).sum() >= 3),
        "FM": bool(motion.max(initial=0.0) > 20),
        "IPR": bool(np.abs(angle).max() > 20),
        "OPR": bool(np.abs(turn).max() > 20),
        "OV": bool((scene.inside[:stop] < 0.97).any()),
        "BC": script.distractors > 0,
        "LR": bool((area < 400).any()),
    }
    return frozenset(code for code, holds in found.items() if holds)


def frame_tags(scene: Scene, stop: int) -> dict[str, NDArray[np.bool_]]:
    """VOT's five per-frame tags, each of shape (stop,)."""
    low, high = scene.outlines[:stop].min(axis=1), scene.outlines[:stop].max(axis=1)
    diagonal = np.hypot(*(high - low).T)
    motion = np.concatenate([[0.0], _speed(scene, stop)])
    camera = scene.camera[:stop]
    way = np.concatenate([[0.0], np.hypot(*np.diff(camera[:, :2], axis=0).T)])
    zoom = np.concatenate([[0.0], np.abs(np.diff(camera[:, 2]))])
    return {
        "camera_motion": (way > 0.4) | (zoom > 0.003),
        "illum_change": _change(scene.gain[:stop]) > 0.12,
        "motion_change": np.concatenate([[0.0], np.abs(np.diff(motion))]) > 0.1 * diagonal,
        "occlusion": _occluded(scene, stop),
        "size_change": _change(diagonal) > 0.06,
    }


def absent_frames(scene: Scene, stop: int) -> NDArray[np.bool_]:
    """True where the target cannot be seen, shape (stop,)."""
    return np.asarray(scene.visible[:stop] < _GONE)


def _occluded(scene: Scene, stop: int) -> NDArray[np.bool_]:
    return np.asarray(scene.visible[:stop] < _VISIBLE * scene.inside[:stop])


def _speed(scene: Scene, stop: int) -> Series:
    """Way of the box's centre between frames, pixels, shape (stop - 1,)."""
    low, high = scene.outlines[:stop].min(axis=1), scene.outlines[:stop].max(axis=1)
    return np.asarray(np.hypot(*np.diff((low + high) / 2, axis=0).T))


def _change(values: Series) -> Series:
    """Relative change against `_TREND` frames earlier."""
    earlier = values[np.maximum(np.arange(len(values)) - _TREND, 0)]
    return np.asarray(np.abs(values - earlier) / earlier)
