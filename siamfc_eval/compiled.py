"""Kernels that numba compiles once and later processes load, and only where one of them is called.

A kernel is a plain function in a module of its own. It takes pointers, whole numbers and floats, and returns a whole
number; it does not allocate, raise or call Python.

What numba stores is machine code and pickles, which whoever can write there can make this program run. So it lies in a
folder of mode 0700 that belongs to the user, or nowhere; and under a hash of everything that it was made from, with a
hash of itself, so that neither other code nor damaged code is ever run.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import os
import signal
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.storage.writing import write_atomic

Argument = type[np.generic] | type[int] | type[float]
"""What a kernel takes: an array of that element type, a whole number or a float."""
Pointer = Any
"""In a kernel: the first element of an array whose shape the kernel knows.

Unlike those of an array, its places are not counted from the end if negative, which would cost as much as the rest.
"""
Function = TypeVar("Function", bound=Callable[..., Any])
_DIGEST = "digest"
"""The file with the hash of everything that numba has stored in the folder."""


def compiled(function: Function) -> Function:
    """Compiles a function into the kernels that call it."""
    from numba import njit

    return cast(Function, njit(error_model="numpy", forceinline=True)(function))


def compiled_sum(function: Function) -> Function:
    """`compiled` for sums of whole numbers, which are exact in any order: many are added at once."""
    from numba import njit

    return cast(Function, njit(error_model="numpy", forceinline=True, fastmath={"reassoc", "nsz"})(function))


class Kernel:
    """A function of arrays and numbers as machine code; compiled on the very first call, then stored on disk."""

    def __init__(self, module: str, name: str, *arguments: Argument, uses: tuple[str, ...] = ()) -> None:
        """
        Args:
            module: the module that has the function; it is imported when the kernel is first called.
            name: of the function in it.
            arguments: of the function, in order.
            uses: other modules of which functions are compiled into it.
        """
        self._module = module
        self._name = name
        self._arguments = arguments
        self._uses = uses

    def __call__(self, *values: NDArray[Any] | bytes | int | float) -> int:
        """Run the kernel.

        Args:
            values: as declared; arrays are C-contiguous and of exactly the declared element type. Bytes are an array of
                `uint8` that is not written to.

        Raises:
            TypeError: they are not; the kernel would read or write what it should not.
        """
        passed: list[Any] = []
        for value, kind in zip(values, self._arguments, strict=True):
            if not isinstance(value, np.ndarray):
                passed.append(value)
            elif value.dtype == kind and value.flags.c_contiguous:
                passed.append(value.ctypes.data)
            else:
                raise TypeError(f"{self._name}: expected a contiguous array of {kind}, found one of {value.dtype}")
        return self._function(*passed)

    @cached_property
    def _function(self) -> Callable[..., int]:
        scalars: dict[Argument, Any] = {int: ctypes.c_int64, float: ctypes.c_double}
        kinds = [scalars.get(kind, ctypes.c_void_p) for kind in self._arguments]
        return ctypes.CFUNCTYPE(ctypes.c_int64, *kinds)(self._machine_code.address)

    @cached_property
    def _machine_code(self) -> Any:
        """The kernel as numba has it; from disk where it is stored there."""
        root = _kept_folder()
        if root is not None:
            folder = root / self._folder_name
            try:
                with _interrupts_held(), _verified(folder), _numba_keeps_in(folder):
                    return self._from_numba(cache=True)
            except Exception:  # A folder that cannot be used costs time and nothing else.
                _remove(folder)
        with _interrupts_held():
            return self._from_numba(cache=False)

    def _from_numba(self, cache: bool) -> Any:
        from numba import cfunc, types

        scalars: dict[Argument, Any] = {int: types.int64, float: types.float64}
        arguments = [
            scalars[kind] if kind in scalars else types.CPointer(getattr(types, np.dtype(kind).name))
            for kind in self._arguments
        ]
        function = getattr(importlib.import_module(self._module), self._name)
        return cfunc(types.int64(*arguments), cache=cache, error_model="numpy")(function)

    @cached_property
    def _folder_name(self) -> str:
        """By the hash of all that the machine code depends on; numba itself looks at the function's own file only."""
        import llvmlite.binding as llvm
        import numba

        digest = hashlib.blake2b(digest_size=16)
        for source in (*map(_source, (self._module, *self._uses)), Path(__file__)):
            digest.update(source.read_bytes())
        processor = (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_process_triple())
        digest.update(repr((numba.__version__, processor, self._name, self._arguments)).encode())
        return f"{self._module.rpartition('.')[2]}.{self._name}.{digest.hexdigest()}"


def _source(module: str) -> Path:
    """The file of a module, which is not imported for it."""
    return Path(__file__).parents[1] / f"{module.replace('.', os.sep)}.py"


def _kept_folder() -> Path | None:
    """Where machine code is stored: below NUMBA_CACHE_DIR or in the user's cache; None where others could write."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        folder = Path(named).expanduser() / "siamfc-eval"
    else:
        import platformdirs

        folder = Path(platformdirs.user_cache_dir("siamfc-eval", appauthor=False)) / "compiled"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder = folder.parent.resolve() / folder.name
        folder.mkdir(mode=0o700, exist_ok=True)
        danger = _danger(folder)
    except OSError:
        return None
    if danger:
        warnings.warn(
            f"{folder}: machine code is not stored here, as {danger}, and others could make this program run theirs. "
            "It is compiled anew each time, which takes some seconds. Remove this folder: it is made again as needed.",
            RuntimeWarning,
            stacklevel=2,
        )
        return None
    return folder


def _danger(folder: Path) -> str:
    """What lets others write into a folder, in words; "" if nothing does."""
    if os.name != "posix":
        return ""  # The user's own cache is protected by access lists there, which modes do not show.
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        return "it is a link or a file"
    if found.st_uid != os.geteuid():
        return "it belongs to somebody else"
    if found.st_mode & 0o077:
        return f"its mode is {stat.S_IMODE(found.st_mode):04o} instead of 0700"
    for above in folder.parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"everybody may replace what is in {above}"
    return ""


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Deliver signals that ask this program to end only afterwards.

    LLVM calls numba back through ctypes, which prints an exception and goes on: an interrupt there would be lost.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Signals are delivered to the main thread alone.
        return
    seen: list[int] = []
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # What is not a function of Python's (ignored, or the system's own) cannot be lost.
    before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, lambda number, _: seen.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if seen:
            signal.raise_signal(seen[0])


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as that can be done."""
    import shutil  # Here, as it loads the libraries of all kinds of archives, and nearly always nothing is removed.

    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _verified(folder: Path) -> Iterator[None]:
    """A folder that has exactly what this program left there, and is signed again afterwards."""
    before = _hash_of_files(folder)
    if before != _kept_digest(folder):
        _remove(folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    yield
    after = _hash_of_files(folder)
    if after != _kept_digest(folder):
        write_atomic(folder / _DIGEST, after, durable=False)


def _kept_digest(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return (folder / _DIGEST).read_text(encoding="ascii", errors="replace")
    return ""


def _hash_of_files(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _DIGEST):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


@contextlib.contextmanager
def _numba_keeps_in(folder: Path) -> Iterator[None]:
    """Let numba keep in this folder and nowhere else what is compiled here; the user's own functions are not ours."""
    from numba import config

    ours = {"CACHE_DIR": str(folder), "CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
    before = {name: getattr(config, name) for name in ours if hasattr(config, name)}
    for name in before:
        setattr(config, name, ours[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(config, name, value)
