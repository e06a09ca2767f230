"""Page faults are counted, and the kernel causes as many as it says."""

from __future__ import annotations

import mmap
import sys

import pytest

from mbconv_cli.machine.page_faults import PAGES, faults_between, page_faults, touch_new_pages


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


def test_every_new_page_is_touched_and_handed_back() -> None:
    touch_new_pages()
    before = page_faults()
    if before is None:
        pytest.skip("this system does not count page faults")
    for _ in range(10):
        touch_new_pages()
    after = page_faults()
    assert after is not None
    assert 10 * PAGES <= after - before <= 20 * PAGES  # other threads of this process cause some


@pytest.mark.parametrize(
    ("before", "after", "others", "found"),
    [(100, 300, 50, 150), (100, 120, 50, 0), (None, 1, 0, None), (1, None, 0, None)],
)
def test_known_page_faults_are_not_counted(
    before: int | None, after: int | None, others: int, found: int | None
) -> None:
    assert faults_between(before, after, others) == found
