"""The number of threads: one owner, which looks at the machine and not at what runs on it at the moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from mbconv_cli.machine.threads import CpuBounds, ThreadChoice, cpu_bounds, physical_cores, thread_choice


@pytest.mark.parametrize(
    ("bounds", "count", "reason"),
    [
        (CpuBounds(cores=1), 1, "there is one physical core"),
        (CpuBounds(cores=2), 1, "one of 2 physical cores is left to other work"),
        (CpuBounds(cores=8), 7, "one of 8 physical cores is left to other work"),
        (CpuBounds(cores=9), 8, "one of 9 physical cores is left to other work"),
        (CpuBounds(cores=64), 8, "more of the 64 physical cores bring little and repeat worse"),
        (CpuBounds(cores=64, quota=0.5), 1, "a control group allows 0.5 cores' time"),
        (CpuBounds(cores=64, quota=2.5), 2, "a control group allows 2.5 cores' time"),
        (CpuBounds(cores=64, quota=32), 8, "a control group allows 32 cores' time"),
        (CpuBounds(cores=4, quota=4.0), 3, "one of 4 physical cores is left to other work"),
        (CpuBounds(cores=4, quota=0.5, stated=4), 4, "as OMP_NUM_THREADS says"),
    ],
)
def test_the_default(bounds: CpuBounds, count: int, reason: str) -> None:
    assert thread_choice(None, bounds) == ThreadChoice(count, reason)


def test_a_request_counts_before_anything_else() -> None:
    assert thread_choice(5, CpuBounds(cores=2, quota=0.5, stated=4)) == ThreadChoice(5, "as requested")


def test_this_machine_has_a_default() -> None:
    assert thread_choice(None).count >= 1


def write(root: Path, name: str, text: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="ascii")


def test_hardware_threads_of_one_core_count_once(tmp_path: Path) -> None:
    for core, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        write(tmp_path, f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list", f"{siblings}\n")
    assert physical_cores(range(4), tmp_path) == 2
    assert physical_cores([0, 2], tmp_path) == 1
    assert physical_cores([0, 1, 7], tmp_path) == 3  # of the last one nothing is known


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu.max": "100 0"}, None),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_the_quota_of_a_control_group(files: dict[str, str], quota: float | None, tmp_path: Path) -> None:
    for name, text in files.items():
        write(tmp_path, f"sys/fs/cgroup/{name}", text)
    assert cpu_bounds(tmp_path, {}).quota == quota


@pytest.mark.parametrize(("text", "stated"), [("3", 3), ("4,2", 4), ("", None), ("0", None), ("many", None)])
def test_what_the_environment_states(text: str, stated: int | None, tmp_path: Path) -> None:
    assert cpu_bounds(tmp_path, {"OMP_NUM_THREADS": text}).stated == stated
    assert cpu_bounds(tmp_path, {}).stated is None
