"""A tracker seen at work: frames from anywhere, the box and what else is known drawn on them, shown or written."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from siamfc_eval.datasets.frames import Frame, ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.tracking.tracker import Output, Tracker
from siamfc_eval.viewing.drawing import annotate

_IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_SMOOTHING = 0.9


class Footage(NamedTuple):
    """What a tracker is shown on."""

    name: str
    frames: Iterator[Frame]
    start: Region | None
    """The first frame's ground truth, 0-based pixels; None where there is none."""
    fps: float


def open_footage(source: str | None, sequence: str | None = None, length: int | None = None) -> Footage:
    """The frames that a user means.

    Args:
        source: a data set or a sequence on disk, a folder of images, a video file, or the number of a camera; None for
            a sequence of the embedded benchmark.
        sequence: which one of a data set; None: the first.
        length: first frames only; None: all.

    Raises:
        InputError: nothing there, or nothing that can be read.
        UnknownNameError: the data set has no such sequence.
    """
    footage = _open(source, sequence)
    return footage._replace(frames=itertools.islice(footage.frames, length)) if length else footage


def _open(source: str | None, sequence: str | None) -> Footage:
    if source is None:
        from siamfc_eval.synthetic.benchmark import embedded_benchmark

        return _of_dataset(tuple(embedded_benchmark()), "the embedded benchmark", sequence)
    if source.isdecimal():
        return _captured(int(source), f"camera {source}")
    path = Path(source).expanduser()
    if path.is_file() and path.suffix.lower() != ".json":
        return _captured(str(path), str(path))
    if not path.exists():
        raise InputError(f"{path}: no such file or folder. Expected images, a video, a data set or a camera's number.")
    try:
        return _of_dataset(tuple(load_dataset(path)), str(path), sequence)
    except InputError:
        images = sorted(file for file in path.iterdir() if file.suffix.lower() in _IMAGES) if path.is_dir() else []
        if not images or sequence is not None:
            raise
        return Footage(path.name, iter(ImageFrames(images)), None, 30.0)


def _of_dataset(sequences: tuple[Sequence, ...], where: str, name: str | None) -> Footage:
    chosen = next((one for one in sequences if name in {None, one.name} | one.aliases), None)
    if chosen is None:
        raise UnknownNameError(f"sequence of {where}", str(name), [one.name for one in sequences])
    if chosen.frames is None:
        raise InputError(f"{where}: the images of {chosen.name} are not there; only its annotations were found.")
    return Footage(chosen.name, iter(chosen.frames), chosen.ground_truth[0], chosen.fps or 30.0)


def _captured(source: int | str, where: str) -> Footage:
    import cv2

    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        hint = "Is it there and free?" if isinstance(source, int) else "Is it a video, and is its codec installed?"
        raise InputError(f"{where}: OpenCV cannot open it. {hint}")
    fps = float(capture.get(cv2.CAP_PROP_FPS))

    def frames() -> Iterator[Frame]:
        try:
            while True:
                there, pixels = capture.read()
                if not there:
                    return
                image = np.ascontiguousarray(pixels[..., ::-1])
                yield Frame(None, lambda image=image: image)  # type: ignore[misc]
        finally:
            capture.release()

    return Footage(Path(where).stem, frames(), None, fps if 1.0 <= fps <= 240.0 else 30.0)


def follow(tracker: Tracker, footage: Footage, box: Region | None = None, response: bool = False) -> Iterator[Any]:
    """Run a tracker and draw each of its answers.

    Args:
        tracker: to be seen.
        footage: what on.
        box: where the target is on the first frame; None: the footage's own ground truth.
        response: draw the response map too, where the tracker has one.

    Yields:
        One drawn frame after the other, BGR. The frame rate is of the tracker's calls alone, smoothed.

    Raises:
        InputError: no frames, or nobody says where the target is.
        TrackerError: the tracker failed.
    """
    region = box if box is not None else footage.start
    if region is None:
        raise InputError(f"{footage.name}: it has no ground truth, so say where the target is: --box X,Y,W,H")
    state: Any = None
    seconds: float | None = None
    for number, frame in enumerate(footage.frames, start=1):
        pixels = frame.pixels
        started = perf_counter()
        if number == 1:
            state, output = tracker.init(frame, region), Output(region)
        else:
            state, output = tracker.update(state, frame)
            taken = perf_counter() - started
            seconds = taken if seconds is None else _SMOOTHING * seconds + (1 - _SMOOTHING) * taken
        label = f"{tracker.name}  {number}"
        label += "" if np.isnan(output.confidence) else f"  score {output.confidence:.3g}"
        label += "" if seconds is None else f"  {1 / max(seconds, 1e-9):.0f} fps"
        yield annotate(pixels, output.region, label, output.response if response else None, initial=number == 1)
        frame.release()
