"""What functions in kernel modules are compiled with. Importing this imports numba, which only compiling needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Pointer = Any
"""The first element of an array whose shape the kernel is told.

Unlike those of an array, its places are not counted from the end if negative, which would cost as much as the rest.
"""
Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiles a function into those that call it."""
    return cast(Function, njit(error_model="numpy", forceinline=True)(function))


def compiled_sum(function: Function) -> Function:
    """`compiled` for sums of whole numbers, which are exact in any order: many are added at once."""
    return cast(Function, njit(error_model="numpy", forceinline=True, fastmath={"reassoc", "nsz"})(function))
