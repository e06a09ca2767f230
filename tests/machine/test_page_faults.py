"""Page faults are counted where the system does."""

from __future__ import annotations

import mmap
import sys

import pytest

from mbconv_cli.machine.page_faults import faults_between, page_faults


def test_touching_new_memory_is_a_page_fault() -> None:
    before = page_faults()
    if before is None:
        pytest.skip("this system does not count page faults")
    # From the system itself: an allocator may hand out memory again that an earlier test freed.
    with mmap.mmap(-1, 64 * 2**20) as memory:
        memory[:] = bytes(len(memory))
        after = page_faults()
        assert after is not None
        assert after - before >= len(memory) // (2 * 2**20)  # pages have 2 MiB at the most


def test_a_system_that_does_not_count_page_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)  # an import fails, as on Windows
    assert page_faults() is None


@pytest.mark.parametrize(("before", "after", "found"), [(100, 300, 200), (None, 1, None), (1, None, None)])
def test_nobody_counts_where_one_count_is_missing(before: int | None, after: int | None, found: int | None) -> None:
    assert faults_between(before, after) == found
