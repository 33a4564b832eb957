"""A tracker's process: started, talked to within time limits, diagnosed and never left behind."""

from __future__ import annotations

import array
import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from siamfc_eval.errors import TrackerError

if sys.platform == "linux":
    import fcntl
    import termios

LOG_LIMIT = 8 << 20
"""Bytes of a tracker's standard error that are left, of its beginning and its end."""

_SUPERVISOR = Path(__file__).with_name("supervisor.py")
_TAIL_BYTES = 2000
_CHUNK = 1 << 16
_START_SECONDS = 60.0
_LONGEST_POLL = 1e9
"""Milliseconds; the system call takes no more than 2 ** 31."""


class TrackerProcess:
    """A child process that is talked to over its standard input and output.

    Its standard error goes to a log file, whose end every error quotes. `send` and `receive` end the process, with all
    that it started, when the time of `deadline` is over. All of them end with this process too, even if it is killed:
    see `siamfc_eval.adapters.supervisor`.
    """

    def __init__(
        self,
        words: Sequence[str],
        what: str,
        *,
        protocol: str,
        more_time: str = "",
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start the command, in the folder if one is given; no shell runs.

        Args:
            words: the command and its arguments.
            what: what runs, for errors: "the TraX tracker 'python mine.py'".
            protocol: what it must speak, for errors: "TraX".
            more_time: how a user gives it more time, for errors: "with --timeout SECONDS".
            log: file that its standard error is appended to; default: a new temporary file, which is deleted in the end
                unless an error has quoted it.
            environment: variables added to this process's.
            folder: in which it is started; default: the present one.

        Raises:
            TrackerError: it cannot be started.
        """
        if not hasattr(os, "fork"):
            raise TrackerError(f"{what} cannot be started: trackers in processes of their own need Linux or macOS.")
        self.what = what
        self.log = log if log is not None else _new_log()
        self._protocol, self._more_time = protocol, more_time
        self._keeps_log = log is not None
        self._deadline: float | None = None
        self._seconds = 0.0
        self._timed_out_after: float | None = None
        self._ended: int | None = None
        self._status_text = b""
        self._count = array.array("i", [0])
        self._control = self._status = -1
        self._supervisor: subprocess.Popen[bytes] | None = None
        try:
            self._supervisor = supervisor = self._supervised(words, environment or {}, folder)
            self.pid = self._started()
            self._exit_code(wait=0.0)  # which may have come with the start
        except BaseException:
            self._give_up()
            raise
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        self._input, self._output = supervisor.stdin.fileno(), supervisor.stdout.fileno()
        for descriptor in (self._input, self._output):
            os.set_blocking(descriptor, False)
        self._readable, self._writable = select.poll(), select.poll()
        self._readable.register(self._output, select.POLLIN)
        self._readable.register(self._status, select.POLLIN)
        self._writable.register(self._input, select.POLLOUT)

    @property
    def exit_code(self) -> int | None:
        """The child's exit code, negative where a signal ended it; None while it runs."""
        return self._exit_code(wait=0.0)

    def is_alive(self) -> bool:
        """True while the process runs."""
        return self.exit_code is None

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """What the body sends and receives must be done within this time, else the process is killed."""
        self._timed_out_after = None
        self._seconds, self._deadline = seconds, time.monotonic() + seconds
        try:
            yield
        finally:
            self._deadline = None

    def send(self, data: bytes) -> None:
        """Write to its standard input.

        Raises:
            EOFError: it has closed that.
            TimeoutError: the deadline has passed; the process was killed.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                self._wait(self._writable)
            except OSError as error:
                raise EOFError("its standard input is closed") from error

    def receive(self, size: int = _CHUNK) -> bytes:
        """Wait for the next bytes of its standard output; b"" if there are no more, or the process has ended.

        Raises:
            TimeoutError: the deadline has passed; the process was killed.
        """
        while True:
            ready = self._wait(self._readable) if self._ended is None else []
            try:
                # A daemon that it left may hold the pipe open; the end of the process is the end of its answers.
                if self._ended is not None or self._output in ready:
                    return os.read(self._output, size)
            except BlockingIOError:
                return b""
            self._exit_code(wait=0.0)

    def arrived(self) -> bytes:
        """What has come on its standard output and was not received; b"" if there is nothing. Does not wait."""
        if sys.platform == "linux":  # cheaper than an exception for every frame
            fcntl.ioctl(self._output, termios.FIONREAD, self._count)
            if not self._count[0]:
                return b""
        try:
            return os.read(self._output, _CHUNK)
        except BlockingIOError:
            return b""

    def unread(self) -> int:
        """Bytes that were sent and that it has not read yet; 0 where the system does not say."""
        if sys.platform != "linux":  # asked at the writing end of a pipe, which elsewhere knows nothing
            return 0
        fcntl.ioctl(self._input, termios.FIONREAD, self._count)
        return self._count[0]

    def failure(self, when: str, cause: str = "") -> TrackerError:
        """The error that says what happened: to what, when, exit code or time-out, and the end of its stderr.

        Args:
            when: "in the middle of a frame".
            cause: what was wrong with what it said, if anything.
        """
        self._keeps_log = True
        if self._timed_out_after is not None:
            happened = f"did not answer within {self._timed_out_after:g} s and was killed"
        else:
            code = self._exit_code(wait=1.0)
            if code is None:
                happened = f"sent something that is not {self._protocol}"
            elif code < 0:
                happened = f"was ended by signal {_signal_name(-code)}"
            else:
                happened = f"ended with exit code {code}"
        text = f"{self.what} {happened} {when}"
        if self._timed_out_after is not None:
            text += f". More time is given {self._more_time}" if self._more_time else ""
        elif cause:
            text += f" ({cause})"
        tail = self.log_tail()
        said = f"Its stderr ended with:\n{tail}" if tail else "It wrote nothing to stderr."
        return TrackerError(f"{text}. {said}\nThe whole log: {self.log}")

    def log_tail(self, size: int = _TAIL_BYTES) -> str:
        """The last bytes of the tracker's standard error as text; control characters are shown, not sent."""
        try:
            with self.log.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - size))
                text = file.read().decode("utf-8", "replace").strip()
        except OSError:  # deleted by someone else
            return ""
        return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)

    def close(self, grace: float = 2.0) -> None:
        """Let the process end by itself within the grace time, then kill it and whatever it started."""
        if self._supervisor is None:
            return
        if self._supervisor.stdin is not None:
            with contextlib.suppress(OSError):
                self._supervisor.stdin.close()
        self._exit_code(wait=grace)
        self._give_up()

    def kill(self) -> None:
        """End the process and all that it started, now."""
        if self._control >= 0:
            os.close(self._control)
            self._control = -1
        if self._supervisor is None:
            return
        try:
            self._supervisor.wait(timeout=5)
        except subprocess.TimeoutExpired:  # something that even the kernel cannot end at once
            return
        self._exit_code(wait=0.0)

    def _give_up(self) -> None:
        """End all and let go of everything."""
        self.kill()
        if self._ended is None:
            self._ended = -signal.SIGKILL
        for pipe in (self._supervisor.stdin, self._supervisor.stdout) if self._supervisor is not None else ():
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._supervisor = None
        if self._status >= 0:
            os.close(self._status)
            self._status = -1
        if not self._keeps_log:
            self.log.unlink(missing_ok=True)

    def _supervised(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path | None
    ) -> subprocess.Popen[bytes]:
        control, self._control = os.pipe()
        self._status, status = os.pipe()
        try:
            added = b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in environment.items())
            if (
                added.count(b"\0") != len(environment)
                or not all(environment)
                or any("=" in name for name in environment)
            ):
                raise ValueError("a variable of its environment has a NUL, or '=' in its name, or no name")
            with self.log.open("a+b") as errors:
                supervisor = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(_SUPERVISOR), str(control), str(status), str(LOG_LIMIT), *words],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=folder,
                    pass_fds=(control, status),
                    start_new_session=True,
                )
            with contextlib.suppress(BrokenPipeError):  # distinguished where its status is read
                os.write(self._control, added + b"\0")
        except (OSError, ValueError) as error:
            reason = f"{folder}: no such folder" if folder is not None and not folder.is_dir() else str(error)
            raise TrackerError(f"{self.what} cannot be started: {reason}.") from error
        finally:
            os.close(control)
            os.close(status)
        return supervisor

    def _started(self) -> int:
        """The process id of what was started, which is also its group's."""
        ready = select.poll()
        ready.register(self._status, select.POLLIN)
        end = time.monotonic() + _START_SECONDS
        while b"\n" not in self._status_text and ready.poll(max(0.0, end - time.monotonic()) * 1000):
            more = os.read(self._status, 256)
            if not more:
                break
            self._status_text += more
        first, _, self._status_text = self._status_text.partition(b"\n")
        word, _, number = first.partition(b" ")
        if word == b"started":
            return int(number)
        if word == b"failed" and int(number) == errno.ENOENT:
            reason = "no such command. Check its first word"
        elif word == b"failed":
            reason = f"{os.strerror(int(number))}. Check its first word"
        else:
            reason = f"the process that watches over it ended at once. {self.log_tail()}"
        raise TrackerError(f"{self.what} cannot be started: {reason}.")

    def _exit_code(self, wait: float) -> int | None:
        """The child's exit code; None if it has not ended within these seconds."""
        if self._ended is not None or self._status < 0:
            return self._ended
        ready = select.poll()
        ready.register(self._status, select.POLLIN)
        end = time.monotonic() + wait
        while not self._status_text.endswith(b"\n") and ready.poll(max(0.0, end - time.monotonic()) * 1000):
            more = os.read(self._status, 256)
            if not more:  # whoever ended its supervisor ended it too
                self._ended = -signal.SIGKILL
                return self._ended
            self._status_text += more
        if self._status_text.endswith(b"\n"):
            self._ended = int(self._status_text.split()[-1])
        return self._ended

    def _wait(self, events: select.poll) -> list[int]:
        """Descriptors that are ready; waits for one."""
        while True:
            left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic()) * 1000
            if left == 0.0:
                self._timed_out_after = self._seconds
                self.kill()
                raise TimeoutError(f"no answer within {self._seconds:g} s")
            ready = events.poll(None if left is None else min(left, _LONGEST_POLL))
            if ready:
                return [descriptor for descriptor, _ in ready]


def _new_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="siamfc-eval-tracker-", suffix=".log")
    os.close(handle)
    return Path(name)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
