"""What fits a device's memory: asked before, and told if it ran out after all."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch

from mbconv_cli.errors import InputError
from mbconv_cli.pytorch import device_memory as memory
from mbconv_cli.pytorch.device_memory import allocated_peak, available_bytes, require_memory, translate_memory_errors

CPU = torch.device("cpu")
CUDA = torch.device("cuda:0")
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
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo=MEMINFO)) == 4_000 * 1_024


def test_a_control_groups_limit_less_its_usage(tmp_path: Path) -> None:
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo=MEMINFO, **v2("1000", 300))) == 700


def test_a_control_groups_cached_files_give_way(tmp_path: Path) -> None:
    statistics = "anon 100\nfile 850\nactive_file 600\ninactive_file 200\n"
    assert available_bytes(CPU, root=linux(tmp_path, **v2("1000", 1_000, statistics))) == 800


def test_a_control_group_over_its_limit_has_nothing_left(tmp_path: Path) -> None:
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo=MEMINFO, **v2("1000", 1_200))) == 0


def test_a_control_group_without_limit_leaves_what_the_system_has(tmp_path: Path) -> None:
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo=MEMINFO, **v2("max", 300))) == 4_000 * 1_024


def test_control_groups_of_version_1_count_the_groups_inside_too(tmp_path: Path) -> None:
    statistics = "active_file 1\ninactive_file 1\ntotal_active_file 30\ntotal_inactive_file 20\n"
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo=MEMINFO, **v1(1_000, 300, statistics))) == 750


def test_an_older_kernel_tells_only_the_control_group(tmp_path: Path) -> None:
    assert available_bytes(CPU, root=linux(tmp_path, proc__meminfo="MemFree: 3 kB\n", **v2("90", 30))) == 60


def test_a_system_that_is_no_linux_has_all_its_physical_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": 10, "SC_PAGE_SIZE": 4_096}.__getitem__)
    assert available_bytes(CPU, root=tmp_path) == 40_960


def test_a_system_that_tells_nothing_is_not_asked_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sysconf")
    assert available_bytes(CPU, root=tmp_path) is None


def test_this_machine_has_some_memory() -> None:
    available = available_bytes(CPU)
    assert available is not None
    assert available > 0


def test_a_cuda_device_tells_its_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", {CUDA: (5, 80)}.__getitem__)
    assert available_bytes(CUDA) == 5


def test_a_device_that_tells_nothing() -> None:
    assert available_bytes(torch.device("mps")) is None


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: 2 * 1_024)
    with pytest.raises(InputError) as caught:
        require_memory(3 * 1_024**3, CPU)
    assert str(caught.value) == (
        "the network needs at least 3.0 GiB of memory for weights and activations, but cpu has 2.0 KiB left; "
        "take a smaller --batch-size or --resolution, or do not measure"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("available", [1_024, None])
def test_what_fits_or_cannot_be_known_is_let_through(available: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda _: available)
    require_memory(1_024, CPU)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of ..."),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:80] DefaultCPUAllocator: not enough memory: you tried ..."),
        MemoryError(),
    ],
)
def test_every_way_to_run_out_of_memory_is_told_in_one_sentence(error: Exception) -> None:
    with pytest.raises(InputError) as caught, translate_memory_errors(CUDA):
        raise error
    assert caught.value.problems == (
        "the memory of cuda:0 ran out; take a smaller --batch-size or --resolution, or do not measure",
    )
    assert caught.value.exit_code == 2


def test_torchs_own_error_on_the_cpu_is_understood() -> None:
    with pytest.raises(InputError, match="the memory of cpu ran out"), translate_memory_errors(CPU):
        torch.empty(10**15)


@pytest.mark.parametrize("error", [RuntimeError("shapes do not fit"), ValueError("out of memory"), KeyboardInterrupt()])
def test_other_errors_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, translate_memory_errors(CUDA):
        raise error
    assert caught.value is error


@dataclass
class FakeAllocator:
    """As much of `torch.cuda` as tells of allocated bytes."""

    allocated: int
    most: int = 0
    calls: list[str] = field(default_factory=list)

    def allocate(self, size: int) -> None:
        self.calls.append("run")
        self.allocated += size
        self.most = max(self.most, self.allocated)

    def synchronize(self, _: torch.device) -> None:
        self.calls.append("synchronize")

    def reset_peak_memory_stats(self, _: torch.device) -> None:
        self.calls.append("reset")
        self.most = self.allocated

    def memory_allocated(self, _: torch.device) -> int:
        return self.allocated

    def max_memory_allocated(self, _: torch.device) -> int:
        self.calls.append("read")
        return self.most


def test_the_peak_of_a_run_is_what_it_allocates_beyond_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeAllocator(allocated=1_000, most=9_999)
    monkeypatch.setattr(torch, "cuda", fake)

    def run() -> None:
        for size in (300, -100, 250, -450):
            fake.allocate(size)

    assert allocated_peak(CUDA, run) == 450
    assert fake.calls == ["synchronize", "reset", *["run"] * 4, "synchronize", "read"]


@pytest.mark.parametrize("device", [CPU, torch.device("mps")])
def test_nothing_is_run_where_no_allocator_tells(device: torch.device) -> None:
    assert allocated_peak(device, lambda: pytest.fail("was run")) is None


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_real_cuda_device_runs_out_of_memory() -> None:
    available = available_bytes(CUDA)
    assert available is not None
    with pytest.raises(InputError, match="the memory of cuda:0 ran out"), translate_memory_errors(CUDA):
        torch.empty(2 * available, dtype=torch.uint8, device=CUDA)
