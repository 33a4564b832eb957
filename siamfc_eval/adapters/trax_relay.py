"""Between a TraX client and libtrax's server: what libtrax 4.0.2 gets wrong with a client is put right on the way in.

- It reads on for ever, at full load, where a client is gone after its `initialize`: the client's going becomes a quit.
- It writes one byte past the end of a raw image's memory, which breaks the heap for some sizes: raw images are taken
  out of the messages and handed over beside them.
- It understands version 4 alone: see `siamfc_eval.adapters.trax_versions`.
"""

from __future__ import annotations

import base64
import binascii
import math
import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from siamfc_eval.adapters.trax_versions import NEWEST, to_newest
from siamfc_eval.errors import InputError, TrackerError

_RAW = re.compile(rb'"image:(\d+);(\d+);(\w+);([^"]*)"')
_RAW_FORMATS: dict[str, tuple[str, int]] = {"rgb": ("u1", 3), "gray8": ("u1", 1), "gray16": ("<u2", 1)}
"""TraX's name -> type of a value, values of a pixel."""
_RETRY_SECONDS = 0.2


class RawImages:
    """Raw images on their way past libtrax, each under a path that stands for it."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}
        self._count = 0

    def take_out(self, line: bytes) -> bytes:
        """A client's line with a path in the place of a raw image."""
        return _RAW.sub(self._hold, line) if b'"image:' in line else line

    def pop(self, path: str) -> Any:
        """The pixels that a path stands for, shape (height, width, channels), uint8 or uint16; None: a real path.

        Raises:
            InputError: what the client sent is no image.
        """
        pixels = self._held.pop(path, None)
        if isinstance(pixels, InputError):
            raise pixels
        return pixels

    def _hold(self, found: re.Match[bytes]) -> bytes:
        self._count += 1
        path = f"/raw image {self._count}"
        try:
            self._held[path] = _decoded(int(found[1]), int(found[2]), found[3].decode(), found[4])
        except InputError as error:  # raised where the client can be told
            self._held[path] = error
        return f'"file://{path}"'.encode()


def _decoded(width: int, height: int, name: str, text: bytes) -> Any:
    if name not in _RAW_FORMATS:
        raise InputError(f"the client sent a raw image as '{name}'; {', '.join(_RAW_FORMATS)} are understood")
    kind, channels = _RAW_FORMATS[name]
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InputError(f"the client sent a raw image that is not base64 ({error})") from error
    expected = width * height * channels * np.dtype(kind).itemsize
    if len(data) != expected or not expected:
        raise InputError(
            f"the client sent a raw image of {width} x {height} '{name}' with {len(data)} bytes; {expected} expected"
        )
    return np.frombuffer(data, dtype=kind).reshape(height, width, channels)


class Relay:
    """A client's messages on their way to libtrax, which reads from `reading` and writes to `writing`."""

    def __init__(self, source: BinaryIO, writing: int, version: int, silence: Callable[[], str] = lambda: "") -> None:
        """Starts to relay.

        Args:
            source: what the client says.
            writing: file descriptor that the client reads from.
            version: of TraX, as the client speaks it.
            silence: waits for the client's first word, and says what is wrong if none comes; default: any time is fine.
        """
        self.images = RawImages()
        self.problem = ""
        """Why the conversation was ended on the client's behalf; "" where it said so itself."""
        self.reading, self._target = os.pipe()
        self.writing = writing
        self._source = source
        self._version = version
        self._silence = silence
        threading.Thread(target=self._run, name="trax-relay", daemon=True).start()

    def _run(self) -> None:
        with os.fdopen(self._target, "wb", buffering=0) as target:
            try:
                problem = self._silence()
                if not problem and not self._pump(target):
                    problem = "the TraX client went away without saying quit"
                self.problem = problem
                target.write(b"\n@@TRAX:quit\n")
            except OSError:
                pass  # the server has ended

    def _pump(self, target: BinaryIO) -> bool:
        """Relay until the client is gone; True if it took its leave."""
        said_quit = False
        while True:
            try:
                line = self._source.readline()
            except OSError:  # a connection that was reset
                line = b""
            if not line:
                return said_quit
            said_quit = said_quit or line.startswith(b"@@TRAX:quit")
            line = self.images.take_out(line)
            target.write(to_newest(line) if self._version < NEWEST else line)


def relay_standard_streams(version: int) -> Relay:
    """Relay a client on standard input and output, which from now on belong to nobody else.

    Whatever else is written to standard output, by compiled code too, goes to standard error.
    """
    source, writing = os.fdopen(os.dup(0), "rb"), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return Relay(source, writing, version)


def relay_socket(address: str, version: int, patience: float) -> Relay:
    """Connect to a client that listens, and relay it.

    Args:
        address: "PORT" on this machine, or "HOST:PORT".
        version: of TraX, as the client speaks it.
        patience: seconds in which the client must listen, and again in which it must say its first word.

    Raises:
        InputError: no address.
        TrackerError: nobody listens there in time.
    """
    host, port = parse_address(address)
    deadline = time.monotonic() + patience
    while True:
        try:
            talk = socket.create_connection((host, port), timeout=max(0.1, deadline - time.monotonic()))
            break
        except OSError as error:
            if time.monotonic() + _RETRY_SECONDS > deadline:
                raise TrackerError(
                    f"no TraX client listens on {host}:{port} ({error.strerror or error}; waited {patience:g} s). "
                    "Start the client first, or wait longer with --patience SECONDS."
                ) from error
            time.sleep(_RETRY_SECONDS)
    talk.settimeout(None)

    def silence() -> str:
        if select.select([talk], [], [], patience)[0]:
            return ""
        return (
            f"the TraX client on {host}:{port} took the connection and said nothing for {patience:g} s. "
            "Is it a TraX client? To wait longer: --patience SECONDS"
        )

    return Relay(talk.makefile("rb"), talk.fileno(), version, silence)


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of "PORT" or "HOST:PORT".

    Raises:
        InputError: neither.
    """
    host, _, port = address.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() else math.nan
    if not 0 < number < 65536:
        raise InputError(f"TRAX_SOCKET={address}: expected PORT or HOST:PORT, with a port from 1 to 65535")
    return host or "127.0.0.1", int(number)
