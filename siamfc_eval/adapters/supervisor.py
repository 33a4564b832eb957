"""Starts a program and ends it, with everything that it started, when whoever asked for it is gone.

    python -I -S supervisor.py CONTROL STATUS LIMIT WORD...

A program of its own, run by `siamfc_eval.adapters.process` and importing nothing but the standard library. Standard
input and output become the program's; what it writes to standard error is copied to this process's, a file opened for
appending, of which at most LIMIT bytes are left: beginning and end. CONTROL and STATUS are file descriptors. On CONTROL
comes what is added to the program's environment, as NAME=VALUE, each ended by a NUL, and another NUL; when it ends, all
must end. On STATUS goes `started PID` or `failed ERRNO`, and later `ended CODE`, negative where a signal ended it.

On Linux this process is the one to which those that lost their parent come, so that a daemon, which has left its group
and session, is found too. Elsewhere the program's group is ended, and a daemon escapes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable

_LOG = 2
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Log:
    """The program's standard error on its way to a file that must not fill the disk."""

    def __init__(self, source: int, limit: int) -> None:
        self.source = source
        self._limit = limit
        self._size = os.fstat(_LOG).st_size
        os.set_blocking(source, False)

    def copy(self) -> bool:
        """Copy what has come; False once nothing more can come."""
        for _ in range(64):  # a program that never stops writing must not keep this process from all else
            try:
                data = os.read(self.source, 65536)
            except BlockingIOError:
                return True
            if not data:
                return False
            with contextlib.suppress(OSError):  # a full disk is no fault of the program's
                self._size += os.write(_LOG, data)
                if self._size > self._limit:
                    self._shorten()
        return True

    def _shorten(self) -> None:
        end = os.pread(_LOG, self._limit // 4, self._size - self._limit // 4)
        os.ftruncate(_LOG, self._limit // 2)
        os.write(_LOG, b"\n[... more was written here than is kept ...]\n" + end)
        self._size = os.fstat(_LOG).st_size


def main() -> None:
    """See above."""
    control, status, limit = (int(word) for word in sys.argv[1:4])
    environment = _environment(control)
    for descriptor in (control, status):
        os.set_inheritable(descriptor, False)
    prctl = _prctl()
    adopts = prctl(_PR_SET_CHILD_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    source, errors = os.pipe()
    program, failure = _start(sys.argv[4:], environment, errors, prctl)
    if failure:
        os.write(status, b"failed %d\n" % failure)
        return
    os.write(status, b"started %d\n" % program)
    os.close(errors)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # the program's pipes end with it only if nobody else holds them
        os.dup2(nothing, descriptor)
    log = Log(source, limit)
    try:
        _watch(program, control, status, woken, log)
    finally:
        _end_all(program, adopts, status)
        log.copy()


def _environment(control: int) -> dict[bytes, bytes]:
    data = b""
    while not data.endswith(b"\0") or (data != b"\0" and not data.endswith(b"\0\0")):
        more = os.read(control, 65536)
        if not more:
            sys.exit(1)
        data += more
    environment = dict(os.environb)
    for item in data.split(b"\0"):
        name, _, value = item.partition(b"=")
        if name:
            environment[name] = value
    return environment


def _prctl() -> Callable[[int, int], bool]:
    """The system call of this name; always False where there is none."""
    if sys.platform != "linux":
        return lambda option, value: False
    import ctypes

    call = getattr(ctypes.CDLL(None), "prctl", None)
    return lambda option, value: call is not None and call(option, value, 0, 0, 0) == 0


def _start(
    words: list[str], environment: dict[bytes, bytes], errors: int, prctl: Callable[[int, int], bool]
) -> tuple[int, int]:
    """The process that was started, and 0; or the number of the error."""
    result, tell = os.pipe()
    program = os.fork()
    if program == 0:
        try:
            os.setsid()
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            os.dup2(errors, 2)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores, and a program must not inherit
                signal.signal(number, signal.SIG_DFL)
            os.execvpe(words[0], words, environment)
        except OSError as error:
            os.write(tell, b"%d" % (error.errno or 1))
        finally:
            os._exit(127)
    os.close(tell)
    failure = os.read(result, 16)
    os.close(result)
    return program, int(failure or 0)


def _watch(program: int, control: int, status: int, woken: int, log: Log) -> None:
    """Report the program's end, copy its standard error; returns when all must end."""
    events = select.poll()
    for descriptor in (control, woken, log.source):
        events.register(descriptor, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in events.poll()}
        if log.source in ready and not log.copy():
            events.unregister(log.source)
        if woken in ready:
            os.read(woken, 4096)
            _reap(program, status, log)
        if control in ready and not os.read(control, 4096):
            return


def _reap(program: int, status: int, log: Log | None) -> bool:
    """Take note of processes that have ended; True if none is left."""
    while True:
        try:
            ended, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if ended == 0:
            return False
        if ended == program:
            if log is not None:
                log.copy()  # whoever reads of the end reads the log next
            with contextlib.suppress(OSError):
                os.write(status, b"ended %d\n" % os.waitstatus_to_exitcode(code))


def _end_all(program: int, adopts: bool, status: int) -> None:
    """End every process below this one; those that lose their parent come here and are found in the next round."""
    if not adopts:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(program, signal.SIGKILL)
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        if _reap(program, status, None):
            return
        time.sleep(0.002)


def _children() -> list[int]:
    """Processes whose parent is this one."""
    own = os.getpid()
    try:
        with open(f"/proc/{own}/task/{own}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        pass
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdecimal():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                if int(file.read().rsplit(b")", 1)[1].split()[1]) == own:
                    found.append(int(name))
    return found


if __name__ == "__main__":
    main()
