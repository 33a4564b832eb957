"""The stream between a tracker and the client that has started it, or that listens for it."""

from __future__ import annotations

import math
import os
import select
import socket
import time

from siamfc_eval.errors import InputError, TrackerError

_CHUNK = 1 << 20
_RETRY_SECONDS = 0.2


class ClientGoneError(Exception):
    """The client is no longer there; the text says what is known of it."""


class Channel:
    """Bytes from and to a client, over a pair of file descriptors; by default standard input and output."""

    def __init__(self, reading: int = 0, writing: int = 1) -> None:
        self._reading, self._writing = reading, writing

    def receive(self) -> bytes:
        """Wait for what the client says next.

        Raises:
            ClientGoneError: nothing can come any more.
        """
        try:
            data = self._read()
        except OSError:  # a connection that was reset
            data = b""
        if not data:
            raise ClientGoneError("the TraX client went away without saying quit")
        return data

    def send(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            ClientGoneError: nobody reads it.
        """
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._write(rest) :]
        except OSError as error:
            raise ClientGoneError("the TraX client went away without saying quit") from error

    def _read(self) -> bytes:
        return os.read(self._reading, _CHUNK)

    def _write(self, data: memoryview) -> int:
        return os.write(self._writing, data)


class SocketChannel(Channel):
    """A connection to a client that listens. Until its first word a client is waited for with limited patience."""

    def __init__(self, address: str, patience: float) -> None:
        """Connect.

        Args:
            address: "PORT" on this machine, or "HOST:PORT".
            patience: seconds in which the client must listen, and again in which it must say its first word.

        Raises:
            InputError: no address.
            TrackerError: nobody listens there in time.
        """
        super().__init__()
        self._where = parse_address(address)
        self._patience: float | None = patience
        self._talk = _connect(self._where, patience)

    def receive(self) -> bytes:
        """As `Channel.receive`."""
        if self._patience is not None and not select.select([self._talk], [], [], self._patience)[0]:
            host, port = self._where
            raise ClientGoneError(
                f"the TraX client on {host}:{port} took the connection and said nothing for {self._patience:g} s. "
                "Is it a TraX client? To wait longer: --patience SECONDS"
            )
        self._patience = None
        return super().receive()

    def _read(self) -> bytes:
        return self._talk.recv(_CHUNK)

    def _write(self, data: memoryview) -> int:
        return self._talk.send(data)


def open_channel(patience: float, *, alone: bool) -> Channel:
    """The channel to the client of this process: the socket in TRAX_SOCKET, else standard input and output.

    Args:
        patience: see `SocketChannel`.
        alone: standard input and output belong to nobody else from now on; whatever else is written to standard output,
            by compiled code too, goes to standard error.

    Raises:
        InputError: TRAX_SOCKET holds no address.
        TrackerError: nobody listens there in time.
    """
    address = os.environ.get("TRAX_SOCKET", "").strip()
    if address:
        return SocketChannel(address, patience)
    if not alone:
        return Channel()
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return channel


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of "PORT" or "HOST:PORT".

    Raises:
        InputError: neither.
    """
    host, _, port = address.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else math.nan
    if not 0 < number < 65536:
        raise InputError(f"TRAX_SOCKET={address}: expected PORT or HOST:PORT, with a port from 1 to 65535")
    return host or "127.0.0.1", int(number)


def _connect(where: tuple[str, int], patience: float) -> socket.socket:
    deadline = time.monotonic() + patience
    while True:
        try:
            talk = socket.create_connection(where, timeout=max(0.1, deadline - time.monotonic()))
            break
        except OSError as error:
            if time.monotonic() + _RETRY_SECONDS > deadline:
                raise TrackerError(
                    f"no TraX client listens on {where[0]}:{where[1]} ({error.strerror or error}; waited "
                    f"{patience:g} s). Start the client first, or wait longer with --patience SECONDS."
                ) from error
            time.sleep(_RETRY_SECONDS)
    talk.settimeout(None)
    talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers are short and waited for
    return talk
