"""Page faults: how often a process touched memory that the system had not given it yet."""

from __future__ import annotations


def page_faults() -> int | None:
    """How many this process has had so far; None where nobody counts."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def faults_between(before: int | None, after: int | None) -> int | None:
    """The page faults from one count to a later one; None where nobody counts."""
    return None if before is None or after is None else after - before
