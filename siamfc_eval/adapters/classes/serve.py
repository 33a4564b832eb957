"""The process in which a class of a user's own lives: reads requests, calls the class, answers.

Started by `siamfc_eval.adapters.classes.tracker`, never by hand.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import os
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from siamfc_eval.adapters.classes.hosted import HostedClass
from siamfc_eval.adapters.classes.naming import ClassRequest
from siamfc_eval.adapters.classes.tracebacks import message_of, traceback_of
from siamfc_eval.adapters.classes.wire import Channel
from siamfc_eval.datasets.frames import Frame, image_frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.tracking.seeding import seed_generators

_PIPE_BYTES = 2**20


def main() -> None:
    """Serve until the other side says quit or is gone."""
    channel = _own_channel()
    faulthandler.enable()  # the log of a process that crashed says where
    server = _Server()
    while True:
        try:
            request, payload = channel.receive()
            if request["do"] == "quit":
                return
            header, data = server.answer(request, payload)
            channel.send(header, data)
        except EOFError:
            return


def _own_channel() -> Channel:
    """Standard input and output, which from now on belong to the conversation.

    Whatever else is written to standard output, by compiled code too, goes to standard error, and nothing is to be read
    from standard input.
    """
    reading, writing = os.dup(0), os.dup(1)
    with contextlib.suppress(AttributeError, OSError):  # a whole image at a time, where the system lets a pipe grow
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)

    def write(data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(writing, rest) :]
        except OSError as error:
            raise EOFError("nobody reads any more") from error

    return Channel(write, lambda size: os.read(reading, size))


class _Server:
    """Answers requests, one at a time."""

    def __init__(self) -> None:
        self._hosted: HostedClass | None = None
        self._decode_seconds = 0.0

    def answer(self, request: dict[str, Any], payload: bytearray) -> tuple[dict[str, Any], bytes]:
        """The header and the payload of the answer; whatever is raised becomes one."""
        try:
            return self._do(request, payload)
        except (InputError, TrackerError) as error:
            kind = "input" if isinstance(error, InputError) else "tracker"
            details = getattr(error, "details", "")
            return {"problem": kind, "message": str(error), "details": details}, b""
        except BaseException as error:  # an interrupt that reached this process alone, or a fault of this package
            return {"problem": "tracker", "message": message_of(error), "details": traceback_of(error)}, b""

    def _do(self, request: dict[str, Any], payload: bytearray) -> tuple[dict[str, Any], bytes]:
        if request["do"] == "load":
            _limit_threads()
            self._hosted = HostedClass(ClassRequest(**request["request"]))
            return {"loaded": asdict(self._hosted.description)}, b""
        assert self._hosted is not None
        frame = self._frame(request, payload)
        if request["do"] == "init":
            if request["seed"] is not None:
                seed_generators(request["seed"])
            seconds = self._hosted.init(frame, np.array(request["region"], dtype=np.float64))
            return {"seconds": seconds, "decode_seconds": self._decode_seconds}, b""
        output, seconds = self._hosted.update(frame)
        header = {"seconds": seconds, "decode_seconds": self._decode_seconds, "confidence": output.confidence}
        return header, np.ascontiguousarray(output.region, dtype="<f8").tobytes()

    def _frame(self, request: dict[str, Any], payload: bytearray) -> Frame:
        """The frame of a request, decoded."""
        started = perf_counter()
        if request["path"] is not None:
            frame = image_frame(Path(request["path"]))
        else:
            pixels = np.frombuffer(payload, dtype=np.uint8).reshape(request["shape"])
            frame = Frame(None, lambda: pixels)
        _ = frame.pixels
        self._decode_seconds = perf_counter() - started
        return frame


def _limit_threads() -> None:
    """OpenCV keeps to one thread where its neighbours do: it does not read the variable that tells the others."""
    import cv2

    if os.environ.get("OMP_NUM_THREADS") == "1":
        cv2.setNumThreads(1)
