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
from types import TracebackType
from typing import Any, NamedTuple

from siamfc_eval.errors import InputError, MissingDependencyError, TrackerError


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
            InputError: a region format that is neither.
            TrackerError: the client ended without initialising.
        """
        if region_format not in {"rectangle", "polygon"}:
            raise InputError(f"region format '{region_format}' is not known; use 'rectangle' or 'polygon'")
        try:
            import trax
        except ImportError as error:
            raise MissingDependencyError("vot-trax", "trax", "vot.VOT") from error
        self._trax = trax
        wanted = [channels] if isinstance(channels, str) else list(channels or ["color"])
        self._channels = [{"rgb": "color"}.get(channel, channel) for channel in wanted]
        # What the script prints must not get into the protocol.
        self._stdout, sys.stdout = sys.stdout, sys.stderr
        # The metadata tells the client that a script like this one serves a single run: it is started anew for each.
        self._server = trax.Server([region_format], [trax.Image.PATH], self._channels, metadata={"vot": "python"})
        request = self._server.wait()
        if request.type != trax.TraxStatus.INITIALIZE:
            raise TrackerError("the TraX client ended before it initialised the tracker")
        self._first: Any = request.image
        self._asked = False
        """A frame was given that is not reported on yet."""
        self._region = self._decode(request.objects[0][0])
        self._server.status([(self._encode(self._region), {})])

    def region(self) -> Rectangle | Polygon:
        """Where the target is in the first image, in the format that was asked for."""
        return self._region

    def frame(self) -> str | list[str] | None:
        """Path of the next image (a list where several channels were asked for); None when the run is over.

        Raises:
            TrackerError: the frame before has no report yet, so that the client would wait for ever.
        """
        if self._asked:
            raise TrackerError("vot.VOT: frame() again before report(). Report on every frame after the first.")
        if self._first is not None:
            image, self._first = self._first, None
        else:
            request = self._server.wait()
            if request.type != self._trax.TraxStatus.FRAME:
                return None
            image, self._asked = request.image, True
        paths = [image[channel].path() for channel in self._channels]
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
        properties = {} if confidence is None else {"confidence": float(confidence)}
        self._server.status([(self._encode(region), properties)])
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

    def _encode(self, region: Rectangle | Polygon) -> Any:
        # Old scripts bring their own named tuples, so the shape counts and not the class.
        points = getattr(region, "points", None)
        if points is not None:
            if len(points) < 3:
                raise InputError(f"a polygon needs 3 points or more; {len(points)} given")
            return self._trax.Polygon.create([(float(x), float(y)) for x, y in points])
        if len(region) == 4:
            x, y, width, height = (float(value) for value in region)
            return self._trax.Rectangle.create(x, y, width, height)
        raise InputError(f"{region!r} is no region; report a Rectangle(x, y, width, height) or a Polygon(points)")

    def _decode(self, region: Any) -> Rectangle | Polygon:
        if isinstance(region, self._trax.Polygon):
            return Polygon([Point(x, y) for x, y in region])
        if isinstance(region, self._trax.Rectangle):
            return Rectangle(*region.bounds())
        raise TrackerError("the TraX client initialised the tracker with neither a rectangle nor a polygon")
