"""Memory that stays, counted in page faults of processes of their own, since there is no way back."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.machine.allocator import can_keep_memory, keep_memory

PASSES = 20
MEGABYTES = 8
FAULTS = f"""
import resource, sys
from mbconv_cli.machine.allocator import keep_memory
if sys.argv[1] == "keep":
    keep_memory()
for _ in range(3):
    held = [bytearray({MEGABYTES} << 20), bytearray(40 << 20)]
    del held
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({PASSES}):
    held = [bytearray({MEGABYTES} << 20), bytearray(40 << 20)]
    del held
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // {PASSES})
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="there is no glibc here")
def test_what_is_kept_is_not_taken_anew_whatever_its_size() -> None:
    def faults(allocator: str) -> int:
        command = [sys.executable, "-c", FAULTS, allocator]
        return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)

    assert faults("keep") < 10
    assert faults("system") > 1_000


def test_another_c_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    assert not can_keep_memory()
    with pytest.raises(InputError, match="no mallopt, which is glibc's; take system"):
        keep_memory()


def test_a_refusal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace(mallopt=lambda *_: 0))
    with pytest.raises(InputError, match="mallopt refuses"):
        keep_memory()
