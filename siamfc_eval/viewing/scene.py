"""Several trackers on one stretch of a sequence: what a player, a video and a film strip draw."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.colours import COLOURS
from siamfc_eval.datasets.frames import Frame, Image
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError
from siamfc_eval.plain_text import printable
from siamfc_eval.viewing.drawing import WHITE, blue_green_red, lay_over, outline, write
from siamfc_eval.viewing.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Scene:
    """What is looked at."""

    sequence: Sequence
    timelines: tuple[Timeline, ...]
    """One for each tracker, in the order of their colours."""
    stretch: range
    """0-based frames of the sequence."""
    side: int
    """Longest side of a drawn frame, in pixels; larger ones are made smaller."""
    responses: bool = False
    """Show response maps: a page from the start, a picture those of the first tracker that has some."""
    notes: tuple[str, ...] = ()
    """What is to be said beside it, e.g. of files that cannot be shown."""

    @property
    def colours(self) -> tuple[str, ...]:
        """#RRGGBB of each tracker."""
        return tuple(COLOURS[number % len(COLOURS)] for number in range(len(self.timelines)))

    @property
    def frames(self) -> collections.abc.Sequence[Frame]:
        """The images of the whole sequence.

        Raises:
            InputError: only annotations are at hand, or there are fewer images than annotated frames.
        """
        frames, name = self.sequence.frames, self.sequence.name
        if frames is None:
            raise InputError(
                f"{name}: its images are not there; only annotations were found. Give --data: the data set's folder "
                "with the images in it."
            )
        if len(frames) < len(self.sequence):
            raise InputError(
                f"{name}: {len(self.sequence)} frames are annotated and {len(frames)} images are there. Add the "
                "missing images."
            )
        return frames

    def shown(self, frame: int) -> tuple[NDArray[np.uint8], float]:
        """A frame as it is drawn on: BGR, and pixels of it for each pixel of the image file."""
        source = self.frames[frame]
        image, scale = shrunk(source.pixels, self.side)
        source.release()
        return image, scale

    def drawn(self, frame: int) -> NDArray[np.uint8]:
        """A frame with the ground truth in white and the answers in the trackers' colours, their overlaps written out.

        Args:
            frame: 0-based.

        Returns:
            Shape (height, width, 3), BGR.
        """
        canvas, scale = self.shown(frame)
        mapped = next((one.maps for one in self.timelines if one.maps), None) if self.responses else None
        if mapped is not None and (found := mapped.by_frame.get(frame)) is not None:
            lay_over(canvas, found.steps, found.covered, scale)
        outline(canvas, self.sequence.ground_truth[frame], WHITE, scale)
        write(canvas, f"{frame + 1}")
        for line, (one, colour) in enumerate(zip(self.timelines, self.colours, strict=True), start=1):
            ink, region, overlap = blue_green_red(colour), one.regions[frame], one.overlaps[frame]
            if region is not None:
                outline(canvas, region, ink, scale)
            state = "failed" if frame in one.failures else "" if np.isnan(overlap) else f"{overlap:.2f}"
            write(canvas, f"{printable(one.tracker)} {state}", line, ink)
        return canvas


def shrunk(image: Image, side: int) -> tuple[NDArray[np.uint8], float]:
    """An RGB image as contiguous BGR with no side longer than `side`, and the factor by which it was scaled."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    turned: Any = np.ascontiguousarray(image[..., ::-1])
    if scale < 1.0:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        turned = cv2.resize(turned, size, interpolation=cv2.INTER_AREA)
    return np.asarray(turned, dtype=np.uint8), scale
