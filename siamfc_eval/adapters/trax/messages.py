"""Lines that TraX consists of: `@@TRAX:kind "argument" "key=value"`, read without trust in whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

PREFIX = b"@@TRAX:"
VERSIONS = (1, 2, 3, 4)
"""Protocol versions that are spoken."""

NEWEST = VERSIONS[-1]

_MOST_ITEMS = 256
_KIND = re.compile(rb"([A-Za-z0-9]+)(?=[ \t\r]|\Z)")
_ITEM = re.compile(
    rb'[ \t\r]*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(?!")([^ \t\r\\]*+(?:\\.[^ \t\r\\]*+)*+))(?=[ \t\r]|\Z)', re.DOTALL
)
_PROPERTY = re.compile(rb"([A-Za-z0-9._]{1,64}+)=(.*)", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ALIASES = {"status": "state"}
"""Spellings that libtrax reads too."""


class ProtocolError(Exception):
    """The other side said something that it must not say; the text quotes it."""


class Message(NamedTuple):
    """A line of the protocol."""

    kind: str
    """In lower case: hello, initialize, frame, state, quit, or something that the protocol does not know."""
    arguments: tuple[str, ...]
    properties: Mapping[str, str]


def parse_message(line: bytes) -> Message:
    """A line that begins with the prefix; its end of line may be there or not.

    Text is UTF-8; bytes that are not are carried along as Python does in file names.

    Raises:
        ProtocolError: it does not follow the grammar.
    """
    line = line.rstrip(b"\r\n")
    if b"\0" in line:
        raise ProtocolError(f"a NUL in {quoted(line)}")
    found = _KIND.match(line, len(PREFIX))
    if found is None:
        raise ProtocolError(f"no message: {quoted(line)}")
    kind = found[1].decode().lower()
    arguments: list[str] = []
    properties: dict[str, str] = {}
    position, end = found.end(), len(line.rstrip(b" \t\r"))
    while position < end:
        item = _ITEM.match(line, position)
        if item is None:
            raise ProtocolError(f"a quotation mark or backslash that is not closed in {quoted(line)}")
        if len(arguments) + len(properties) >= _MOST_ITEMS:
            raise ProtocolError(f"more than {_MOST_ITEMS} arguments in {quoted(line)}")
        position = item.end()
        text = item[2] if item[1] is None else item[1]
        if (named := _PROPERTY.fullmatch(text)) is not None:
            properties[named[1].decode()] = _unescaped(named[2])
        else:
            arguments.append(_unescaped(text))
    return Message(_ALIASES.get(kind, kind), tuple(arguments), properties)


def format_message(kind: str, arguments: Iterable[str] = (), properties: Mapping[str, str] | None = None) -> bytes:
    """The line of a message, written as libtrax writes it, down to the space at its end."""
    items = [*map(_escaped, arguments)]
    if properties:
        items += [key.encode() + b"=" + _escaped(value) for key, value in properties.items()]
    return PREFIX + kind.encode() + b" " + b"".join([b'"' + item + b'" ' for item in items]) + b"\n"


class Messages:
    """Messages in a stream of bytes. Whatever else is in it is passed over, of any length, and never held in memory."""

    def __init__(self, receive: Callable[[], bytes], longest: int) -> None:
        """Nothing is read yet.

        Args:
            receive: waits for more bytes; b"" at the end of the stream.
            longest: bytes that a message may have.
        """
        self._receive = receive
        self._longest = longest
        self._held = bytearray()
        self._searched = 0
        self._passing_over = False

    def next(self) -> Message | None:
        """Wait for the next message; None at the end of the stream, where half a message counts for nothing.

        Raises:
            ProtocolError: a line with the prefix that is no message or too long.
        """
        while True:
            while (line := self._line()) is not None:
                if line.startswith(PREFIX):
                    return parse_message(line)
            more = self._receive()
            if not more:
                return None
            self._held += more

    def add(self, data: bytes) -> None:
        """Take what has been received by other means."""
        self._held += data

    def left(self) -> bytes:
        """The beginning of a message that has come and was not asked for; b"" if there is none."""
        while self._held and (self._passing_over or not self._held.startswith(PREFIX)):
            if self._line() is None:
                return b""
        return bytes(self._held[:200])

    def _line(self) -> bytes | None:
        """Take the next whole line; None if there is none yet. Of a line without the prefix nothing need be right."""
        held = self._held
        end = held.find(b"\n", self._searched)
        if end < 0:
            if self._passing_over or not (held.startswith(PREFIX) or PREFIX.startswith(held)):
                self._passing_over = True
                held.clear()
            elif len(held) > self._longest:
                raise ProtocolError(f"a line of more than {self._longest} bytes: {quoted(bytes(held[:200]))}")
            self._searched = len(held)
            return None
        line = b"" if self._passing_over else bytes(held[:end])
        del held[: end + 1]
        self._searched, self._passing_over = 0, False
        if len(line) > self._longest and line.startswith(PREFIX):
            raise ProtocolError(f"a line of more than {self._longest} bytes: {quoted(line[:200])}")
        return line


def quoted(line: bytes | str) -> str:
    """What came, for an error: short, and control characters are shown, not sent."""
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    text = text.strip()
    shown = text if len(text) <= 160 else f"{text[:150]}..."
    return "'" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + "'"


def one_line(text: str) -> str:
    """A reason for leaving, as it fits into a message."""
    return " ".join(text.replace("\0", " ").split())[:500]


def _escaped(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if b"\\" in data or b'"' in data or b"\n" in data:
        data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return data


def _unescaped(data: bytes) -> str:
    if b"\\" in data:
        data = _ESCAPED.sub(lambda found: b"\n" if found[1] == b"n" else found[1], data)
    return data.decode("utf-8", "surrogateescape")
