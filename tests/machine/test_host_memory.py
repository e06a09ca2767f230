"""Memory that the host has left, by the system and by control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mbconv_cli.machine.host_memory import available_host_bytes

MEMINFO = "MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:   4000 kB\nHugePages_Total:  0\n"


def linux(root: Path, **files: str) -> Path:
    """A file system with these files; `__` stands for a slash and `_dot_` for a dot."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


def v2(limit: str, usage: int, statistics: str = "anon 5\nactive_file 0\ninactive_file 0\n") -> dict[str, str]:
    folder = "sys__fs__cgroup__memory_dot_"
    return {f"{folder}max": f"{limit}\n", f"{folder}current": f"{usage}\n", f"{folder}stat": statistics}


def v1(limit: int, usage: int, statistics: str) -> dict[str, str]:
    folder = "sys__fs__cgroup__memory__memory_dot_"
    return {
        f"{folder}limit_in_bytes": f"{limit}\n",
        f"{folder}usage_in_bytes": f"{usage}\n",
        f"{folder}stat": statistics,
    }


def test_what_the_system_has_available_not_what_is_free(tmp_path: Path) -> None:
    assert available_host_bytes(linux(tmp_path, proc__meminfo=MEMINFO)) == 4_000 * 1_024


def test_a_control_groups_limit_less_its_usage(tmp_path: Path) -> None:
    assert available_host_bytes(linux(tmp_path, proc__meminfo=MEMINFO, **v2("1000", 300))) == 700


def test_a_control_groups_cached_files_give_way(tmp_path: Path) -> None:
    statistics = "anon 100\nfile 850\nactive_file 600\ninactive_file 200\n"
    assert available_host_bytes(linux(tmp_path, **v2("1000", 1_000, statistics))) == 800


def test_a_control_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    assert available_host_bytes(linux(tmp_path, proc__meminfo=MEMINFO, **v2("1000", 1_200))) == 0


def test_a_control_group_without_limit_leaves_what_the_system_has(tmp_path: Path) -> None:
    assert available_host_bytes(linux(tmp_path, proc__meminfo=MEMINFO, **v2("max", 300))) == 4_000 * 1_024


def test_control_groups_of_version_1_count_the_groups_inside_too(tmp_path: Path) -> None:
    statistics = "active_file 1\ninactive_file 1\ntotal_active_file 30\ntotal_inactive_file 20\n"
    assert available_host_bytes(linux(tmp_path, proc__meminfo=MEMINFO, **v1(1_000, 300, statistics))) == 750


def test_an_older_kernel_tells_only_the_control_group(tmp_path: Path) -> None:
    assert available_host_bytes(linux(tmp_path, proc__meminfo="MemFree: 3 kB\n", **v2("90", 30))) == 60


def test_a_system_that_is_no_linux_has_all_its_physical_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4_096}.__getitem__)
    assert available_host_bytes(tmp_path) == 40_960


def test_a_system_that_tells_nothing_is_not_asked_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert available_host_bytes(tmp_path) is None


def test_this_machine_has_some_memory() -> None:
    available = available_host_bytes()
    assert available is not None
    assert available > 0
