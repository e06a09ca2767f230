"""What fits a device's memory: asked before, and told if it ran out after all."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch

from mbconv_cli.errors import InputError
from mbconv_cli.pytorch import device_memory as memory
from mbconv_cli.pytorch.device_memory import allocated_peak, available_bytes, require_memory, translate_memory_errors

CPU = torch.device("cpu")
CUDA = torch.device("cuda:0")


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
    assert caught.value.sentences == (
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
