"""Misbehaving trackers of both kinds: a region that was meant, or an error; never a crash, a hang or another's answer.

Short: some dozen answers; long (`make stress`): many thousands.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from siamfc_eval.adapters.classes.answers import AnswerError, read_answer
from siamfc_eval.adapters.classes.naming import class_request
from siamfc_eval.adapters.classes.tracker import ClassTracker
from siamfc_eval.adapters.trax.client import TraxTimeouts, TraxTracker
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.tracking.tracker import Tracker
from tests.waiting import commands

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS")

ROUNDS = [pytest.param(6, id="short"), pytest.param(1500, id="long", marks=pytest.mark.stress)]
BOX = np.array([1.0, 2.0, 30.0, 40.0])
QUICK = TraxTimeouts(hello=20.0, initialize=1.0, frame=1.0, quit=0.5)
TRAX = """
import sys
hello, answer, at = (bytes.fromhex(word) for word in sys.argv[1:])
def say(data):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
say(hello)
frames = 0
for line in sys.stdin:
    if line.startswith("@@TRAX:quit"):
        break
    if line.startswith(("@@TRAX:initialize", "@@TRAX:frame")):
        frames += line.startswith("@@TRAX:frame")
        say(answer if frames == int(at) else b'@@TRAX:state "1.0,2.0,30.0,40.0"\\n' * (frames > 0))
"""
HELLO = b'@@TRAX:hello "trax.version=4" "trax.image=path;" "trax.region=rectangle;" "trax.channels=color;"\n'
STATES = (
    b'@@TRAX:state "1.5,2,3,4" "confidence=0.5"\n',
    b'@@TRAX:state "0,0,10,0,10,10,0,10"\n',
    b'@@TRAX:state "m1,2,3,4,0,6"\n',
    b'@@TRAX:state ""\n',
)
PIECES = (
    b'"',
    b"\\",
    b"\0",
    b"\n",
    b",",
    b" ",
    b"nan",
    b"inf",
    b"1e999",
    b"mask:",
    b"99999999999",
    b"-",
    b"@@TRAX:",
    b"=",
)


def frame() -> Frame:
    return Frame(None, lambda: np.full((60, 80, 3), 90, np.uint8))


def bent(texts: tuple[bytes, ...], rounds: int, seed: int) -> Iterator[bytes]:
    """The texts with pieces put in, cut out or changed; the same for every call."""
    chance = np.random.default_rng(seed)
    for text in itertools.islice(itertools.cycle(texts), rounds):
        data = bytearray(text)
        for _ in range(int(chance.integers(1, 4))):
            at = int(chance.integers(0, len(data) or 1))
            kind = int(chance.integers(0, 4))
            if kind == 0:
                data[at:at] = PIECES[int(chance.integers(len(PIECES)))]
            elif kind == 1:
                del data[at : at + int(chance.integers(1, 9))]
            elif kind == 2 and data:
                data[min(at, len(data) - 1)] = int(chance.integers(256))
            else:
                data += text[: int(chance.integers(len(text)))]
        yield bytes(data)


def meant(answer: bytes) -> list[float] | None:
    """The numbers of a box, where an answer is just that and nothing else."""
    found = re.fullmatch(rb'@@TRAX:state "([-+.0-9e]+(?:,[-+.0-9e]+){3})"(?: "confidence=[.0-9]+")?\n', answer)
    with contextlib.suppress(ValueError):
        return [float(word) for word in found[1].split(b",")] if found else None
    return None


def follow(tracker: Tracker, frames: int) -> list[np.ndarray]:
    state, found = tracker.init(frame(), BOX), []
    for _ in range(frames):
        state, output = tracker.update(state, frame())
        assert output.region.dtype == np.float64
        assert output.region.size == 4 or output.region.size >= 6
        found.append(output.region)
    return found


def test_the_tracker_of_this_file_works_where_it_does_not_misbehave(tmp_path: Path) -> None:
    (region, *_) = follow(trax(tmp_path, HELLO, STATES[0], 2), 1)
    np.testing.assert_array_equal(region, [1.5, 2, 3, 4])


def trax(folder: Path, hello: bytes, answer: bytes, at: int) -> TraxTracker:
    """A TraX tracker that says this when it starts, and answers so to one frame; the first is the initialisation's."""
    script = folder / "tracker.py"
    script.write_text(TRAX)
    words = [sys.executable, str(script), hello.hex() or "0a", answer.hex() or "0a", str(at).encode().hex()]
    return TraxTracker(" ".join(f"'{word}'" for word in words), "bent", timeouts=QUICK)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_whatever_a_trax_tracker_answers(tmp_path: Path, rounds: int) -> None:
    answered = 0
    for number, answer in enumerate(bent(STATES, rounds, 3)):
        tracker = trax(tmp_path, HELLO, answer, 1 + number % 3)
        try:
            found = follow(tracker, 3)
        except TrackerError:
            continue
        finally:
            tracker.close()
        answered += 1
        expected = meant(answer)
        if number % 3 and expected is not None:
            np.testing.assert_array_equal(found[number % 3 - 1], expected)
        for place, region in enumerate(found):  # no answer is taken for that of another frame
            if place != number % 3 - 1:
                np.testing.assert_array_equal(region, BOX)
    assert answered >= rounds // 20


@pytest.mark.parametrize("rounds", ROUNDS)
def test_whatever_a_trax_tracker_says_of_itself(tmp_path: Path, rounds: int) -> None:
    for hello in bent((HELLO,), rounds, 4):
        tracker = trax(tmp_path, hello, STATES[0], 9)
        try:
            for region in follow(tracker, 2):
                np.testing.assert_array_equal(region, BOX)
        except TrackerError:
            pass
        finally:
            tracker.close()


CLASS = """
import ctypes, fcntl, os, signal, subprocess, sys, threading, time

SLEEP = "import time; time.sleep(600)"

def writes(number):
    try:
        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        return False

class Bent:
    is_deterministic = True
    def init(self, image, box):
        self.box, self.count = box, 0
    def update(self, image):
        self.count += 1
        if self.count == 2:
            WHAT
        return self.box
"""
DEEDS = {
    "exit": "sys.exit(0)",
    "leave": "os._exit(0)",
    "abort": "os.abort()",
    "interrupt": "raise KeyboardInterrupt",
    "generator": "raise GeneratorExit",
    "base": "raise BaseException('base')",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "terminated": "os.kill(os.getpid(), signal.SIGTERM)",
    "stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "null": "ctypes.string_at(0)",
    "hang": "time.sleep(600)",
    "spin": "exec('while True: pass')",
    "deaf": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32)); time.sleep(600)",
    "descriptors": "os.closerange(0, 64)",
    "wire": "[os.write(int(one), b'junk') for one in os.listdir('/proc/self/fd') if int(one) > 2 and writes(int(one))]",
    "recursion": "f = lambda: f(); f()",
    "daemon": "subprocess.Popen([sys.executable, '-c', SLEEP, __file__], start_new_session=True); os._exit(0)",
    "threads": "threading.Thread(target=time.sleep, args=(600,)).start(); sys.exit(1)",
    "none": "return None",
    "words": "return 'box'",
    "many": "return [1.0] * 10**6",
    "deep": "x = []; x.append(x); return x",
    "liar": "return type('L', (), {'__float__': lambda s: os._exit(0), '__len__': lambda s: 4})()",
}


def left_behind(folder: Path) -> list[str]:
    """Command lines of processes that are there yet and name this folder."""
    return [command for command in commands().values() if str(folder) in command]


@pytest.mark.parametrize(
    "deed",
    [
        pytest.param(name, marks=() if name in {"base", "wire", "stopped", "deep"} else pytest.mark.stress)
        for name in DEEDS
    ],
)
def test_whatever_a_class_does_is_an_error_of_its_own_run(tmp_path: Path, deed: str) -> None:
    source = CLASS.replace("WHAT", DEEDS[deed])
    (tmp_path / "bent.py").write_text(source)
    tracker = ClassTracker(class_request(f"{tmp_path}/bent.py:Bent"), timeout=3.0 if deed != "none" else 20.0)
    try:
        with pytest.raises(TrackerError):
            follow(tracker, 3)
        np.testing.assert_array_equal(follow(tracker, 1)[0], BOX)  # the next run is as if nothing had been
    except InputError as error:
        pytest.fail(f"taken for bad input: {error}")
    finally:
        tracker.close()
    assert not left_behind(tmp_path)


@pytest.mark.parametrize(
    "rounds", [pytest.param(300, id="short"), pytest.param(100_000, id="long", marks=pytest.mark.stress)]
)
def test_whatever_a_class_answers_is_a_region_or_named(rounds: int) -> None:
    chance = np.random.default_rng(5)
    atoms: tuple[Any, ...] = (
        1,
        2.5,
        True,
        None,
        "x",
        b"y",
        float("nan"),
        float("inf"),
        10**400,
        1j,
        [],
        {},
        object(),
        np.float32(3),
        np.ones(4),
    )

    def thing(depth: int = 0) -> object:
        kind = int(chance.integers(0, 6 if depth < 3 else 1))
        several = [thing(depth + 1) for _ in range(int(chance.integers(0, 6)))] if kind else []
        if kind == 4:
            return np.array(chance.normal(size=tuple(chance.integers(0, 5, size=2))))
        if kind == 5:
            return {("bbox", "best_score", "polygon", "x")[int(chance.integers(4))]: one for one in several}
        return (
            atoms[int(chance.integers(len(atoms)))],
            several,
            tuple(several),
            [float(n) for n in range(len(several))],
        )[kind]

    for _ in range(rounds):
        answer = thing()
        with contextlib.suppress(AnswerError):
            region, confidence = read_answer(answer)
            assert region.dtype == np.float64
            assert region.ndim == 1
            assert region.size == 4 or (region.size >= 6 and region.size % 2 == 0)
            assert isinstance(confidence, float)
            if isinstance(answer, list) and all(type(one) is float for one in answer):
                np.testing.assert_array_equal(region, answer)
