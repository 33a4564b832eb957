"""Kernels that numba compiles once and every later process runs without importing numba.

Importing numba and letting it find what it compiled before takes longer than scoring a whole benchmark. The machine
code itself needs neither: it is kept beside the source, as numba keeps its own, and llvmlite, numba's own back end,
links it in a few milliseconds.

A kernel is a plain function in a module that imports numba. It takes pointers, whole numbers and floats, and returns a
whole number; it must not allocate, raise or call Python, as nothing that could do so is linked.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib
import os
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from siamfc_eval.kept_files import load_kept, store_kept

Argument = type[np.generic] | type[int] | type[float]
"""What a kernel takes: an array of that element type, a whole number or a float."""

_NEVER_CALLED = ("NRT_MemInfo_call_dtor",)
"""What numba names for arrays that own their memory, of which a kernel has none."""
_engines: list[Any] = []
"""What owns the machine code, to be kept for as long as the process lives."""


class Kernel:
    """A function of arrays and numbers as machine code; compiled on the very first call, then kept on disk."""

    def __init__(self, module: str, name: str, *arguments: Argument, uses: tuple[str, ...] = ()) -> None:
        """
        Args:
            module: the module that has the function; it is imported only to compile it.
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
        result = ctypes.c_int64()
        self._function(ctypes.byref(result), None, *passed)
        return result.value

    @cached_property
    def _function(self) -> Callable[..., int]:
        """As numba calls: where to put the result, where to put an exception (none is raised), arguments."""
        scalars: dict[Argument, Any] = {int: ctypes.c_int64, float: ctypes.c_double}
        kinds = [scalars.get(kind, ctypes.c_void_p) for kind in self._arguments]
        prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *kinds)
        try:
            return prototype(_link(*(self._kept() or self._compile())))
        except (AttributeError, RuntimeError, TypeError):
            # Another numba or llvmlite than this was written for: slower to start, and the same function.
            return self._through_numba(ctypes.CFUNCTYPE(ctypes.c_int64, *kinds))

    def _through_numba(self, prototype: Any) -> Callable[..., int]:
        """The same by numba's public interface alone, compiled anew in every process."""
        from numba import cfunc, types

        python_function = getattr(importlib.import_module(self._module), self._name)
        _engines.append(cfunc(types.int64(*self._signature()), error_model="numpy")(python_function))
        function = prototype(_engines[-1].address)

        def call(result: Any, _: None, *arguments: Any) -> int:
            result._obj.value = function(*arguments)
            return 0

        return call

    def _signature(self) -> tuple[Any, ...]:
        """The types of the arguments, in numba's terms."""
        from numba import types

        scalars: dict[Argument, Any] = {int: types.int64, float: types.float64}
        return tuple(
            scalars[kind] if kind in scalars else types.CPointer(getattr(types, np.dtype(kind).name))
            for kind in self._arguments
        )

    @cached_property
    def _file_name(self) -> str:
        """By the hash of everything that the machine code depends on."""
        import llvmlite
        import llvmlite.binding as llvm

        digest = hashlib.blake2b(digest_size=16)
        for source in (*map(_source, (self._module, *self._uses, "siamfc_eval.compiling")), Path(__file__)):
            digest.update(source.read_bytes())
        processor = (llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten(), llvm.get_process_triple())
        digest.update(repr((llvmlite.__version__, processor, self._name, self._arguments)).encode())
        return f"{self._module.rpartition('.')[2]}.{self._name}.{digest.hexdigest()}.native"

    def _kept(self) -> tuple[str, bytes] | None:
        """Symbol and machine code of an earlier process; None if there are none."""
        for folder in _folders():
            content = load_kept(folder / self._file_name)
            if content is not None:
                symbol, _, code = content.partition(b"\0")
                return symbol.decode(), code
        return None

    def _compile(self) -> tuple[str, bytes]:
        """Symbol and machine code from numba, kept where that is possible."""
        from numba import njit

        signature = self._signature()
        options = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        function = njit(**options)(getattr(importlib.import_module(self._module), self._name))
        function.compile(signature)
        compiled = function.overloads[signature]
        symbol, code = compiled.fndesc.llvm_func_name, compiled.library._get_compiled_object()
        for folder in _folders():
            if store_kept(folder / self._file_name, symbol.encode() + b"\0" + code):
                break
        return symbol, code


def _source(module: str) -> Path:
    """The file of a module, which is not imported for it."""
    return Path(__file__).parents[1] / f"{module.replace('.', os.sep)}.py"


def _folders() -> Iterator[Path]:
    """Where machine code is kept: where numba is told to, else beside Python's own byte code, else the user's cache."""
    named = os.environ.get("NUMBA_CACHE_DIR")
    if named:
        yield Path(named)
        return
    yield Path(__file__).parent / "__pycache__"
    import platformdirs

    yield Path(platformdirs.user_cache_dir("siamfc-eval", appauthor=False)) / "native"


@lru_cache(maxsize=1)
def _machine() -> Any:
    """LLVM for this machine."""
    import llvmlite.binding as llvm

    with contextlib.suppress(RuntimeError):  # Needed before llvmlite 0.45, refused since.
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _link(symbol: str, code: bytes) -> int:
    """Make machine code executable; returns the address of a symbol in it."""
    import llvmlite.binding as llvm

    target = _machine()
    for name in _NEVER_CALLED:
        if llvm.address_of_symbol(name) is None:
            llvm.add_symbol(name, ctypes.cast(ctypes.pythonapi.Py_FatalError, ctypes.c_void_p).value or 0)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target.create_target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return int(engine.get_function_address(symbol))
