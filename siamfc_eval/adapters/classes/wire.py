"""Messages between this program and the process of a class: a JSON header and raw bytes, behind their two lengths.

Nothing is pickled, so nothing that comes from the other side is executed.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

_LENGTHS = struct.Struct("<4sII")
_MARK = b"sfe1"
_LONGEST_HEADER = 4 * 2**20
_LONGEST_PAYLOAD = 2**31 - 1
_PIECE = 2**20


class MalformedError(Exception):
    """What came is no message."""


class Channel:
    """One end of the conversation."""

    def __init__(
        self, write: Callable[[bytes], None], read: Callable[[int], bytes], longest_payload: int = _LONGEST_PAYLOAD
    ) -> None:
        """
        Args:
            write: writes all of some bytes; raises EOFError where nobody reads.
            read: the next bytes, at most so many; none at the end.
            longest_payload: bytes that the other side may send in addition to a header.
        """
        self._write = write
        self._read = read
        self._longest_payload = longest_payload

    def send(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Write a message.

        Raises:
            EOFError: nobody reads.
        """
        text = json.dumps(header, default=str).encode()
        self._write(_LENGTHS.pack(_MARK, len(text), len(payload)) + text)
        if payload:
            self._write(payload)

    def receive(self) -> tuple[dict[str, Any], bytearray]:
        """The next message.

        Raises:
            EOFError: the other side has ended.
            MalformedError: what came is no message, or longer than it may be.
        """
        mark, header_length, payload_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size))
        if mark != _MARK or header_length > _LONGEST_HEADER or payload_length > self._longest_payload:
            raise MalformedError("bytes that begin no message")
        text, payload = self._exactly(header_length), self._exactly(payload_length)
        try:
            header = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise MalformedError("a message that is not JSON") from error
        if not isinstance(header, dict):
            raise MalformedError("a message without a header")
        return header, payload

    def _exactly(self, length: int) -> bytearray:
        data = bytearray()
        while len(data) < length:
            piece = self._read(min(length - len(data), _PIECE))
            if not piece:
                raise EOFError("the other side has ended")
            data += piece
        return data
