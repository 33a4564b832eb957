"""A client's side of a TraX conversation: what is said in which order, with every answer checked."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

from siamfc_eval.adapters.trax.images import CHANNELS
from siamfc_eval.adapters.trax.messages import Message, Messages, ProtocolError, format_message, quoted
from siamfc_eval.adapters.trax.regions import parse_region
from siamfc_eval.geometry.regions import Region

LONGEST_ANSWER = 4 << 20
"""Bytes of a message from a tracker."""


class Server(Protocol):
    """What a conversation needs of the process at the other end."""

    def send(self, data: bytes) -> None:
        """Write all of it."""

    def receive(self) -> bytes:
        """Wait for more; b"" at the end."""

    def arrived(self) -> bytes:
        """What has come and was not waited for."""

    def unread(self) -> int:
        """Bytes that were sent and not read yet, as far as that can be known; else 0."""


class Hello(NamedTuple):
    """What a tracker says of itself."""

    version: int
    regions: tuple[str, ...]
    images: tuple[str, ...]
    serves_one_run: bool
    """A classic vot.py script, which ends where the next run would begin."""


class Answer(NamedTuple):
    """A tracker's answer to a request."""

    region: Region
    """0-based pixels; NaN where the tracker says that there is none."""
    confidence: float
    """NaN where the tracker gave none."""


class Conversation:
    """Requests to a tracker about one object, and its answers."""

    def __init__(self, server: Server) -> None:
        """Wait for the tracker's hello.

        Raises:
            ProtocolError: what came is no hello, or nothing came.
        """
        self._server = server
        self._messages = Messages(server.receive, LONGEST_ANSWER)
        self.hello = parse_hello(self._next())
        self._tracking = False

    def initialize(self, image: str, region: str) -> Answer:
        """Start the tracker, or start it again.

        Args:
            image, region: as they travel.

        Raises:
            ProtocolError: no answer, one too many, or one that is none.
        """
        if self.hello.version < 4:
            return self._ask(format_message("initialize", [image, region]))
        # An empty message takes the object of the run before away.
        forget = format_message("initialize") if self._tracking else b""
        self._tracking = True
        return self._ask(forget + format_message("initialize", [region]) + format_message("frame", [image]))

    def frame(self, image: str) -> Answer:
        """Ask for the next frame; raises as `initialize`."""
        return self._ask(format_message("frame", [image]))

    def quit(self) -> None:
        """Tell the tracker to end."""
        self._server.send(format_message("quit"))

    def _ask(self, request: bytes) -> Answer:
        # What a tracker says without being asked would be taken for the answer to the next request, and each answer
        # after it for that of the frame before.
        self._messages.add(self._server.arrived())
        self._refuse_surplus()
        self._server.send(request)
        answer = self._next()
        if self._server.unread():
            raise ProtocolError(f"it said {_shown(answer)} before it had read the request")
        self._refuse_surplus()
        if answer.kind != "state":
            raise ProtocolError(f"expected a state, got {_shown(answer)}")
        if len(answer.arguments) != 1:
            raise ProtocolError(f"{len(answer.arguments)} regions in {_shown(answer)}, 1 expected")
        return Answer(parse_region(answer.arguments[0]), _confidence(answer))

    def _refuse_surplus(self) -> None:
        if surplus := self._messages.left():
            raise ProtocolError(f"it said {quoted(surplus)}, which nobody had asked for")

    def _next(self) -> Message:
        message = self._messages.next()
        if message is None:
            raise ProtocolError("the conversation ended")
        if message.kind == "quit":
            reason = message.properties.get("trax.reason")
            raise ProtocolError(f"it quit, saying: {quoted(reason)}" if reason else "it quit")
        return message


def parse_hello(message: Message) -> Hello:
    """What a tracker can do; what it leaves out is as the protocol's documentation says.

    Raises:
        ProtocolError: not a hello, of no version, or of a tracker that needs other images than colour.
    """
    if message.kind != "hello" or message.arguments:
        raise ProtocolError(f"expected a hello without arguments, got {_shown(message)}")
    properties = message.properties
    version = properties.get("trax.version", "1").strip()
    if not (version.isascii() and version.isdecimal() and len(version) < 4 and int(version) > 0):
        raise ProtocolError(f"trax.version={quoted(version)}: expected a number from 1 on")
    channels = _names(properties.get("trax.channels", ""), CHANNELS[:1])
    if int(version) > 1 and channels != CHANNELS[:1]:
        raise ProtocolError(f"it needs images of the channels {quoted(', '.join(channels))}; only color can be sent")
    images = _names(properties.get("trax.image", ""), ("path",))
    return Hello(
        version=int(version),
        regions=_names(properties.get("trax.region", ""), ("rectangle",)),
        # The documentation calls "data" what every implementation calls "buffer".
        images=tuple("buffer" if name == "data" else name for name in images),
        # What vot.py adds, in vot-toolkit's own copy and in ours.
        serves_one_run="vot" in properties,
    )


def _names(text: str, default: tuple[str, ...]) -> tuple[str, ...]:
    names = (name.strip().lower() for name in text.split(";"))
    return tuple(name for name in names if name) or default


def _confidence(answer: Message) -> float:
    try:
        confidence = float(answer.properties.get("confidence", "nan"))
    except ValueError:
        return math.nan
    return confidence if math.isfinite(confidence) else math.nan


def _shown(message: Message) -> str:
    words = [message.kind, *message.arguments, *(f"{key}={value}" for key, value in message.properties.items())]
    return quoted(" ".join(words)[:1000])
