"""A tracker's side of a TraX conversation, and one of our trackers as a server for any TraX client."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from siamfc_eval.adapters.trax.channel import Channel, ClientGoneError, open_channel
from siamfc_eval.adapters.trax.images import IMAGES, parse_image
from siamfc_eval.adapters.trax.messages import (
    NEWEST,
    VERSIONS,
    Message,
    Messages,
    ProtocolError,
    format_message,
    one_line,
    quoted,
)
from siamfc_eval.adapters.trax.regions import format_region, parse_region
from siamfc_eval.errors import InputError, SiamfcEvalError, TrackerError
from siamfc_eval.geometry.regions import Region
from siamfc_eval.plain_text import counted
from siamfc_eval.tracking.tracker import Output, Tracker

LONGEST_REQUEST = 256 << 20
"""Bytes of a message from a client; a raw image of 8192 x 4320 pixels takes 142 MB."""

PATIENCE = 60.0
"""Seconds in which a client on a socket must listen, and then say its first word."""


class Request(NamedTuple):
    """What a client asks for: to start on an image with a region, or to go on with the next image."""

    images: tuple[str, ...]
    """As they travel, one for each channel."""
    region: Region | None
    """The target to start with; None: go on."""


class TraxServer:
    """A conversation with a client of any version: what an old client says in one message a new one says in two."""

    def __init__(
        self,
        channel: Channel,
        regions: Sequence[str],
        images: Sequence[str],
        *,
        channels: Sequence[str] = ("color",),
        version: int = NEWEST,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Say hello.

        Args:
            channel: to the client.
            regions, images, channels: formats to offer, and the image channels that are needed.
            version: of the protocol.
            properties: what else to say in the hello.

        Raises:
            ClientGoneError: the client has gone.
        """
        self._channel = channel
        self._messages = Messages(channel.receive, LONGEST_REQUEST)
        self._channels = len(channels)
        self._region: Region | None = None
        self._started = False
        offers = {"region": regions, "image": images, "channels": channels}
        channel.send(
            format_message(
                "hello",
                properties={
                    **(properties or {}),
                    "trax.version": str(version),
                    **{f"trax.{key}": "".join(f"{name};" for name in names) for key, names in offers.items()},
                },
            )
        )

    def wait(self) -> Request | None:
        """The next request; None if the client took its leave.

        Raises:
            ProtocolError: the client broke the protocol.
            ClientGoneError: the client went away without a word.
        """
        while True:
            message = self._messages.next()
            if message is None or message.kind == "quit":
                return None
            if message.kind in {"hello", "state"}:
                raise ProtocolError(f"a client does not say {quoted(' '.join([message.kind, *message.arguments]))}")
            if message.kind in {"initialize", "frame"}:  # anything else may be a later version's
                request = self._take(message)
                if request is not None:
                    return request

    def answer(self, region: str, properties: Mapping[str, str] | None = None) -> None:
        """Answer the last request.

        Raises:
            ClientGoneError: the client has gone.
        """
        self._channel.send(format_message("state", [region], properties))

    def quit(self, reason: str = "") -> None:
        """Tell the client that this is the end, if it is still there."""
        with contextlib.suppress(ClientGoneError):
            self._channel.send(format_message("quit", properties={"trax.reason": one_line(reason)} if reason else None))

    def _take(self, message: Message) -> Request | None:
        """The request that a message completes; None if it does not."""
        arguments = message.arguments
        if message.kind == "frame":
            self._check(arguments, self._channels, message)
            region, self._region = self._region, None
            if region is None and not self._started:
                raise ProtocolError("the client sent a frame before it initialised the tracker")
            self._started = True
            return Request(arguments, region)
        if not arguments:  # forget the target
            self._started, self._region = False, None
            return None
        if len(arguments) == self._channels + 1:  # versions 1 to 3
            self._started, self._region = True, None
            return Request(arguments[:-1], self._target(arguments[-1]))
        self._check(arguments, 1, message)
        if self._region is not None:
            raise ProtocolError("the client asked for more than one target; one is tracked at a time")
        self._region = self._target(arguments[0])
        return None

    def _target(self, text: str) -> Region:
        region = parse_region(text)
        if np.isnan(region).any():
            raise ProtocolError(f"the client started the tracker with {quoted(text)}, which is no region")
        return region

    @staticmethod
    def _check(arguments: tuple[str, ...], expected: int, message: Message) -> None:
        if len(arguments) != expected:
            said = quoted(" ".join([message.kind, *arguments])[:1000])
            raise ProtocolError(f"{len(arguments)} arguments in {said}, {expected} expected")


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
    channel = open_channel(patience, alone=True)
    # Standard output belongs to the protocol from here on; what the tracker prints goes to standard error.
    sys.stdout = sys.stderr
    about = {"trax.name": one_line(tracker.name), "trax.description": "SiamFC family", "trax.family": "siamfc_eval"}
    server = TraxServer(channel, regions, IMAGES, version=version, properties=about)
    answered = 0
    state: Any = None
    try:
        while (request := server.wait()) is not None:
            frame = parse_image(request.images[0])
            if request.region is None:
                state, output = tracker.update(state, frame)
            else:
                state, output = tracker.init(frame, request.region), Output(request.region)
            confidence = {} if np.isnan(output.confidence) else {"confidence": f"{output.confidence:.9g}"}
            server.answer(format_region(output.region, regions), confidence)
            answered += 1
    except ProtocolError as error:
        server.quit(str(error))
        raise TrackerError(
            f"the TraX client broke the protocol ({counted(answered, 'frame')} answered): {error}"
        ) from error
    except ClientGoneError as error:
        raise TrackerError(f"{error} ({counted(answered, 'frame')} answered).") from error
    except SiamfcEvalError as error:
        server.quit(str(error))
        raise
    except Exception as error:
        server.quit(f"{type(error).__name__}: {error}")
        raise TrackerError(
            f"{tracker.name} failed after {counted(answered, 'frame')}: {type(error).__name__}: {error}"
        ) from error
    return answered
