"""What TraX puts on the wire is read strictly: everything is a message, passed over, or an error that quotes it."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siamfc_eval.adapters.trax.channel import Channel, ClientGoneError
from siamfc_eval.adapters.trax.conversation import LONGEST_ANSWER, Answer, Conversation, parse_hello
from siamfc_eval.adapters.trax.images import format_image, image_path, parse_image
from siamfc_eval.adapters.trax.messages import (
    PREFIX,
    VERSIONS,
    Message,
    Messages,
    ProtocolError,
    format_message,
    parse_message,
    quoted,
)
from siamfc_eval.adapters.trax.regions import format_region, parse_region
from siamfc_eval.adapters.trax.server import TraxServer
from siamfc_eval.datasets.frames import Frame, image_frame
from siamfc_eval.errors import InputError, TrackerError

TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=30)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
KEYS = st.text("abcXYZ019._", min_size=1, max_size=64)


@given(
    st.sampled_from(["hello", "initialize", "frame", "state", "quit"]), TEXT, st.dictionaries(KEYS, TEXT, max_size=3)
)
def test_what_is_written_is_read_back(kind: str, argument: str, properties: dict[str, str]) -> None:
    line = format_message(kind, [f"/{argument}"], properties)
    assert line.count(b"\n") == 1
    assert parse_message(line) == Message(kind, (f"/{argument}",), properties)


@pytest.mark.parametrize(
    ("line", "arguments", "properties"),
    [
        (b'@@TRAX:state "1,2,3,4" "confidence=0.5" \n', ("1,2,3,4",), {"confidence": "0.5"}),
        (b"@@TRAX:status 1,2,3,4 confidence=0.5\r\n", ("1,2,3,4",), {"confidence": "0.5"}),
        (b"@@TRAX:STATE\t1,2,3,4", ("1,2,3,4",), {}),
        (b'@@TRAX:state "k=v \\"q\\" \\\\ \\n z"', (), {"k": 'v "q" \\ \n z'}),
        (b'@@TRAX:state "image:1;2;gray16;AAAAAA=="', ("image:1;2;gray16;AAAAAA==",), {}),
        (b'@@TRAX:state "file:///a=b/\xff.jpg"', ("file:///a=b/\udcff.jpg",), {}),
        (b"@@TRAX:state a\\ b\\=c", ("a b=c",), {}),
        (b"@@TRAX:state  ", (), {}),
    ],
)
def test_lines_are_read_as_libtrax_reads_them(
    line: bytes, arguments: tuple[str, ...], properties: dict[str, str]
) -> None:
    assert parse_message(line) == Message("state", arguments, properties)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"@@TRAX:", "no message"),
        (b"@@TRAX: state", "no message"),
        (b'@@TRAX:state"1,2,3,4"', "no message"),
        (b'@@TRAX:state "1,2,3,4', "not closed"),
        (b'@@TRAX:state "1,2"3,4', "not closed"),
        (b"@@TRAX:state 1,2\\", "not closed"),
        (b"@@TRAX:state \0", "NUL"),
        (b"@@TRAX:state" + b" x" * 1000, "more than 256"),
    ],
)
def test_a_line_against_the_grammar_is_refused_and_quoted(line: bytes, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        parse_message(line)
    assert "@@TRAX:" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_error_cannot_write_to_the_terminal() -> None:
    assert quoted(b"\x1b[31m\x07a\xff") == "'\\x1b[31m\\x07a\N{REPLACEMENT CHARACTER}'"


def chunks(*parts: bytes) -> Callable[[], bytes]:
    left: Iterator[bytes] = iter(parts)
    return lambda: next(left, b"")


def test_messages_are_found_between_all_else_in_whatever_pieces_they_come() -> None:
    stream = (
        b"loading\n\n@@TRAX\n@@TRAX:state 1\nx @@TRAX:state 2\n" + b"y" * 100_000 + b"\n@@TRAX:state 3\n@@TRAX:state 4"
    )
    for size in (1, 7, 1 << 20):
        messages = Messages(chunks(*(stream[at : at + size] for at in range(0, len(stream), size))), 1000)
        found = []
        while (message := messages.next()) is not None:
            found.append(message.arguments[0])
        assert found == ["1", "3"]  # the last is half a message as long as its line has not ended


def test_what_was_not_asked_for_is_a_message_and_nothing_else() -> None:
    messages = Messages(chunks(b"@@TRAX:state 1\nprinted", b" long @@TRAX:state 3\n@@TRAX:state 4\n"), 1000)
    assert messages.next() is not None
    assert messages.left() == b""
    messages.add(b"@@TRAX:state 2")  # goes on with the line that was printed
    assert messages.left() == b""
    messages.add(b"\nmore\n@@TRAX:st")
    assert messages.left() == b"@@TRAX:st"


@pytest.mark.parametrize(
    ("given", "read"), [("0.5", 0.5), ("-1e3", -1000), ("high", np.nan), ("inf", np.nan), ("", np.nan)]
)
def test_a_confidence_that_is_no_finite_number_is_missing(given: str, read: float) -> None:
    said = f'@@TRAX:state 1,2,3,4 "confidence={given}"\n'.encode()
    answer = Conversation(Canned(HELLO, said)).initialize("file:///a.jpg", "1,2,3,4")
    np.testing.assert_equal(answer.confidence, read)


def test_a_line_is_held_in_memory_only_if_it_may_be_a_message_and_only_up_to_a_limit() -> None:
    endless = (b"x" * 65536 for _ in range(1000))
    messages = Messages(lambda: next(endless, b""), 1000)
    assert messages.next() is None
    assert len(messages._held) == 0
    read = []

    def more() -> bytes:
        read.append(65536)
        return PREFIX + b"state " + b"x" * 65536 if len(read) == 1 else b"x" * 65536

    with pytest.raises(ProtocolError, match="a line of more than 1000000 bytes"):
        Messages(more, 1_000_000).next()
    assert sum(read) < 2_000_000


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("1,2,3,4", [1, 2, 3, 4]),
        (" 1.5, -2 ,3e1,.4", [1.5, -2, 30, 0.4]),
        ("1,2,3,4,5,6", [1, 2, 3, 4, 5, 6]),
        ("nan,nan,nan,nan", None),
        ("NaN,nan,nan,-2", None),
        ("1", None),
        ("-3", None),
        ("mask:10,-20,7,5,9,3,4,3", [12, -19, 3, 2]),
        ("m10,-20,7,5,9,3,4,3", [12, -19, 3, 2]),
        ("mask:0,0,3,2,0,6", [0, 0, 3, 2]),
        ("mask:5,5,4,4,3,2", [5, 5, 4, 2]),
        ("mask:0,0,2,2", None),
        ("mask:0,0,0,0", None),
        ("mask:0,0,1000000,1000000,500000500000,1", [500000, 500000, 1, 1]),
    ],
)
def test_regions_are_read(text: str, region: list[float] | None) -> None:
    expected = np.array([np.nan] * 4 if region is None else region, np.float32)
    np.testing.assert_array_equal(parse_region(text), expected)


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "1,2", "1,2,3", "1,2,3,4,", "1,2,3,4,5", "1;2;3;4", "a,b,c,d", "1,2,3,4 5", "0x10,2,3,4"),
        *("1_0,2,3,4", "١,2,3,4", "inf,2,3,4", "1,2,3,nan", "nan,2,3,nan", "1,2,3,1e39", "1,2,3,-1e999", "(1,2,3,4)"),
        *("m", "mask:", "mask:1,2,3", "mask:0,0,3,3,10", "mask:0,0,3,3,5,5", "mask:0,0,3,3,-1,2", "mask:0,0,-3,3,1"),
        *(
            "mask:0,0,3,3,1.5",
            "mask:0,0,3,3,x",
            "mask:0,0,3,3,9999999999999",
            "mask:0,0,9999999,1,1,1",
            "mask:9999999999,0,1,1,0,1",
        ),
        "1," * 20_001 + "1",
        "mask:0,0,1000,1000," + "0," * (1 << 20) + "1",
    ],
)
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_region(text)
    assert len(str(caught.value)) < 400


@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 12))
@settings(UNHURRIED, max_examples=200)
def test_a_masks_box_is_that_of_its_pixels(seed: int, width: int, height: int) -> None:
    generator = np.random.default_rng(seed)
    mask = generator.random((height, width)) < generator.choice([0.02, 0.2, 0.9])
    changes = np.flatnonzero(np.diff(np.concatenate([[False], mask.ravel(), [False]])))
    runs = np.diff(np.concatenate([[0], changes]))
    found = parse_region("mask:" + ",".join(map(str, [-3, 4, width, height, *runs])))
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        assert np.isnan(found).all()
    else:
        box = [columns.min() - 3, rows.min() + 4, np.ptp(columns) + 1, np.ptp(rows) + 1]
        np.testing.assert_array_equal(found, box)


def test_a_region_is_sent_in_the_best_format_that_is_understood() -> None:
    polygon = np.array([10.0, 10, 30, 12, 28, 40, 9, 38])
    box = np.array([1.0, 2.5, 30, 4])
    assert format_region(polygon, ("rectangle", "polygon")).count(",") == 7
    assert format_region(polygon, ("rectangle", "mask")) == "9.0000,10.0000,21.0000,30.0000"
    assert format_region(box, ("polygon",)).startswith("1.0000,2.5000,31.0000,2.5000,31.0000,6.5000")
    for region in (polygon, np.array([3.0, 4, 5, 6])):
        found = parse_region(format_region(region, ("mask",)))
        low, high = region.reshape(-1, 2).min(axis=0), region.reshape(-1, 2).max(axis=0)
        expected = [3, 4, 5, 6] if region.size == 4 else [*low, *(high - low + 1)]
        np.testing.assert_allclose(found, expected, atol=1)
    with pytest.raises(TrackerError, match="special"):
        format_region(box, ("special",))


def test_images_come_as_they_were_sent(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    frame = Frame(None, lambda: pixels)
    for formats in (("path",), ("buffer",), ("memory",), ("memory", "url", "path")):
        np.testing.assert_array_equal(parse_image(format_image(frame, formats, tmp_path)).pixels, pixels)
    assert format_image(image_frame(Path("/a/b.jpg")), ("path",), tmp_path) == "file:///a/b.jpg"
    assert str(parse_image("/a/b.jpg").path) == str(parse_image("file:/a/b.jpg").path) == "/a/b.jpg"
    assert image_path("file:///a/b.jpg") == image_path("/a/b.jpg") == "/a/b.jpg"
    assert image_path("http://a/b.jpg") is None
    with pytest.raises(TrackerError, match="url"):
        format_image(frame, ("url",), tmp_path)
    for text in (
        "http://a/b.png",
        "image:1;1;rgb",
        "image:0;0;rgb;",
        "image:9;9;rgb;AAAA",
        "data:image/png;!",
        "data:",
    ):
        with pytest.raises(InputError):
            _ = parse_image(text).pixels


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("hello x", "without arguments"),
        ("state 1,2,3,4", "expected a hello"),
        ("hello trax.version=four", "trax.version='four'"),
        (f"hello trax.version={'9' * 5000}", "trax.version='9"),
        ("hello trax.version=0", "from 1 on"),
        ("hello trax.version=4 trax.channels=color;depth;", "only color"),
    ],
)
def test_a_hello_that_cannot_be_met_says_why(line: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        parse_hello(parse_message(PREFIX + line.encode()))


def test_what_a_hello_leaves_out_is_as_documented() -> None:
    assert parse_hello(parse_message(b"@@TRAX:hello")) == (1, ("rectangle",), ("path",), False)
    line = b'@@TRAX:hello trax.version=7 "trax.region=polygon; Mask" trax.image=data;;memory vot=python'
    assert parse_hello(parse_message(line)) == (7, ("polygon", "mask"), ("buffer", "memory"), True)


class Canned:
    """A tracker of which all that it will ever say is known."""

    def __init__(self, hello: bytes, said: bytes) -> None:
        self._parts = [hello, said]
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def receive(self) -> bytes:
        return self._parts.pop(0) if self._parts else b""

    def arrived(self) -> bytes:
        return b""

    def unread(self) -> int:
        return 0


HELLO = b'@@TRAX:hello "trax.version=4" "trax.region=rectangle;" "trax.image=path;" "trax.channels=color;" \n'
SEEDS = [
    *(b'@@TRAX:state "1.0,2.0,30.0,40.0" "confidence=0.5" \n', b'@@TRAX:state "1,2,30,4,5,6"\n', b"@@TRAX:state 1\n"),
    *(
        b'@@TRAX:state "mask:10,-20,7,5,9,3,4,3"\n',
        b'@@TRAX:quit "trax.reason=tired"\n',
        b"@@TRAX:state nan,nan,nan,nan\n",
    ),
    *(
        HELLO,
        b'@@TRAX:frame "file:///a.jpg"\n',
        b'@@TRAX:initialize "1,2,3,4" "k=v"\n',
        b"printed\n",
        b"@@TRAX:initialize\n",
    ),
    *(b'@@TRAX:initialize "image:1;1;rgb;AAAA" "1,2,3,4"\n', b'@@TRAX:state "a\\"b\\\\c"\n', b""),
]
PIECES = [
    *(
        b'"',
        b"\\",
        b"\n",
        b"\0",
        b",",
        b"=",
        b";",
        b" ",
        b"@@TRAX:",
        b"state ",
        b"mask:",
        b"-1,",
        b"nan",
        b"inf",
        b"1e400",
    )
]
PIECES += [
    b"99999999999999999999",
    b"\xff\xfe",
    b"\x1b[2J",
    b"1," * 50,
    b'"" ',
    b"confidence=x",
    b"\r\n",
    b"trax.region=",
]


def mutated(generator: random.Random) -> bytes:
    """A line or two, broken in a few places."""
    said = bytearray(b"".join(generator.choice(SEEDS) for _ in range(generator.randint(1, 2))))
    for _ in range(generator.choice([0, 1, 1, 2, 3, 6])):
        at = generator.randint(0, len(said))
        action = generator.randint(0, 3)
        if action == 0:
            said[at:at] = generator.choice(PIECES)
        elif action == 1:
            del said[at : at + generator.randint(1, 8)]
        elif action == 2:
            said[at : at + 1] = bytes([generator.randint(0, 255)])
        else:
            said[at:at] = said[: generator.randint(0, 20)]
    return bytes(said)


def test_fifteen_hundred_raw_answers_are_regions_or_errors_that_quote_them() -> None:
    generator = random.Random(11)
    answered, errors = 0, []
    for _ in range(1500):
        said = mutated(generator)
        conversation = Conversation(Canned(HELLO, said))
        try:
            answer = conversation.initialize("file:///a.jpg", "1,2,3,4")
        except ProtocolError as error:
            errors.append(str(error))
            continue
        assert isinstance(answer, Answer)
        assert answer.region.dtype == np.float64
        assert np.isfinite(answer.region).all() or (np.isnan(answer.region).all() and answer.region.shape == (4,))
        answered += 1
    assert 50 < answered < 1450
    assert all(len(error) < 1000 and error.isprintable() for error in errors)


def test_five_hundred_raw_hellos_are_hellos_or_errors() -> None:
    generator = random.Random(12)
    for _ in range(500):
        try:
            hello = Conversation(Canned(mutated(generator).replace(b"state", b"hello"), b"")).hello
        except ProtocolError:
            continue
        assert 0 < hello.version < 1000
        assert hello.regions
        assert hello.images


def test_fifteen_hundred_raw_requests_do_not_get_through_the_server() -> None:
    generator = random.Random(13)
    taken = 0
    for _ in range(1500):
        asked = b"".join(mutated(generator) for _ in range(3))
        parts: list[bytes] = []

        class Fed(Channel):
            def receive(self, parts: list[bytes] = parts) -> bytes:
                if not parts:
                    raise ClientGoneError("gone")
                return parts.pop()

            def send(self, data: bytes) -> None:
                pass

        parts.append(asked)
        server = TraxServer(Fed(0, 1), ["rectangle"], ["path"])
        try:
            while (request := server.wait()) is not None:
                taken += 1
                assert len(request.images) == 1
                assert request.region is None or np.isfinite(request.region).all()
        except (ProtocolError, ClientGoneError):
            continue
    assert taken > 50


@pytest.mark.parametrize("version", VERSIONS)
def test_client_and_server_understand_each_other_in_every_version(version: int) -> None:
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    seen: list[tuple[tuple[str, ...], list[float] | None]] = []

    def serve() -> None:
        server = TraxServer(Channel(asked, tell), ["rectangle"], ["path"], version=version)
        while (request := server.wait()) is not None:
            seen.append((request.images, None if request.region is None else request.region.tolist()))
            server.answer("1.5,2,3,4", {"confidence": "0.25"})

    class Piped(Canned):
        def send(self, data: bytes) -> None:
            os.write(ask, data)

        def receive(self) -> bytes:
            return os.read(told, 65536)

    thread = threading.Thread(target=serve)
    thread.start()
    conversation = Conversation(Piped(b"", b""))
    assert conversation.hello.version == version
    for run in (1, 2):
        conversation.initialize("file:///1.jpg", f"{run},2,3,4")
        answer = conversation.frame("file:///2.jpg")
        assert answer.region.tolist() == [1.5, 2, 3, 4]
        assert answer.confidence == 0.25
    conversation.quit()
    thread.join()
    for descriptor in (asked, ask, told, tell):
        os.close(descriptor)
    run_of = lambda run: [(("file:///1.jpg",), [run, 2, 3, 4]), (("file:///2.jpg",), None)]  # noqa: E731
    assert seen == run_of(1) + run_of(2)


def test_an_answer_may_be_long_but_not_endless() -> None:
    runs = ",".join(["1"] * 200_000)
    said = f'@@TRAX:state "mask:0,0,1000,1000,{runs}"\n'.encode()
    answer = Conversation(Canned(HELLO, said)).initialize("file:///a.jpg", "1,2,3,4")
    assert answer.region.tolist() == [1, 0, 999, 200]
    with pytest.raises(ProtocolError, match="a line of more than"):
        Conversation(Canned(HELLO, PREFIX + b"state " + b"1," * LONGEST_ANSWER)).initialize("file:///a.jpg", "1,2,3,4")
