"""A scene as a video or an animated GIF, and its worst moments as strips of small pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.storage.writing import replacing
from siamfc_eval.viewing.scene import Scene
from siamfc_eval.viewing.timeline import Moment
from siamfc_eval.viewing.video import CODECS, VideoFile

_FPS = 25.0
_MOST_FRAMES = 1000
"""Of a GIF, all of whose frames are in memory while it is written."""
_QUALITY = 75


class Strip(NamedTuple):
    """The frames around a moment."""

    moment: Moment
    frames: tuple[int, ...]
    """0-based."""
    pictures: tuple[bytes, ...]
    """A JPEG for each of the frames, ground truth and answers drawn on it."""
    maps: tuple[bytes, ...] = ()
    """The same with the response map of the tracker; empty where none was recorded."""


def write_film(path: Path, scene: Scene) -> None:
    """Write a video (.mp4, .avi, .mkv, .mov) or an animated GIF.

    Raises:
        InputError: another ending, too many frames for a GIF, no codec, or no images.
    """
    fps = scene.sequence.fps or _FPS
    if path.suffix.lower() == ".gif":
        _write_gif(path, scene, fps)
        return
    if path.suffix.lower() not in CODECS:
        raise InputError(f"{path}: expected a name that ends with one of .html, .gif, {', '.join(CODECS)}")
    with VideoFile(path, fps) as video:
        for frame in scene.stretch:
            video.write(scene.drawn(frame))


def _write_gif(path: Path, scene: Scene, fps: float) -> None:
    from PIL import Image

    if len(scene.stretch) > _MOST_FRAMES:
        raise InputError(
            f"{path}: a GIF of {len(scene.stretch)} frames is too large; at most {_MOST_FRAMES}. Show fewer "
            "(--stretch 1:200) or write a .mp4."
        )
    pictures = [Image.fromarray(scene.drawn(frame)[..., ::-1]).quantize(128) for frame in scene.stretch]
    with replacing(path, durable=False, ending=".gif") as unfinished:
        pictures[0].save(unfinished, save_all=True, append_images=pictures[1:], duration=round(1000 / fps), loop=0)


def strip(scene: Scene, moment: Moment, around: tuple[int, ...] = (-10, -3, 0, 3, 10)) -> Strip:
    """The frames around a moment of a scene, small.

    Args:
        scene: what is drawn.
        moment: of one of its trackers.
        around: frames to show, from the moment on; those beyond the sequence's ends are left out.

    Raises:
        InputError: an image cannot be read.
    """
    frames = [moment.frame + offset for offset in around]
    inside = tuple(frame for frame in frames if 0 <= frame < len(scene.sequence))
    plain, mapped = replace(scene, responses=False), replace(scene, responses=True)
    recorded = next((one.maps.by_frame for one in scene.timelines if one.maps), {})
    return Strip(
        moment,
        inside,
        tuple(_jpeg(plain.drawn(frame)) for frame in inside),
        tuple(_jpeg(mapped.drawn(frame)) for frame in inside) if any(frame in recorded for frame in inside) else (),
    )


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    import cv2

    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
