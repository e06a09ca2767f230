"""What is reported where an accelerator's own time is known: passes run on the CPU, times are a fake device's."""

from __future__ import annotations

from typing import Any

import pytest

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.batch_sizes import profile_batches
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.kernel_rows import short_name
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.gpu_state import GpuState
from mbconv_cli.machine.kept_limits import Calibration
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.execution import Execution
from mbconv_cli.report.model import Cell, Report, Row
from tests.fake_device import GAP_US, LAUNCH_US, SHARED, FakeDevice, kernels_of, use


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network("bottleneck-v3-se-last", resolution=32)


def profiled(
    network: OpenNetwork,
    monkeypatch: pytest.MonkeyPatch,
    device: FakeDevice | None = None,
    view: View | None = None,
    execution: Execution | None = None,
    calibration: Calibration | None = None,
) -> Report:
    use(device or FakeDevice(noise=0.001), monkeypatch)
    request = LatencyRequest(DeviceChoice("auto"), budget_for(None, 0.3), lambda _: None, 1)
    return profile(
        network,
        execution=execution or Execution(),
        view=view or View(),
        latency=request,
        calibration=calibration,
    )


def figure(row: Any, key: str) -> float:
    value: Cell = row[key]
    assert isinstance(value, float | int)
    return float(value)


def latency_rows(report: Report) -> dict[str, Row]:
    return {str(row["name"]): row for row in report.sections["latency"].rows}


def test_layers_and_what_is_between_their_kernels_are_the_whole_exactly(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = profiled(network, monkeypatch)
    rows, ops = latency_rows(report), len(network.plan.ops)
    kernels = sum(len(kernels_of(op)) for op in range(ops))
    between = figure(rows["between kernels"], "latency_ms")
    assert between == pytest.approx(kernels * GAP_US / 1e3, rel=0.05)
    layers = sum(figure(row, "latency_ms") for row in report.sections["layers"].rows)
    assert layers + between == pytest.approx(figure(rows["end to end"], "latency_ms"), rel=1e-9)
    assert report.totals["latency_ms"] == rows["end to end"]["latency_ms"]


def test_both_times_of_a_pass_and_what_to_do_stand_first(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch)
    launched = len(network.plan.ops) * LAUNCH_US / 1e3
    assert report.totals["launched_ms"] == pytest.approx(launched)
    assert report.notes[0].startswith("device time: ")
    assert report.notes[0].endswith(": a CUDA graph, --mode compile or a larger batch keeps it busy")
    idle = report.measurement["device_idle_share"]
    assert isinstance(idle, float)
    assert f"idles {100 * idle:.0f} %" in report.notes[0]
    assert report.measurement["device_time"] == "replays of one CUDA graph"


def test_training_has_both_ways_of_every_layer(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = Execution(batch_size=4, training=True)
    report = profiled(network, monkeypatch, execution=execution)
    rows = report.sections["layers"].rows
    for row in rows:
        ways = figure(row, "forward_ms") + figure(row, "backward_ms")
        assert ways == pytest.approx(figure(row, "latency_ms"))


def test_kernels_are_rows_with_their_layer_and_kind(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch, view=View(By.KERNEL))
    rows = report.sections["kernels"].rows
    assert [row["layer"] for row in rows[:3]] == [network.plan.ops[index].name for index in (0, 0, 1)]
    assert rows[0]["name"] == "void cutlass::gemm"
    assert [row["kind"] for row in rows[:2]] == ["product", "element-wise"]
    assert rows[0]["grid"] == (8, 1, 1)
    assert sum(figure(row, "latency_share") for row in rows) == pytest.approx(1)
    excerpt = report.sections["kernels"].excerpt
    assert excerpt is not None
    assert excerpt.rows[0]["name"] == "gemm"
    (kinds,) = [note for note in report.notes if note.startswith("kinds: ")]
    assert "product" in kinds


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("void at::native::elementwise_kernel<128, 2, f>(int, f)", "elementwise_kernel"),
        ("void cudnn::bn_fw_inf_1C11_kernel_NCHW<float, float>(float)", "bn_fw_inf_1C11_kernel_NCHW"),
        ("Memset (Device)", "Memset"),
        ("ampere_sgemm_32x128_nn", "ampere_sgemm_32x128_nn"),
        ("x" * 60, "x" * 39 + "…"),
    ],
)
def test_a_kernels_short_name(name: str, short: str) -> None:
    assert short_name(name) == short


def test_launch_times_are_a_column_on_request(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch, view=View(By.STAGE, launches=True))
    assert report.sections["stages"].columns[-1].key == "launch_ms"
    assert all(figure(row, "launch_ms") > 0 for row in report.sections["stages"].rows)


def test_a_pass_without_a_graph_says_what_its_times_are(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch, FakeDevice(graphs=False))
    assert any("could not be captured as a graph (operation not permitted" in note for note in report.notes)
    assert "between kernels" not in latency_rows(report)
    assert report.measurement["device_time"] == "kernel times of passes launched from Python"
    assert "latency_ms" in report.sections["layers"].rows[0]


def test_a_device_without_a_profiler_has_no_layers(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch, FakeDevice(profiler=False))
    assert any("the profiler saw no kernels" in note for note in report.notes)
    assert "latency_ms" not in report.sections["layers"].rows[0]
    assert set(latency_rows(report)) == {"end to end", "launched from Python"}
    with pytest.raises(InputError, match="torch's profiler saw no kernels"):
        profiled(network, monkeypatch, FakeDevice(profiler=False), View(By.KERNEL))


def test_a_device_that_shows_nothing_is_timed_by_launches_and_named_so(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = profiled(network, monkeypatch, FakeDevice(graphs=False, profiler=False))
    assert any("nothing here sees the device's own time" in note for note in report.notes)
    assert "latency_ms" not in report.sections["layers"].rows[0]


def test_throttling_and_company_are_warned_of(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    report = profiled(network, monkeypatch, FakeDevice(gauge=SHARED))
    assert any("the device was shared with 1 other process" in note for note in report.notes)
    hot = GpuState(900, 2619, 700.0, 88, ("power cap",), 10.0, 0)
    report = profiled(network, monkeypatch, FakeDevice(gauge=hot))
    assert any("the device was throttled meanwhile: power cap" in note for note in report.notes)
    assert any(note.startswith("energy: 0 J an image, 900 MHz, 2619 MHz of memory, 700 W") for note in report.notes)


def test_the_floor_of_a_kernel_is_a_roof(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(1e6, (Bandwidth(2**16, 1e6), Bandwidth(2**28, 1e5)), 0.0, kernel_ms=0.0015)
    report = profiled(network, monkeypatch, calibration=Calibration(limits, "measured now"))
    rows = report.sections["layers"].rows
    assert {row["bound"] for row in rows} == {"kernel floor"}
    assert figure(rows[0], "roofline_ms") == pytest.approx(2 * 0.0015), "the first layer has two kernels"
    assert all(figure(row, "roofline_share") <= 1.05 for row in rows)
    assert report.sections["limits"].rows[1] == {"name": "kernel floor", "kernel_ms": 0.0015}
    assert any("a kernel takes at least 1.5 us" in note for note in report.notes)


@pytest.mark.parametrize(
    ("view", "message"),
    [
        (View(By.KERNEL), "--by kernel: cpu has no kernels"),
        (View(launches=True), "--launch-times: cpu launches no ops"),
    ],
)
def test_the_cpu_has_neither_kernels_nor_launches(network: OpenNetwork, view: View, message: str) -> None:
    request = LatencyRequest(DeviceChoice("cpu"), budget_for(None, 0.2), lambda _: None, 1)
    with pytest.raises(InputError, match=message):
        profile(network, view=view, latency=request)


def test_kernels_need_a_measurement(network: OpenNetwork) -> None:
    with pytest.raises(InputError, match="--by kernel: kernels are seen while they run"):
        profile(network, view=View(By.KERNEL))


def test_several_batch_sizes_say_from_which_on_python_keeps_up(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeDevice(noise=0.001), monkeypatch)
    request = LatencyRequest(DeviceChoice("auto"), budget_for(None, 0.3), lambda _: None, 1)
    report = profile_batches(network, (1, 2), execution=Execution(), latency=request)
    (note,) = [note for note in report.notes if note.startswith("launching: ")]
    assert note.startswith("launching: at every batch size measured the device waits for Python")
    assert figure(report.sections["batch_sizes"].rows[0], "latency_ms") > 0
