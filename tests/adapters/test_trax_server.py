"""`siamfc-eval trax` serves our trackers: over pipes and sockets, in every version, again and again."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("trax", reason="vot-trax is not installed (extra 'dev'); it is the client here")

import trax
from trax.client import Client

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.adapters.trax.channel import parse_address
from siamfc_eval.adapters.trax.client import TraxTracker
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.datasets.render_folder import render_to_folder
from siamfc_eval.datasets.sequence import Sequence
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.synthetic.benchmark import embedded_benchmark

OURS = Path(__file__).parent / "trax_trackers" / "ours.py"
COMMAND = [sys.executable, "-m", "siamfc_eval", "trax"]
Start = Callable[..., "subprocess.Popen[bytes]"]
PATIENT = 120
"""Seconds in which a process ends that is about to."""


@pytest.fixture(scope="module")
def sequence(tmp_path_factory: pytest.TempPathFactory) -> Sequence:
    drawn = embedded_benchmark(length=8, names=("jelly-drifts",))
    return load_dataset(render_to_folder(drawn, tmp_path_factory.mktemp("drawn"), "vot", ".png")).sequences[0]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def make(*words: str, **environment: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(
                [*COMMAND, *words], stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **environment}
            )
        )
        return started[-1]

    yield make
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


class Peer:
    """The client of vot-trax, on a pair of file descriptors."""

    def __init__(self, to_tracker: int, from_tracker: int) -> None:
        self._client = Client(stream=(to_tracker, from_tracker), log=lambda _: None)
        self.version = int(self._client._handle.reference.contents.version)
        self.region_formats = self._client.region_formats
        self.image_formats = self._client.image_formats

    def initialize(self, image: trax.Image, region: trax.Region) -> list[tuple[tuple[float, ...], float]]:
        return self._read(self._client.initialize({"color": image}, [(region, {})], {}))

    def frame(self, image: trax.Image) -> list[tuple[tuple[float, ...], float]]:
        return self._read(self._client.frame({"color": image}, {}, []))

    def quit(self) -> None:
        self._client.quit()

    def release(self) -> None:
        """The library takes its leave when it lets go, and must do so before its descriptors are another's."""
        self._client._handle = None

    @staticmethod
    def _read(answer: tuple[list[tuple[trax.Region, dict[str, str]]], float]) -> list[tuple[tuple[float, ...], float]]:
        read = []
        for region, properties in answer[0]:
            points = [region.bounds()] if isinstance(region, trax.Rectangle) else list(region)
            read.append(
                (tuple(value for point in points for value in point), float(properties.get("confidence", "nan")))
            )
        return read


def connect(process: subprocess.Popen[bytes]) -> Peer:
    assert process.stdin is not None
    assert process.stdout is not None
    return Peer(process.stdin.fileno(), process.stdout.fileno())


def picture(sequence: Sequence, frame: int) -> trax.FileImage:
    assert sequence.frames is not None
    return trax.FileImage.create(str(sequence.frames[frame].path))


def quoted(*words: str) -> str:
    return " ".join(f"'{word}'" for word in [*COMMAND, *words])


@pytest.mark.parametrize("spec", ["siamfc-slim", "static"])
def test_answers_over_the_wire_are_those_in_process(sequence: Sequence, spec: str) -> None:
    if spec == "siamfc-slim":
        pytest.importorskip("torch")
    assert sequence.frames is not None
    inside = load_tracker(spec, device="cpu")
    served = TraxTracker(quoted(spec, "--device", "cpu"))
    try:
        for first in (0, 3):  # the second run is a re-initialisation of the same process
            state, remote = inside.init(sequence.frames[first], sequence.boxes[first]), None
            remote = served.init(sequence.frames[first], sequence.boxes[first])
            for frame in sequence.frames[first + 1 :]:
                state, expected = inside.update(state, frame)
                remote, output = served.update(remote, frame)
                # Four decimals on the wire, there and back.
                np.testing.assert_allclose(output.region, expected.region, atol=2e-3)
                np.testing.assert_allclose(output.confidence, expected.confidence, rtol=1e-3, equal_nan=True)
        assert served.restarts == 0
    finally:
        served.close()


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_is_spoken_with_a_client_that_takes_it_at_its_word(
    sequence: Sequence, start: Start, version: int
) -> None:
    process = start(f"{OURS}:Follower", "--protocol", str(version))
    connection = connect(process)
    assert connection.version == version
    for run in range(2):
        connection.initialize(picture(sequence, 0), trax.Rectangle.create(run, 2, 30, 40))
        for step in (1, 2):
            ((region, _),) = connection.frame(picture(sequence, step))
            assert tuple(region) == (run + step, 2, 30, 40)
    connection.quit()
    connection.release()
    assert process.wait(PATIENT) == 0


@pytest.mark.parametrize("version", [1, 4])
def test_a_socket_serves_as_well_as_pipes(sequence: Sequence, start: Start, version: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENT)
        process = start(f"{OURS}:Follower", "--protocol", str(version), TRAX_SOCKET=str(listening.getsockname()[1]))
        talk, _ = listening.accept()
        with talk:
            connection = Peer(talk.fileno(), talk.fileno())
            connection.initialize(picture(sequence, 0), trax.Rectangle.create(1, 2, 30, 40))
            ((region, _),) = connection.frame(picture(sequence, 1))
            assert tuple(region) == (2, 2, 30, 40)
            connection.quit()
            connection.release()
        assert process.wait(PATIENT) == 0


def test_a_client_that_does_not_listen_is_named(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = start("static", "--socket", str(port), "--patience", "0.5")
    _, errors = process.communicate(timeout=PATIENT)
    assert process.returncode == 3
    assert f"no TraX client listens on 127.0.0.1:{port}".encode() in errors
    assert b"--patience" in errors


def test_a_client_that_listens_and_says_nothing_is_not_waited_for_for_ever(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = start("static", "--socket", str(listening.getsockname()[1]), "--patience", "0.5")
        _, errors = process.communicate(timeout=PATIENT)
    assert process.returncode == 3
    assert b"said nothing for 0.5 s" in errors


@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_vanishes_from_a_socket_ends_the_server(sequence: Sequence, start: Start, reset: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENT)
        process = start("static", "--socket", str(listening.getsockname()[1]))
        talk, _ = listening.accept()
        connection = Peer(talk.fileno(), talk.fileno())
        connection.initialize(picture(sequence, 0), trax.Rectangle.create(1, 2, 30, 40))
        if reset:  # as when a machine or a process is gone at once: the connection is reset, not closed
            talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The library takes its leave when it lets go, which one that vanished does not: it finds a closed door here.
        talk.close()
        _, errors = process.communicate(timeout=PATIENT)
        connection.release()
    assert process.returncode == 3
    assert b"went away without saying quit (1 frame answered)" in errors


@pytest.mark.parametrize("address", ["port", "0", "65536", "127.0.0.1:"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="expected PORT or HOST:PORT"):
        parse_address(address)
    assert parse_address("9090") == ("127.0.0.1", 9090)
    assert parse_address("other:9090") == ("other", 9090)


def test_images_come_in_a_buffer_too(sequence: Sequence, start: Start) -> None:
    process = start(f"{OURS}:Summing")
    connection = connect(process)
    assert set(connection.image_formats) == {"path", "memory", "buffer"}
    encoded = cv2.imencode(".png", np.full((33, 44, 3), 7, np.uint8))[1].tobytes()
    connection.initialize(trax.BufferImage.create(encoded), trax.Rectangle.create(1, 2, 3, 4))
    ((region, _),) = connection.frame(trax.BufferImage.create(encoded))
    total = 33 * 44 * 3 * 7
    assert tuple(region) == (total // 1000, total % 1000, 44, 33)
    connection.quit()
    connection.release()
    assert process.wait(PATIENT) == 0


def test_raw_images_of_every_kind_and_size_arrive_as_they_were(sequence: Sequence, start: Start) -> None:
    process = start(f"{OURS}:Summing")
    connection = connect(process)
    random = np.random.default_rng(0)
    colour = random.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    connection.initialize(trax.MemoryImage.create(colour), trax.Rectangle.create(1, 2, 3, 4))
    # One byte past the end, as libtrax writes it, breaks the heap where the size is 8 beyond a multiple of 16.
    for height in range(20, 36):
        images: list[tuple[np.ndarray, int]] = [
            (random.integers(0, 256, (height, 30, 3), dtype=np.uint8), 1),
            (random.integers(0, 256, (height, 37), dtype=np.uint8), 3),
            (random.integers(0, 65536, (height, 31), dtype=np.uint16), 3),
        ]
        for pixels, times in images:
            ((region, _),) = connection.frame(trax.MemoryImage.create(pixels))
            seen = pixels >> 8 if pixels.dtype == np.uint16 else pixels
            total = times * int(seen.astype(np.int64).sum())
            assert tuple(region) == (total // 1000, total % 1000, pixels.shape[1], height)
    connection.quit()
    connection.release()
    assert process.wait(PATIENT) == 0


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (b"image:3;2;rgb;AAAA", b"with 3 bytes; 18 expected"),
        (b"image:3;2;rgb;A!", b"not base64"),
        (b"image:1;1;yuv;AAAA", b"'yuv'"),
    ],
)
def test_a_raw_image_that_is_none_is_told_to_the_client(start: Start, image: bytes, words: bytes) -> None:
    process = start(f"{OURS}:Follower")
    said = b'@@TRAX:initialize "1,2,3,4"\n@@TRAX:frame "' + image + b'"\n'
    out, errors = process.communicate(said, timeout=PATIENT)
    assert process.returncode in {1, 3}
    assert words in errors
    assert b"@@TRAX:quit" in out
    assert words in out


@pytest.mark.parametrize("offered", ["rectangle", "polygon"])
def test_regions_are_of_the_kind_that_is_offered(sequence: Sequence, start: Start, offered: str) -> None:
    connection = connect(start(f"{OURS}:Follower", "--region", offered))
    assert connection.region_formats == [offered]
    corners = [(10, 10), (30, 12), (28, 40), (9, 38)]
    connection.initialize(picture(sequence, 0), trax.Polygon.create(corners))
    ((region, _),) = connection.frame(picture(sequence, 1))
    assert len(region) == (4 if offered == "rectangle" else 8)
    connection.quit()
    connection.release()


def test_a_tracker_that_raises_tells_its_client_why(sequence: Sequence, start: Start) -> None:
    process = start(f"{OURS}:Failing")
    connection = connect(process)
    connection.initialize(picture(sequence, 0), trax.Rectangle.create(1, 2, 30, 40))
    connection.frame(picture(sequence, 1))
    with pytest.raises(trax.TraxException, match="a bug in this tracker"):
        connection.frame(picture(sequence, 2))
    connection.release()
    _, errors = process.communicate(timeout=PATIENT)
    assert process.returncode == 3
    assert b"a bug" in errors


@pytest.mark.parametrize("after", [b"", b'@@TRAX:initialize "1,2,30,40"\n', b"@@TRAX:nonsense\n"])
def test_a_client_that_goes_away_leaves_no_server_behind(start: Start, after: bytes) -> None:
    process = start("static")
    assert process.stdout is not None
    process.stdout.readline()
    _, errors = process.communicate(after, timeout=PATIENT)
    assert process.returncode == 3
    assert b"went away without saying quit (0 frames answered)" in errors


def test_an_image_that_is_not_there_is_named_to_the_client(sequence: Sequence, tmp_path: Path) -> None:
    served = TraxTracker(quoted(f"{OURS}:Follower"))
    from siamfc_eval.datasets.frames import image_frame

    with pytest.raises(TrackerError, match=r"gone\.jpg"):
        served.init(image_frame(tmp_path / "gone.jpg"), sequence.boxes[0])
    served.close()
