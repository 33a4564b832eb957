"""One of our trackers as a TraX server, for vot-toolkit and every other TraX client."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from siamfc_eval.adapters.trax_regions import from_trax, from_trax_image, raw_frame, to_trax
from siamfc_eval.adapters.trax_relay import Relay, relay_socket, relay_standard_streams
from siamfc_eval.adapters.trax_versions import NEWEST, VERSIONS
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, MissingDependencyError, SiamfcEvalError, TrackerError
from siamfc_eval.tracking.tracker import Output, Tracker

IMAGES = ("path", "memory", "buffer")
"""Image formats that are offered."""

PATIENCE = 60.0
"""Seconds in which a client on a socket must listen, and then say its first word."""


def serve(
    tracker: Tracker,
    regions: Sequence[str] = ("rectangle", "polygon"),
    version: int = NEWEST,
    patience: float = PATIENCE,
) -> int:
    """Answer a TraX client on standard input and output, or on the socket in TRAX_SOCKET, until it quits.

    The tracker must be ready to work: the client's time-out runs from its start to the hello. Each `initialize` of the
    client starts the tracker anew, in the same process.

    Args:
        tracker: what to serve.
        regions: region formats to offer.
        version: of the protocol, 1 to 4. Clients of today understand 4 and all before it; an old client needs its own.
        patience: see `PATIENCE`.

    Returns:
        The number of frames answered.

    Raises:
        InputError: no such version, or TRAX_SOCKET names no port.
        TrackerError: the tracker failed, or there is no client, or it broke the protocol or went away without a quit.
    """
    if version not in VERSIONS:
        raise InputError(f"TraX version {version}: expected one of {', '.join(map(str, VERSIONS))}")
    try:
        import trax
    except ImportError as error:
        raise MissingDependencyError("vot-trax", "trax", "serving a tracker over TraX") from error
    # Standard output belongs to the protocol from here on; what the tracker prints goes to standard error.
    sys.stdout = sys.stderr
    address = os.environ.get("TRAX_SOCKET", "").strip()
    relay = relay_socket(address, version, patience) if address else relay_standard_streams(version)
    conversation = _Conversation(tracker, list(regions), _server(list(regions), tracker.name, version, relay), relay)
    try:
        while conversation.answer():
            pass
        if relay.problem:
            raise TrackerError(f"{relay.problem} ({conversation.answered} frames answered).")
    except trax.TraxException as error:
        raise TrackerError(
            f"the TraX client went away or broke the protocol ({conversation.answered} frames done): {error}"
        ) from error
    except SiamfcEvalError as error:
        conversation.say_quit(str(error))
        raise
    except Exception as error:
        conversation.say_quit(f"{type(error).__name__}: {error}")
        raise TrackerError(
            f"{tracker.name} failed after {conversation.answered} frames: {type(error).__name__}: {error}"
        ) from error
    return conversation.answered


class _Conversation:
    """What a client has said so far, as far as the next answer depends on it."""

    def __init__(self, tracker: Tracker, regions: list[str], server: Any, relay: Relay) -> None:
        self.server = server
        self._relay = relay
        self.answered = 0
        self._tracker = tracker
        self._regions = regions
        self._state: Any = None
        self._started = False

    def answer(self) -> bool:
        """Answer one request; False if it was to quit."""
        from trax import TraxStatus

        request = self.server.wait()
        if request.type == TraxStatus.QUIT:
            return False
        frame = self._frame(request.image)
        if request.type == TraxStatus.INITIALIZE:
            if len(request.objects) != 1:
                raise TrackerError(f"the client asked for {len(request.objects)} targets; one is tracked at a time")
            region = from_trax(request.objects[0][0])
            self._state = self._tracker.init(frame, region)
            self._started = True
            self._report(Output(region))
        elif not self._started:
            raise TrackerError("the client sent a frame before it initialised the tracker")
        else:
            self._state, output = self._tracker.update(self._state, frame)
            self._report(output)
        self.answered += 1
        return True

    def say_quit(self, reason: str) -> None:
        """Tell the client why this ends, if it is still there."""
        from trax import TraxException

        with contextlib.suppress(TraxException):
            self.server.quit(reason=_one_line(reason))

    def _frame(self, images: Any) -> Frame:
        if "color" not in images:
            raise TrackerError("the client sent a request without a colour image, which this tracker needs")
        image = images["color"]
        pixels = self._relay.images.pop(image.path()) if image.type() == "path" else None
        return from_trax_image(image) if pixels is None else raw_frame(pixels)

    def _report(self, output: Output) -> None:
        properties = {} if np.isnan(output.confidence) else {"confidence": f"{output.confidence:.9g}"}
        self.server.status([(to_trax(output.region, self._regions), properties)])


def _server(regions: list[str], name: str, version: int, relay: Relay) -> Any:
    """`trax.server.Server`, whose own constructor knows neither versions nor other streams than the standard ones."""
    from trax import HandleWrapper
    from trax._ctypes import trax_logger, trax_logger_setup, trax_metadata_create, trax_server_setup_file_v
    from trax.image import Image, ImageChannel
    from trax.region import Region
    from trax.server import Server

    metadata = trax_metadata_create(
        Region.encode_list(regions),
        Image.encode_list(list(IMAGES)),
        ImageChannel.encode_list(["color"]),
        name.encode(),
        b"SiamFC family",
        b"siamfc_eval",
        0,
    )
    server = Server.__new__(Server)
    server._logger = trax_logger()
    logger = trax_logger_setup(server._logger, None, 0)
    handle = trax_server_setup_file_v(metadata, relay.reading, relay.writing, logger, version)
    if not handle:
        raise TrackerError("libtrax cannot serve this client: its side of the conversation is closed.")
    server._handle = HandleWrapper(handle)
    return server


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
