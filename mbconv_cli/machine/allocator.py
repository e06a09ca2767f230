"""Have the C library's allocator keep the memory that it once got.

Glibc hands large blocks back to the system as soon as they are freed, and takes them anew: pass after pass, a network
on the CPU touches thousands of pages for the first time, and each costs a page fault. How many there are is the luck of
a process (0 or 1,200 a pass of mobilenet-v3-small, 9.2 or 6.6 ms, where this was tried). A server's allocator keeps its
memory, and so do the arenas of deployment runtimes and torch's own on accelerators.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Final

from mbconv_cli.errors import InputError

# From glibc's malloc.h; see mallopt(3).
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_MAX: Final = -4
_NEVER: Final = 2**31 - 1
_DONE: Final = 1


def keep_memory() -> None:
    """From now on this process hands no memory back to the system, however much is free at the heap's end.

    Raises:
        InputError: its C library is not glibc.
    """
    mallopt = _mallopt()
    if mallopt is None:
        raise InputError("--allocator keep: this C library has no mallopt, which is glibc's; take system")
    if mallopt(_M_MMAP_MAX, 0) != _DONE or mallopt(_M_TRIM_THRESHOLD, _NEVER) != _DONE:
        raise InputError("--allocator keep: mallopt refuses; take system")


def can_keep_memory() -> bool:
    """Whether `keep_memory` works here."""
    return _mallopt() is not None


def _mallopt() -> Callable[[int, int], int] | None:
    try:
        return ctypes.CDLL(None).mallopt
    except (AttributeError, TypeError, OSError):  # musl, macOS; Windows has no library without a name
        return None
