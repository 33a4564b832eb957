"""Foreign TraX trackers are driven, diagnosed and ended; ours are served; the classic script runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamfc_eval.adapters.trax.client import TraxTimeouts, TraxTracker
from siamfc_eval.datasets.frames import Frame, image_frame
from siamfc_eval.errors import TrackerError
from tests.waiting import is_running, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS")

SCRIPTS = Path(__file__).parent / "trax_trackers"
BOX = np.array([1.5, 2.0, 30.25, 40.0])
QUICK = TraxTimeouts(hello=30.0, initialize=1.0, frame=1.0, quit=0.5)


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    path = tmp_path_factory.mktemp("frames") / "00000001.png"
    cv2.imwrite(str(path), np.full((60, 80, 3), 90, np.uint8))
    return image_frame(path)


@pytest.fixture
def start() -> Iterator[Callable[..., TraxTracker]]:
    started: list[TraxTracker] = []

    def make(script: str, *arguments: str, timeouts: TraxTimeouts = QUICK) -> TraxTracker:
        words = [sys.executable, str(SCRIPTS / script), *arguments]
        started.append(TraxTracker(" ".join(f"'{word}'" for word in words), timeouts=timeouts))
        return started[-1]

    yield make
    for tracker in started:
        tracker.close()


@pytest.mark.parametrize("kind", ["rectangle", "polygon"])
def test_classic_script_tracks_and_is_started_again_for_the_next_run(
    start: Callable[..., TraxTracker], frame: Frame, kind: str
) -> None:
    tracker = start("classic.py", kind)
    region = BOX if kind == "rectangle" else np.array([0.0, 0, 10, 0, 10, 10, 0, 10])
    for _ in range(2):
        state = tracker.init(frame, region)
        for step in (1, 2, 3):
            state, output = tracker.update(state, frame)
            expected = region.copy()
            expected[0 :: (2 if kind == "polygon" else 4)] += step
            assert output.region == pytest.approx(expected)
            assert output.confidence == pytest.approx(0.5)
        tracker.close()


@pytest.mark.parametrize("arguments", [(), ("multi",)], ids=["one object", "many objects"])
def test_a_tracker_on_the_official_library_answers_with_any_kind_of_region(
    start: Callable[..., TraxTracker], frame: Frame, arguments: tuple[str, ...]
) -> None:
    pytest.importorskip("trax", reason="vot-trax is not installed (extra 'dev'); it is the server here")
    tracker = start("answering.py", *arguments)
    for _ in range(2):
        state = tracker.init(frame, BOX)
        for step, expected in enumerate(([11, 20.25, 41, 20.25, 25, 60.25], [12, 20, 30, 40], [13, 20.25, 30, 40]), 1):
            state, output = tracker.update(state, frame)
            assert output.region[0] == 10 + step
            np.testing.assert_array_equal(output.region, expected)
            assert output.confidence == 0.5
    assert tracker.restarts == 0


def test_frames_without_a_file_are_sent_too(start: Callable[..., TraxTracker]) -> None:
    tracker = start("classic.py")
    frame = Frame(None, lambda: np.zeros((20, 30, 3), np.uint8))
    state = tracker.init(frame, BOX)
    assert tracker.update(state, frame)[1].region == pytest.approx([2.5, 2.0, 30.25, 40.0])


@pytest.mark.parametrize(
    ("fault", "happened", "when"),
    [
        ("dies-before-hello", "exit code 7", "before it said hello"),
        ("dies-in-initialize", "exit code 3", "while it was initialised"),
        ("hangs-in-initialize", "did not answer within 1 s", "while it was initialised"),
        ("dies-in-frame", "exit code 5", "in the middle of a frame"),
        ("killed-in-frame", "signal SIGKILL", "in the middle of a frame"),
        ("hangs-in-frame", "did not answer within 1 s", "in the middle of a frame"),
        ("junk-in-frame", "", "in the middle of a frame"),
        ("three-values", "", "in the middle of a frame"),
    ],
)
def test_every_failure_says_what_happened_when_and_quotes_stderr(
    start: Callable[..., TraxTracker], frame: Frame, fault: str, happened: str, when: str
) -> None:
    tracker = start("misbehaving.py", fault)

    def run() -> None:
        state = tracker.init(frame, BOX)
        for _ in range(3):
            state, _ = tracker.update(state, frame)

    with pytest.raises(TrackerError) as caught:
        run()
    message = str(caught.value)
    assert happened in message
    assert when in message
    assert f"about to show the fault {fault}" in message
    assert "misbehaving.py" in message


@pytest.mark.parametrize("fault", ["never-hello", "junk-instead-of-hello", "floods"])
def test_a_tracker_that_never_says_hello_is_killed_in_time(
    start: Callable[..., TraxTracker], frame: Frame, fault: str
) -> None:
    tracker = start("misbehaving.py", fault, timeouts=TraxTimeouts(hello=1.5))
    begun = time.monotonic()
    with pytest.raises(TrackerError, match="before it said hello"):
        tracker.init(frame, BOX)
    assert time.monotonic() - begun < 10


def test_a_command_that_does_not_exist_is_named(frame: Frame) -> None:
    with pytest.raises(TrackerError, match=r"no-such-tracker.*cannot be started"):
        TraxTracker("no-such-tracker --fast").init(frame, BOX)
    with pytest.raises(TrackerError, match="empty"):
        TraxTracker("  ").init(frame, BOX)


def test_nan_is_handed_on_as_no_answer(start: Callable[..., TraxTracker], frame: Frame) -> None:
    tracker = start("misbehaving.py", "nan")
    state = tracker.init(frame, BOX)
    assert np.isnan(tracker.update(state, frame)[1].region).all()


def test_what_a_tracker_prints_beside_its_answers_does_not_get_into_them(
    start: Callable[..., TraxTracker], frame: Frame
) -> None:
    """Twenty megabytes in one line, in the middle of a frame."""
    tracker = start("misbehaving.py", "floods-in-frame", timeouts=TraxTimeouts())
    state = tracker.init(frame, BOX)
    for _ in range(4):
        state, output = tracker.update(state, frame)
        assert output.region == pytest.approx([1, 2, 30, 40])
    assert tracker.restarts == 0


@pytest.mark.parametrize("fault", ["answers-twice", "answers-twice-later", "speaks-unasked"])
def test_an_answer_that_nobody_asked_for_fails_the_run(
    start: Callable[..., TraxTracker], frame: Frame, fault: str
) -> None:
    """Taken for the answer to the next frame, it would shift all that follow."""
    tracker = start("misbehaving.py", fault)

    def run() -> None:
        state = tracker.init(frame, BOX)
        for _ in range(4):
            state, _ = tracker.update(state, frame)

    with pytest.raises(TrackerError, match=r"state .*(which nobody had asked for|before it had read the request)"):
        run()


def test_a_hello_that_says_nothing_means_rectangles_and_paths(start: Callable[..., TraxTracker], frame: Frame) -> None:
    """Of version 1, as the protocol's documentation says; libtrax crashes on it."""
    tracker = start("misbehaving.py", "hello-alone")
    state = tracker.init(frame, np.array([0.0, 0, 10, 0, 10, 10, 0, 10]))
    assert tracker.update(state, frame)[1].region == pytest.approx([1, 2, 30, 40])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"@@TRAX:state\n", "0 regions in 'state'"),
        (b'@@TRAX:state ""\n', "the region ''"),
        (b'@@TRAX:state "1,2,3,4" "5,6,7,8"\n', "2 regions in 'state 1,2,3,4 5,6,7,8'"),
        (b'@@TRAX:state "1,2,\x003,4"\n', "a NUL in '@@TRAX:state"),
        (b'@@TRAX:state "mask:0,0,2000000000,2000000000,1,1"\n', "the mask 'mask:0,0,2000000000,2000000000,1,1'"),
        (b'@@TRAX:state "mask:0,0,3,3,1,999"\n', "'mask:0,0,3,3,1,999' do not fit"),
        (b'@@TRAX:state "1,2,inf,4"\n', "'1,2,inf,4' is not finite"),
        (b'@@TRAX:state "1,2,3,1e99"\n', "'1,2,3,1e99' is not finite"),
        (b'@@TRAX:state "1,2,3,4\n', "not closed in '@@TRAX:state"),
        (b'@@TRAX:state "' + b"1," * 3_000_000 + b'1"\n', "a line of more than 4194304 bytes: '@@TRAX:state"),
        (b"@@TRAX:state " + b"x" * 5_000_000, "a line of more than 4194304 bytes: '@@TRAX:state xxx"),
        (b"@@TRAX:hello\n", "expected a state, got 'hello'"),
        (b"@@TRAX:\n", "no message: '@@TRAX:'"),
    ],
    ids=range(13),
)
def test_an_answer_that_is_none_is_quoted(
    start: Callable[..., TraxTracker], frame: Frame, said: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "fault").write_text(f"raw:{said.hex()}")
    tracker = start("misbehaving.py", str(tmp_path / "fault"), timeouts=TraxTimeouts())
    state = tracker.init(frame, BOX)
    state, _ = tracker.update(state, frame)
    with pytest.raises(TrackerError, match=r"sent something that is not TraX in the middle of a frame") as caught:
        tracker.update(state, frame)
    error = str(caught.value).partition("Its stderr")[0]
    assert words in error
    assert len(error) < 1000
    assert error.isprintable()


def test_a_crashed_tracker_is_restarted_and_counted(start: Callable[..., TraxTracker], frame: Frame) -> None:
    tracker = start("misbehaving.py", "dies-in-frame")
    for run in range(2):
        state = tracker.init(frame, BOX)
        state, output = tracker.update(state, frame)
        assert output.confidence == 0.75
        with pytest.raises(TrackerError):
            tracker.update(state, frame)
        assert tracker.restarts == run


def test_a_replaced_run_cannot_go_on(start: Callable[..., TraxTracker], frame: Frame) -> None:
    tracker = start("misbehaving.py", "none")
    old = tracker.init(frame, BOX)
    new = tracker.init(frame, BOX)
    with pytest.raises(TrackerError, match="one run at a time"):
        tracker.update(old, frame)
    assert tracker.update(new, frame)[1].region == pytest.approx([1, 2, 30, 40])


def test_no_process_is_left_behind(start: Callable[..., TraxTracker], frame: Frame, tmp_path: Path) -> None:
    stubborn = start("misbehaving.py", "ignores-quit")
    stubborn.init(frame, BOX)
    parent = start("misbehaving.py", "leaves-child", str(tmp_path / "pid"))
    parent.init(frame, BOX)
    pids = [tracker._process.pid for tracker in (stubborn, parent) if tracker._process is not None]
    pids.append(int((tmp_path / "pid").read_text().split()[1]))
    assert all(is_running(pid) for pid in pids)
    stubborn.close()
    parent.close()
    wait_for(lambda: not any(is_running(pid) for pid in pids), 5)


def test_the_log_of_a_quiet_tracker_is_not_left_behind(start: Callable[..., TraxTracker], frame: Frame) -> None:
    tracker = start("misbehaving.py", "none")
    tracker.init(frame, BOX)
    assert tracker._process is not None
    log = tracker._process.log
    assert log.exists()
    tracker.close()
    assert not log.exists()
