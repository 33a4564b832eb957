"""The styles in which trackers are written as classes: what each is given, and what it answers.

Whatever the style, boxes are x, y, w, h in 0-based pixels, x and y the top-left corner, as float64; images are uint8,
shape (height, width, 3), and belong to the tracker, which may write into them.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.adapters.classes.answers import AnswerError, read_answer, read_found
from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.geometry.regions import Region, bounding_box, is_polygon
from siamfc_eval.tracking.targets import start_target
from siamfc_eval.tracking.tracker import Output

ImageKind = Literal["PIL", "numpy"]


class Style:
    """One run after the other of one tracker, in its own style.

    A call is prepared by `start_arguments` or `follow_arguments`, made by whoever measures time, and what it returns
    goes to `started` or `read`.
    """

    name: str
    start_method = "init"
    follow_method = "update"
    reads: str
    """Images and answers, in a few words."""
    takes_polygons = False
    """Whether a start polygon is of use to the tracker; else it is given the bounding box."""
    one_object_per_run = False
    """Whether an object can be initialised once only, so that each run needs a new one."""

    def __init__(self, origin: float = 0.0) -> None:
        """
        Args:
            origin: what the tracker's own coordinates add to 0-based ones.
        """
        self.origin = origin

    def start_arguments(self, frame: Frame, region: Region) -> tuple[Any, ...]:
        """What the start method is called with.

        Raises:
            InputError: the frame cannot be read.
        """
        return self.image(frame.pixels), _shifted(bounding_box(region), self.origin)

    def follow_arguments(self, frame: Frame) -> tuple[Any, ...]:
        """What the method for every other frame is called with.

        Raises:
            InputError: the frame cannot be read.
        """
        return (self.image(frame.pixels),)

    def image(self, pixels: Image) -> Any:
        """Pixels, RGB, in the form that the tracker wants."""
        return pixels

    def started(self, answer: object, region: Region) -> None:
        """Takes note of what the start method returned, and of the region that the run began with."""

    def read(self, answer: object) -> Output:
        """What the tracker says of a frame, 0-based.

        Raises:
            AnswerError: the answer cannot be read.
        """
        region, confidence = read_answer(answer)
        return Output(_shifted(region, -self.origin), confidence)


class Got10kStyle(Style):
    """`init(image, box)`, `update(image)`; images are PIL images, or arrays in RGB for a class that says so."""

    name = "got10k"

    def __init__(self, origin: float = 0.0, images: ImageKind = "PIL") -> None:
        super().__init__(origin)
        self._images = images
        self.reads = f"{'PIL images in RGB' if images == 'PIL' else 'numpy images in RGB'}, box answers"

    def image(self, pixels: Image) -> Any:
        if self._images == "numpy":
            return pixels
        from PIL import Image as Pillow

        return Pillow.fromarray(pixels)


class PysotStyle(Style):
    """`init(img, bbox)`, `track(img)` -> {'bbox': ..., 'best_score': ...}; images are BGR, as `cv2.imread` reads them.

    A start polygon becomes the box that pysot's own test script makes of it (`get_axis_aligned_bbox`). SiamMask's
    'polygon' is the answer of a run that began with one, as in that script.
    """

    name = "pysot"
    follow_method = "track"
    reads = "BGR, dictionary answers"
    takes_polygons = True

    def __init__(self, origin: float = 0.0) -> None:
        super().__init__(origin)
        self._polygons = False

    def start_arguments(self, frame: Frame, region: Region) -> tuple[Any, ...]:
        box = bounding_box(region)
        if is_polygon(region):
            fitted = start_target(frame, region, "pysot")
            box = np.concatenate([fitted.centre - (fitted.size - 1) / 2, fitted.size])
        return self.image(frame.pixels), _shifted(box, self.origin).tolist()

    def image(self, pixels: Image) -> Any:
        return _bgr(pixels)

    def started(self, answer: object, region: Region) -> None:
        self._polygons = is_polygon(region)

    def read(self, answer: object) -> Output:
        region, confidence = read_answer(answer, self._polygons)
        return Output(_shifted(region, -self.origin), confidence)


class PytrackingStyle(Style):
    """`initialize(image, info)` with info['init_bbox'], `track(image)` -> {'target_bbox': ...}; images are RGB.

    A `track` that takes a second argument is given {'previous_output': ...}, as pytracking does.
    """

    name = "pytracking"
    start_method = "initialize"
    follow_method = "track"
    reads = "RGB, dictionary answers"

    def __init__(self, origin: float = 0.0, takes_info: bool = False) -> None:
        super().__init__(origin)
        self._takes_info = takes_info
        self._previous: object = {}

    def start_arguments(self, frame: Frame, region: Region) -> tuple[Any, ...]:
        image, box = super().start_arguments(frame, region)
        return image, {"init_bbox": box.tolist()}

    def follow_arguments(self, frame: Frame) -> tuple[Any, ...]:
        image = self.image(frame.pixels)
        return (image, {"previous_output": self._previous}) if self._takes_info else (image,)

    def started(self, answer: object, region: Region) -> None:
        self._previous = answer if isinstance(answer, dict) else {}

    def read(self, answer: object) -> Output:
        self._previous = answer
        return super().read(answer)


class OpenCVStyle(Style):
    """`init(image, box)`, `update(image)` -> (ok, box); images are BGR, start boxes four whole numbers.

    Where `ok` is false the last box stands, with confidence 0; where it is true the confidence is 1. OpenCV's objects
    cannot be initialised twice, so each run has an object of its own.
    """

    name = "opencv"
    reads = "BGR, answers (ok, box)"
    one_object_per_run = True

    def __init__(self, origin: float = 0.0) -> None:
        super().__init__(origin)
        self._last: Region = np.empty(0)

    def start_arguments(self, frame: Frame, region: Region) -> tuple[Any, ...]:
        box = bounding_box(region)
        height, width = frame.pixels.shape[:2]
        low = np.clip(np.round(box[:2]), 0, [width - 1, height - 1]).astype(int)
        high = np.clip(np.round(box[:2] + box[2:]), low + 1, [width, height]).astype(int)
        first = low + int(self.origin)
        return self.image(frame.pixels), (int(first[0]), int(first[1]), *(int(side) for side in high - low))

    def image(self, pixels: Image) -> Any:
        return _bgr(pixels)

    def started(self, answer: object, region: Region) -> None:
        if answer is False:
            raise AnswerError("False, so it does not want to start")
        self._last = bounding_box(region).copy()

    def read(self, answer: object) -> Output:
        found, region = read_found(answer)
        if region is not None:
            self._last = _shifted(region, -self.origin)
        return Output(self._last.copy(), float(found))


class OwnStyle(Style):
    """This package's own protocol: `state = init(frame, region)`, `state, output = update(state, frame)`."""

    name = "siamfc-eval"
    reads = "frames, states and outputs of siamfc_eval.tracking.tracker"

    def __init__(self, origin: float = 0.0, takes_polygons: bool = False) -> None:
        super().__init__(origin)
        self.takes_polygons = takes_polygons
        self._state: Any = None

    def start_arguments(self, frame: Frame, region: Region) -> tuple[Any, ...]:
        _ = frame.pixels
        return frame, region

    def follow_arguments(self, frame: Frame) -> tuple[Any, ...]:
        _ = frame.pixels
        return self._state, frame

    def started(self, answer: object, region: Region) -> None:
        self._state = answer

    def read(self, answer: object) -> Output:
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[1], Output)):
            raise AnswerError(
                f"{type(answer).__name__}; expected (state, siamfc_eval.tracking.tracker.Output(region, confidence))"
            )
        self._state, output = answer
        region, _ = read_answer(output.region)
        return Output(region, float(output.confidence))


STYLES: dict[str, type[Style]] = {
    style.name: style for style in (Got10kStyle, PysotStyle, PytrackingStyle, OpenCVStyle, OwnStyle)
}
"""Name, as in `--style` -> style."""


def _shifted(region: Region, by: float) -> Region:
    """A region of its own, moved by so many pixels in x and y."""
    values = np.array(region, dtype=np.float64)
    if by:
        values[: 2 if values.size == 4 else None] += by
    return values


def _bgr(pixels: Image) -> NDArray[np.uint8]:
    return np.ascontiguousarray(pixels[..., ::-1])
