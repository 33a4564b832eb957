"""A tracker's process is talked to within time limits, diagnosed, and swept with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siamfc_eval.adapters import process as process_module
from siamfc_eval.adapters.process import TrackerProcess
from siamfc_eval.errors import TrackerError
from tests.waiting import is_running, numbers_in, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs Linux or macOS")

Start = Callable[..., TrackerProcess]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a daemon is found on Linux only")
DAEMON = """
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        with open(sys.argv[1], "w") as file:
            file.write(f"{os.getpid()} {child.pid}\\n")
        signal = __import__("signal")
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child.wait()
    os._exit(0)
os.wait()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[TrackerProcess] = []

    def make(*words: str, **options: object) -> TrackerProcess:
        started.append(TrackerProcess(words, f"the tracker '{words[0]}'", protocol="its protocol", **options))  # type: ignore[arg-type]
        return started[-1]

    yield make
    for process in started:
        process.close(grace=0)


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, *arguments)


def test_what_is_sent_comes_back_and_the_end_is_reported(start: Start) -> None:
    process = start("cat")
    with process.deadline(60):
        data = bytes(range(256)) * 4000
        process.send(data[:1000])
        assert process.receive() == data[:1000]
    assert process.is_alive()
    process.close()
    assert process.exit_code == 0
    assert not process.log.exists()


def test_a_process_that_takes_too_long_to_answer_or_to_read_is_killed(start: Start) -> None:
    for attempt in (lambda process: process.receive(), lambda process: process.send(b"x" * (1 << 22))):
        process = start("sleep", "600", more_time="with patience")
        with pytest.raises(TimeoutError), process.deadline(0.2):
            attempt(process)
        assert not is_running(process.pid)
        error = str(process.failure("in the middle of a frame"))
        assert "'sleep' did not answer within 0.2 s and was killed in the middle of a frame" in error
        assert "with patience" in error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('because')", "ended with exit code 1"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was ended by signal SIGSEGV"),
    ],
)
def test_an_end_is_told_with_its_code_and_the_last_of_its_stderr(start: Start, code: str, words: str) -> None:
    process = start(*python(code))
    with process.deadline(60):
        assert process.receive() == b""
    error = str(process.failure("before it said hello", "a cause"))
    assert f"{words} before it said hello (a cause)" in error
    assert ("because" in error) == ("exit code" in words)
    assert process.log.exists()
    with pytest.raises(EOFError), process.deadline(60):
        process.send(b"anyone there?")


def test_a_command_that_cannot_be_started_is_named_with_the_reason(start: Start, tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match=r"'no-such-tracker' cannot be started: no such command"):
        start("no-such-tracker")
    with pytest.raises(TrackerError, match="Permission denied"):
        start(str(tmp_path))
    with pytest.raises(TrackerError, match="no such folder"):
        start("cat", folder=tmp_path / "none")
    with pytest.raises(TrackerError, match="cannot be started"):
        start("cat", environment={"A=B": "C"})
    with pytest.raises(TrackerError, match="cannot be started"):
        start("cat", "a\0b")


def test_folder_and_environment_are_those_asked_for(start: Start, tmp_path: Path) -> None:
    process = start("sh", "-c", 'pwd; echo "$GIVEN"', environment={"GIVEN": "a b=c"}, folder=tmp_path)
    said = b""
    with process.deadline(60):
        while more := process.receive():
            said += more
    assert said.decode().splitlines() == [str(tmp_path), "a b=c"]


@LINUX
def test_a_daemon_that_a_tracker_left_is_ended_with_it(start: Start, tmp_path: Path) -> None:
    process = start(*python(DAEMON, str(tmp_path / "pids")))
    with process.deadline(60):
        assert process.receive().startswith(b"ready")
    pids = numbers_in(tmp_path / "pids")
    assert all(is_running(pid) for pid in pids)
    process.close()
    assert process.exit_code == 0
    assert not any(is_running(pid) for pid in pids)


@LINUX
def test_a_daemon_that_holds_the_pipe_open_keeps_nobody_waiting(start: Start) -> None:
    process = start("sh", "-c", "setsid sleep 600 & exit 4")
    with process.deadline(60):
        assert process.receive() == b""
    assert process.exit_code == 4


@LINUX
@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
def test_all_end_with_a_client_that_is_killed(tmp_path: Path, number: str) -> None:
    code = "import sys, time\nfrom siamfc_eval.adapters.process import TrackerProcess\n"
    code += (
        "process = TrackerProcess(sys.argv[1:], 'it', protocol='any')\nprint(process.pid, flush=True)\ntime.sleep(600)"
    )
    client = subprocess.Popen(python(code, *python(DAEMON, str(tmp_path / "pids"))), stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    with client.stdout:
        pids = [int(client.stdout.readline())]
    pids += numbers_in(tmp_path / "pids")
    assert all(is_running(pid) for pid in pids)
    client.send_signal(getattr(signal, number))
    client.wait()
    wait_for(lambda: not any(is_running(pid) for pid in pids))


@LINUX
def test_a_tracker_whose_supervisor_is_killed_ends_too(start: Start) -> None:
    process = start("sleep", "600")
    assert process._supervisor is not None
    os.kill(process._supervisor.pid, signal.SIGKILL)
    with process.deadline(60):
        assert process.receive() == b""
    wait_for(lambda: not is_running(process.pid))
    assert "signal SIGKILL" in str(process.failure("in the middle of a frame"))


def test_a_log_keeps_its_beginning_and_its_end_and_not_more(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "LOG_LIMIT", 200_000)
    code = "import sys\nfor number in range(100000): print('line', number, file=sys.stderr)"
    process = start(*python(code))
    with process.deadline(120):
        assert process.receive() == b""
    assert "line 99999" in str(process.failure("in the end"))
    text = process.log.read_text()
    assert process.log.stat().st_size <= 200_000
    assert text.startswith("line 0\nline 1\n")
    assert "more was written here than is kept" in text
    assert text.endswith("line 99999\n")


def test_nothing_is_left_open(start: Start) -> None:
    def close_one(process: TrackerProcess) -> None:
        process.close(grace=0)

    close_one(start("cat"))
    before = len(os.listdir("/dev/fd"))
    for _ in range(3):
        close_one(start("cat"))
        with pytest.raises(TrackerError):
            start("no-such-tracker")
    assert len(os.listdir("/dev/fd")) == before
