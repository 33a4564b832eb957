"""A tracker's process: started, watched, diagnosed and never left behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from siamfc_eval.errors import TrackerError

TIMEOUT_OPTION = "--trax-timeout"
"""What sets the time-outs on the command line."""

TIMEOUT_VARIABLE = "SIAMFC_EVAL_TRAX_TIMEOUT"
"""Environment variable: seconds that a TraX tracker may take for its hello, and for each answer."""

_POLL_SECONDS = 0.05
_TAIL_BYTES = 2000


class TrackerProcess:
    """A child process that speaks TraX on its standard input and output.

    Its standard error goes to a log file, whose end every error quotes. A watchdog kills the process, with all that it
    started, when one call takes longer than its time-out, which ends the blocking read on the other side. All of them
    end with this process too, even if it is killed.
    """

    def __init__(
        self,
        command: str,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start the command, in the folder if one is given; it is split as a shell splits words, but no shell runs.

        Raises:
            TrackerError: the command is empty or cannot be started.
        """
        self.command = command
        self.log = log if log is not None else _new_log()
        self._keeps_log = log is not None
        self._timed_out_after: float | None = None
        self._deadline: float | None = None
        self._closed = threading.Event()
        try:
            words = shlex.split(command)
            if not words:
                raise TrackerError("the TraX command is empty; give it as --tracker 'trax:COMMAND'")
            with self.log.open("ab") as errors:
                self._process = subprocess.Popen(
                    words,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, **(environment or {})},
                    cwd=folder,
                    start_new_session=True,
                )
        except ValueError as error:
            raise TrackerError(f"the TraX command '{command}' cannot be split into words: {error}") from error
        except OSError as error:
            raise TrackerError(
                f"the TraX command '{command}' cannot be started: {error.strerror}. Check its first word."
            ) from error
        self._guard = _guard_of(self._process.pid)
        self._watchdog = threading.Thread(target=self._watch, name="trax-watchdog", daemon=True)
        self._watchdog.start()

    @property
    def pipes(self) -> tuple[int, int]:
        """File descriptors (to the tracker, from the tracker)."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin.fileno(), self._process.stdout.fileno()

    @property
    def pid(self) -> int:
        """The child's process id, which is also its group's."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The child's exit code, negative where a signal ended it; None while it runs."""
        return self._process.poll()

    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    @contextlib.contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Kill the process if the body takes longer than this."""
        self._timed_out_after = None
        self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._timed_out_after = seconds
            self._deadline = None

    def failure(self, when: str, cause: str = "") -> TrackerError:
        """The error that says what happened: command, moment, exit code or time-out, and the end of its stderr."""
        self._keeps_log = True
        if self._timed_out_after is not None:
            happened = f"did not answer within {self._timed_out_after:g} s and was killed"
        else:
            code = self._exit_code(wait=1.0)
            if code is None:
                happened = "sent something that is not TraX"
            elif code < 0:
                happened = f"was ended by signal {_signal_name(-code)}"
            else:
                happened = f"ended with exit code {code}"
        text = f"the TraX tracker '{self.command}' {happened} {when}"
        if self._timed_out_after is not None:
            text += f". More time is given with {TIMEOUT_OPTION} SECONDS, or with {TIMEOUT_VARIABLE} in the environment"
        elif cause:
            text += f" ({cause})"
        tail = self.log_tail()
        said = f"Its stderr ended with:\n{tail}" if tail else "It wrote nothing to stderr."
        return TrackerError(f"{text}. {said}\nThe whole log: {self.log}")

    def log_tail(self, size: int = _TAIL_BYTES) -> str:
        """The last bytes of the tracker's standard error as text; control characters are shown, not sent."""
        with self.log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            text = file.read().decode("utf-8", "replace").strip()
        return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)

    def close(self, grace: float = 2.0) -> None:
        """Let the process end by itself within the grace time, then kill it and whatever it started."""
        if self._closed.is_set():
            return
        self._exit_code(wait=grace)
        self.kill()
        self._closed.set()
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
        if not self._keeps_log:
            self.log.unlink(missing_ok=True)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def kill(self) -> None:
        """End the process and its group now."""
        # The group outlives its leader: children that it started must go even when it has gone.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)

    def _exit_code(self, wait: float) -> int | None:
        try:
            return self._process.wait(timeout=wait)
        except subprocess.TimeoutExpired:
            return None

    def _watch(self) -> None:
        while not self._closed.wait(_POLL_SECONDS):
            deadline = self._deadline
            if deadline is not None and time.monotonic() > deadline:
                self.kill()


def _guard_of(group: int) -> subprocess.Popen[bytes] | None:
    """A process that ends a group of processes when this one is gone, however it went; None where there is no shell.

    No code of this process runs when it is killed, and a tracker that hangs does not notice that its client has gone.
    The guard sees the end of a pipe whose other end nobody but this process holds.
    """
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", f"read gone; kill -9 -{group}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return None


def _new_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="siamfc-eval-trax-", suffix=".log")
    os.close(handle)
    return Path(name)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
