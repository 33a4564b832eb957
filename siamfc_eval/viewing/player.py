"""A sequence with the answers of trackers as one web page: play, step, jump to the next failure."""

from __future__ import annotations

import base64
import os
from importlib.resources import files
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.errors import InputError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.plain_text import printable
from siamfc_eval.results.response_maps import ResponseMaps
from siamfc_eval.storage.json_text import json_for_html
from siamfc_eval.storage.writing import write_atomic
from siamfc_eval.version import __version__
from siamfc_eval.viewing.drawing import coloured
from siamfc_eval.viewing.scene import Scene
from siamfc_eval.viewing.timeline import Timeline

MOST_BYTES = 250_000_000
"""Of images in a page; browsers get slow beyond."""
_QUALITY = 80
_FPS = 25.0


class DrawnMaps(TypedDict):
    """A tracker's response maps, those of a stretch."""

    frames: list[int]
    """From the first one of the stretch."""
    shapes: list[list[int]]
    values: str
    """All maps one after the other, base64."""
    lows: list[float]
    highs: list[float]
    covered: list[list[float] | None]
    searched: list[list[float] | None]


class Drawn(TypedDict):
    """What the page draws of one tracker."""

    name: str
    colour: str
    regions: list[list[float] | None]
    overlaps: list[float | None]
    confidences: list[float | None] | None
    failures: list[int]
    leaps: list[int]
    maps: DrawnMaps | None


def write_player(path: Path, scene: Scene, linked: bool = False) -> None:
    """Write a page that works from disk and asks nothing of any server.

    Args:
        path: of the page.
        scene: what it shows.
        linked: refer to the image files where they lie instead of embedding small copies: the page stays small, and
            works as long as both stay where they are.

    Raises:
        InputError: there are no images, they are no files (`linked`), or too many to embed.
    """
    images, scale = _linked(path, scene) if linked else _embedded(scene)
    stretch, sequence = scene.stretch, scene.sequence
    content = {
        "first": stretch.start,
        "images": images,
        "scale": scale,
        "fps": sequence.fps or _FPS,
        "truth": [_coordinates(sequence.ground_truth[frame]) for frame in stretch],
        "tags": {
            tag: np.flatnonzero(marked[stretch.start : stretch.stop]).tolist()
            for tag, marked in sequence.tags.items()
            if marked.size and marked[stretch.start : stretch.stop].any()
        },
        "colours": _base64(coloured(np.arange(256, dtype=np.uint8)[None])[..., ::-1]),
        "responses": scene.responses,
        "trackers": [_tracker(*pair, stretch) for pair in zip(scene.timelines, scene.colours, strict=True)],
    }
    write_atomic(path, _page(scene, content), durable=False)


def _page(scene: Scene, content: dict[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(loader=PackageLoader("siamfc_eval.viewing"), autoescape=True, undefined=StrictUndefined)
    folder = files("siamfc_eval.viewing") / "templates"
    library = files("siamfc_eval.assets")
    return environment.get_template("player.html.j2").render(
        title=printable(scene.sequence.name),
        frames=f"Frames {scene.stretch.start + 1} to {scene.stretch.stop} of {len(scene.sequence)}",
        notes=scene.notes,
        mapped=any(one.maps for one in scene.timelines),
        content=Markup(json_for_html(content)),
        maps_script=Markup((folder / "maps.js").read_text("utf-8")),
        script=Markup((folder / "player.js").read_text("utf-8")),
        chart_script=Markup((library / "uPlot.iife.min.js").read_text("utf-8")),
        chart_style=Markup((library / "uPlot.min.css").read_text("utf-8")),
        version=__version__,
    )


def _embedded(scene: Scene) -> tuple[list[str], float]:
    import cv2

    images: list[str] = []
    total, scale = 0, 1.0
    for frame in scene.stretch:
        image, scale = scene.shown(frame)
        _, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        images.append("data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii"))
        total += len(images[-1])
        if total > MOST_BYTES:
            raise InputError(
                f"{scene.sequence.name}: {len(scene.stretch)} frames of up to {scene.side} px make a page of more than "
                f"{MOST_BYTES // 1_000_000} MB. Show fewer (--stretch 1:500), make them smaller (--side 320), refer to "
                "the image files (--link) or write a video (--out view.mp4)."
            )
    return images, scale


def _linked(path: Path, scene: Scene) -> tuple[list[str], float]:
    places = [scene.frames[frame].path for frame in scene.stretch]
    here = path.parent.resolve()
    links = [quote(Path(os.path.relpath(place.resolve(), here)).as_posix()) for place in places if place is not None]
    if len(links) < len(places):
        raise InputError(f"{scene.sequence.name}: its frames are no image files to refer to. Leave out --link.")
    return links, 1.0


def _tracker(one: Timeline, colour: str, stretch: range) -> Drawn:
    part = slice(stretch.start, stretch.stop)
    return Drawn(
        name=printable(one.tracker),
        colour=colour,
        regions=[_coordinates(region) for region in one.regions[part]],
        overlaps=_rounded(one.overlaps[part], 3),
        confidences=None if one.confidences is None else _rounded(one.confidences[part], 4),
        failures=[frame - stretch.start for frame in one.failures if frame in stretch],
        leaps=[frame - stretch.start for frame in one.leaps if frame in stretch],
        maps=None if not one.maps else _maps(one.maps, stretch),
    )


def _maps(maps: ResponseMaps, stretch: range) -> DrawnMaps:
    found = {frame: one for frame, one in maps.by_frame.items() if frame in stretch}
    return DrawnMaps(
        frames=[frame - stretch.start for frame in found],
        shapes=[list(one.steps.shape) for one in found.values()],
        values=_base64(np.concatenate([one.steps.ravel() for one in found.values()])) if found else "",
        lows=[float(one.low) for one in found.values()],
        highs=[float(one.high) for one in found.values()],
        covered=[_coordinates(one.covered) for one in found.values()],
        searched=[_coordinates(one.searched) for one in found.values()],
    )


def _base64(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _coordinates(region: Region | NDArray[np.float32] | None) -> list[float] | None:
    if region is None or not np.isfinite(region).all():
        return None
    return [round(float(value), 2) for value in region]


def _rounded(values: NDArray[np.float64], digits: int) -> list[float | None]:
    return [None if np.isnan(value) else round(float(value), digits) for value in values]
