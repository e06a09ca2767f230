"""Page faults: how many there were, and a kernel that causes a known number of them."""

from __future__ import annotations

import mmap
from typing import Final

PAGES: Final = 128
_ONES: Final = b"\1" * PAGES


def page_faults() -> int | None:
    """How often this process has touched memory that the system had not given it yet; None where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def touch_new_pages() -> None:
    """Get `PAGES` pages of memory from the system, touch each, and hand them back."""
    with mmap.mmap(-1, PAGES * mmap.PAGESIZE) as memory:
        memory[:: mmap.PAGESIZE] = _ONES


def faults_between(before: int | None, after: int | None, others: int) -> int | None:
    """The page faults from one count to a later one without others that are known; None where nobody counts."""
    return None if before is None or after is None else max(after - before - others, 0)
