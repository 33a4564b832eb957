"""A tracker seen at work: frames from anywhere, the box and what else is known drawn on them, shown or written."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.datasets.frames import Frame, Image, ImageFrames
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.geometry.regions import Region, is_polygon
from siamfc_eval.storage.writing import replacing
from siamfc_eval.tracking.tracker import Output, Tracker

CODECS = {".mp4": ("mp4v", "avc1"), ".avi": ("MJPG", "XVID"), ".mkv": ("MJPG", "mp4v"), ".mov": ("mp4v", "avc1")}
"""Ending of a video file -> codecs to try, in order."""

_IMAGES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}
_GREEN, _RED, _WHITE, _BLACK = (80, 220, 60), (60, 60, 230), (255, 255, 255), (0, 0, 0)
"""Blue, green, red, as OpenCV draws and writes."""
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


def annotate(
    image: Image, region: Region, label: str, response: NDArray[np.float32] | None = None, *, initial: bool = False
) -> NDArray[np.uint8]:
    """Draw an answer onto a frame.

    Args:
        image: shape (height, width, 3), RGB.
        region: box or polygon, 0-based pixels; NaN draws nothing.
        label: text for the upper left corner.
        response: a map for the lower right corner; None: none.
        initial: the region was given and not found; drawn in another colour.

    Returns:
        Shape (height, width, 3), BGR as OpenCV shows and writes it.
    """
    import cv2

    canvas = np.ascontiguousarray(image[..., ::-1])
    height, width = canvas.shape[:2]
    thickness = max(1, round(max(height, width) / 320))
    if response is not None:
        _inset(canvas, response)
    if np.isfinite(region).all():
        x, y, w, h = (float(value) for value in region[:4])
        corners = region if is_polygon(region) else np.array([x, y, x + w, y, x + w, y + h, x, y + h])
        # Far outside the image a box need not be exact, and OpenCV's integers have an end.
        points = np.clip(np.round(corners.reshape(-1, 2)), -30000, 30000).astype(np.int32)
        cv2.polylines(canvas, [points], True, _RED if initial else _GREEN, thickness, cv2.LINE_AA)
    place, scale = (6, 8 + 12 * thickness), 0.45 * thickness
    for colour, extra in ((_BLACK, 2), (_WHITE, 0)):
        cv2.putText(canvas, label, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness + extra, cv2.LINE_AA)
    return canvas


def _inset(canvas: NDArray[np.uint8], response: NDArray[np.float32]) -> None:
    import cv2

    side = max(16, min(canvas.shape[:2]) // 4)
    low, high = float(np.nanmin(response)), float(np.nanmax(response))
    scaled = np.nan_to_num((response - low) / max(high - low, 1e-12)) * 255.0
    picture = cv2.applyColorMap(scaled.astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    canvas[-side:, -side:] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)[: canvas.shape[0]]


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


class VideoFile:
    """A video that is written frame by frame; nothing half-written is left under its name.

    Args:
        path: its ending chooses container and codec; see `CODECS`.
        fps: frames per second.

    Raises:
        InputError: another ending.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix.lower() not in CODECS:
            raise InputError(f"{path}: a video's name ends with one of {', '.join(CODECS)}")
        self.path = path
        self.frames = 0
        self._stack = ExitStack()
        self._fps = fps
        self._writer: Any = None
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Add a frame, BGR; frames of another size than the first are resized to it.

        Raises:
            InputError: the file cannot be written, or OpenCV has no codec for it.
        """
        import cv2

        if self._writer is None:
            self._size = (image.shape[1], image.shape[0])
            self._writer = self._opened()
        if (image.shape[1], image.shape[0]) != self._size:
            image = np.asarray(cv2.resize(image, self._size), dtype=np.uint8)
        self._writer.write(image)
        self.frames += 1

    def _opened(self) -> Any:
        import cv2

        partial = self._stack.enter_context(replacing(self.path, durable=False, ending=self.path.suffix.lower()))
        if not os.access(self.path.parent, os.W_OK):
            raise InputError(f"{self.path}: cannot write into this folder.")
        codecs = CODECS[self.path.suffix.lower()]
        for codec in codecs:
            writer = cv2.VideoWriter(str(partial), cv2.VideoWriter.fourcc(*codec), self._fps, self._size)
            if writer.isOpened():
                return writer
        raise InputError(
            f"{self.path}: this OpenCV ({cv2.__version__}) has none of the codecs {', '.join(codecs)} for "
            f"{self.path.suffix} files. Try an .avi file, which needs MJPG only."
        )

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.release()
        if self.frames:
            self._stack.close()  # What was written of a video that was interrupted is a video too.
        else:
            self._stack.__exit__(kind or InputError, error or InputError("no frames"), traceback)


class Window:
    """A window on the screen.

    Raises:
        InputError: there is no display, or this OpenCV was built without windows.
    """

    _HINT = "To get a video file instead, use: --out video.mp4"

    def __init__(self, title: str) -> None:
        import cv2

        if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise InputError(f"there is no display to show it on (DISPLAY is not set). {self._HINT}")
        self._title = title
        try:
            cv2.namedWindow(title, cv2.WINDOW_NORMAL)
        except cv2.error as error:
            raise InputError(
                "this OpenCV cannot open windows: opencv-python-headless is installed, which has none. Install "
                f"opencv-python in its place. {self._HINT}"
            ) from error

    def show(self, image: NDArray[np.uint8]) -> bool:
        """Show a frame; False once the user has pressed Escape or q."""
        import cv2

        cv2.imshow(self._title, image)
        return cv2.waitKey(1) & 0xFF not in {27, ord("q")}
