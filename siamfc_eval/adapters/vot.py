"""Drop-in for the classic `vot.py` script that tracker repositories ship copies of.

    from siamfc_eval.adapters import vot

    handle = vot.VOT("rectangle")
    selection = handle.region()
    first = handle.frame()  # the image of `selection`: start the tracker on it; it is not reported on
    ...
    while image := handle.frame():
        ...
        handle.report(vot.Rectangle(x, y, width, height), confidence)

Works under any TraX client: vot-toolkit, or `siamfc-eval run ... --tracker "trax:python my_tracker.py"`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple

import numpy as np

from siamfc_eval.adapters.trax.channel import ClientGoneError, open_channel
from siamfc_eval.adapters.trax.images import CHANNELS, image_path
from siamfc_eval.adapters.trax.messages import ProtocolError
from siamfc_eval.adapters.trax.regions import REGIONS, format_region
from siamfc_eval.adapters.trax.server import PATIENCE, Request, TraxServer
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.geometry.regions import is_polygon


class Point(NamedTuple):
    """A corner of a polygon, 0-based pixels."""

    x: float
    y: float


class Rectangle(NamedTuple):
    """Axis-aligned box: top-left corner and size, 0-based pixels."""

    x: float
    y: float
    width: float
    height: float


class Polygon(NamedTuple):
    """Closed polygon of three points or more."""

    points: list[Point]


class VOT:
    """The tracker's side of one run.

    The region is read once with `region()`, and the first call of `frame()` gives the image that it belongs to, which
    is not reported on. From the second on, `frame()` and `report()` take turns.
    """

    def __init__(self, region_format: str, channels: list[str] | str | None = None) -> None:
        """Say hello and wait for the client's initialisation.

        Args:
            region_format: "rectangle" or "polygon".
            channels: image channels; None for colour.

        Raises:
            InputError: a region format that is neither, or an image channel that TraX does not know.
            TrackerError: the client ended without initialising.
        """
        if region_format not in {"rectangle", "polygon"}:
            raise InputError(f"region format '{region_format}' is not known; use 'rectangle' or 'polygon'")
        wanted = [channels] if isinstance(channels, str) else list(channels or ["color"])
        self._channels = [{"rgb": "color"}.get(channel, channel) for channel in wanted]
        if unknown := sorted({*self._channels} - {*CHANNELS}):
            raise InputError(f"image channels {', '.join(unknown)} are not known; use {', '.join(CHANNELS)}")
        self._sent = [channel for channel in CHANNELS if channel in self._channels]
        # What the script prints must not get into the protocol.
        self._stdout, sys.stdout = sys.stdout, sys.stderr
        # The property tells the client that a script like this one serves a single run: it is started anew for each.
        self._server: TraxServer | None = TraxServer(
            open_channel(PATIENCE, alone=False),
            [region_format],
            ["path"],
            channels=self._sent,
            properties={"vot": "python"},
        )
        request = self._wait()
        if request is None or request.region is None:
            raise TrackerError("the TraX client ended before it initialised the tracker")
        self._first: tuple[str, ...] | None = request.images
        self._asked = False
        """A frame was given that is not reported on yet."""
        points = request.region.reshape(-1, 2)
        self._region: Rectangle | Polygon = (
            Polygon([Point(float(x), float(y)) for x, y in points])
            if is_polygon(request.region)
            else Rectangle(*request.region.tolist())
        )
        self._answer(self._encode(self._region), {})

    def region(self) -> Rectangle | Polygon:
        """Where the target is in the first image, in the format that was asked for."""
        return self._region

    def frame(self) -> str | list[str] | None:
        """Path of the next image (a list where several channels were asked for); None when the run is over.

        Raises:
            TrackerError: the frame before has no report yet, so that the client would wait for ever; or the client
                broke the protocol.
        """
        if self._asked:
            raise TrackerError("vot.VOT: frame() again before report(). Report on every frame after the first.")
        images, self._first = self._first, None
        if images is None:
            request = self._wait()
            if request is None or request.region is not None:
                return None
            images, self._asked = request.images, True
        found = dict(zip(self._sent, map(image_path, images), strict=True))
        paths = [path for channel in self._channels if (path := found[channel]) is not None]
        if len(paths) < len(self._channels):
            raise TrackerError("the TraX client sent an image that is no path, which was not offered")
        return paths[0] if len(paths) == 1 else paths

    def report(self, region: Rectangle | Polygon, confidence: float | None = None) -> None:
        """Answer the last frame.

        Args:
            region: a `Rectangle` or a `Polygon`.
            confidence: the tracker's score; higher is surer.

        Raises:
            InputError: something that is no region.
            TrackerError: there is no frame to answer, as after the first one; every answer would be a frame late.
        """
        if not self._asked:
            raise TrackerError(
                "vot.VOT: report() without a frame to answer. The first frame() is the image of region(), which is not "
                "reported on; call frame() again before the first report()."
            )
        self._answer(self._encode(region), {} if confidence is None else {"confidence": f"{float(confidence):.9g}"})
        self._asked = False

    def quit(self) -> None:
        """Tell the client that the tracker ends, and give standard output back."""
        if self._server is not None:
            self._server.quit()
            self._server = None
            sys.stdout = self._stdout

    def __enter__(self) -> VOT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.quit()

    def __del__(self) -> None:
        if getattr(self, "_server", None) is not None:
            self.quit()

    def _wait(self) -> Request | None:
        if self._server is None:
            return None
        try:
            return self._server.wait()
        except ClientGoneError:  # as at a quit: nobody is left to tell
            return None
        except ProtocolError as error:
            self.quit()
            raise TrackerError(f"the TraX client broke the protocol: {error}") from error

    def _answer(self, region: str, properties: Mapping[str, str]) -> None:
        if self._server is None:
            raise TrackerError("the run has ended; there is nothing to answer")
        try:
            self._server.answer(region, properties)
        except ClientGoneError as error:
            raise TrackerError(f"{error}.") from error

    @staticmethod
    def _encode(region: Rectangle | Polygon) -> str:
        # Old scripts bring their own named tuples, so the shape counts and not the class.
        points = getattr(region, "points", None)
        if points is not None:
            if len(points) < 3:
                raise InputError(f"a polygon needs 3 points or more; {len(points)} given")
            return format_region(np.array([(float(x), float(y)) for x, y in points]).ravel(), REGIONS)
        if len(region) == 4:
            return format_region(np.array([float(value) for value in region]), REGIONS)
        raise InputError(f"{region!r} is no region; report a Rectangle(x, y, width, height) or a Polygon(points)")
