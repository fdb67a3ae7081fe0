"""Compiled inner loops: machine code on first use, kept in Numba's cache beside the module."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile for one thread: the order of additions, and so every bit of the result, is always the same.

    Other Python threads run meanwhile: learning does not hold up serving.
    """
    return cast(Function, njit(cache=True, nogil=True)(function))


def summing_kernel(function: Function) -> Function:
    """As `kernel`, for sums along rows: several parts of a sum are taken at once, as the processor does best.

    Which parts depends on the processor alone, as in a matrix product.
    """
    return cast(Function, njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "nnan"})(function))
