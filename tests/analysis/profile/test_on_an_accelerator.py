"""What is reported where an accelerator's own time is known: passes run on the CPU, times are a fake device's."""

from __future__ import annotations

from typing import Any

import pytest

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.batch_sizes import profile_batches
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.kernel_rows import kernel_notes, short_name
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.roofline import Bandwidth, Limits
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.machine.gpu_state import GpuState
from mbconv_cli.machine.kept_limits import Calibration
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import budget_for
from mbconv_cli.measure.device_times import DeviceTimes, TimedKernel, TimeSource
from mbconv_cli.measure.execution import Execution, MemoryFormat
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.report.model import Cell, Report, Row
from tests.fake_device import GAP_US, LAUNCH_US, SHARED, STRAY, FakeDevice, kernels_of, use


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


def in_batches(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch, device: FakeDevice, view: View | None = None
) -> Report:
    use(device, monkeypatch)
    request = LatencyRequest(DeviceChoice("auto"), budget_for(None, 0.3), lambda _: None, 1)
    return profile_batches(network, (1, 2), execution=Execution(), view=view, latency=request)


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
    report = profiled(network, monkeypatch, view=View(sort="latency_ms", top=3), execution=execution)
    *layers, others = report.sections["layers"].rows
    for row in (*layers, others):
        assert figure(row, "backward_ms") == pytest.approx(2 * figure(row, "forward_ms"))
    for row in layers:
        ways = figure(row, "forward_ms") + figure(row, "backward_ms")
        assert ways == pytest.approx(figure(row, "latency_ms"))
    assert ": a CUDA graph or a larger batch keeps it busy" in report.notes[0], "training is not compiled"


@pytest.mark.parametrize("training", [False, True])
def test_what_belongs_to_no_op_is_a_row_on_no_way_and_under_no_roof(
    training: bool, network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution, limits = Execution(batch_size=4, training=training), Limits(1e6, (Bandwidth(2**16, 1e6),), 0.0, 0.0015)
    calibration = None if training else Calibration(limits, "measured now")
    device = FakeDevice(noise=0.001, stray=True)
    report = profiled(network, monkeypatch, device, execution=execution, calibration=calibration)
    *layers, no_op = report.sections["layers"].rows
    assert no_op["name"] == "kernels of no op"
    assert figure(no_op, "latency_ms") == pytest.approx(STRAY.us / 1e3)
    assert {"forward_ms", "backward_ms", "roofline_ms"}.isdisjoint(no_op)
    whole = sum(figure(row, "latency_ms") for row in (*layers, no_op))
    assert whole == pytest.approx(figure(latency_rows(report)["sum of layers"], "latency_ms"))
    last = network.plan.ops[-1].name
    assert any(note.startswith("unassigned: ") and note.endswith(f": 1 after {last}") for note in report.notes)


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


@pytest.mark.parametrize("graphs", [True, False])
def test_layers_without_times_are_neither_sorted_nor_held_against_limits(
    graphs: bool, network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = FakeDevice(graphs=graphs, profiler=False)
    with pytest.raises(InputError, match="--sort latency_ms: layers have no times on cuda:0"):
        profiled(network, monkeypatch, device, View(sort="latency_ms"))
    limits = Calibration(Limits(1e6, (Bandwidth(2**16, 1e6),), 0.0), "measured now")
    with pytest.raises(InputError, match="--roofline: layers have no times on cuda:0"):
        profiled(network, monkeypatch, device, calibration=limits)
    report = in_batches(network, monkeypatch, device)
    assert [column.key for column in report.sections["layers"].columns if "latency" in column.key] == []
    with pytest.raises(InputError, match="--sort latency_ms_batch_1: layers have no times"):
        in_batches(network, monkeypatch, device, View(sort="latency_ms_batch_1"))


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
    assert latency_rows(report)["end to end"]["joules_per_image"] == 0
    assert report.sections["latency"].columns[-1].unit == "J"


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
    report = in_batches(network, monkeypatch, FakeDevice(noise=0.001, stray=True))
    assert report.notes[0].startswith("device time: launch-bound at the largest batch size measured")
    assert figure(report.sections["batch_sizes"].rows[0], "latency_ms") > 0
    no_op = report.sections["layers"].rows[-1]
    assert no_op["name"] == "kernels of no op"
    assert figure(no_op, "latency_ms_batch_2") == pytest.approx(STRAY.us / 1e3)
    report = in_batches(network, monkeypatch, FakeDevice(noise=0.001, growth=20))
    assert report.notes[0] == "device time: no longer launch-bound from batch size 2 on"
    assert report.notes[2].endswith("which keeps the device busy")


def kernels(*shares: tuple[str, float]) -> Bench:
    timed = tuple(TimedKernel(name, 0, ms) for name, ms in shares)
    device = DeviceTimes(TimeSource.GRAPH, timed, 1.0, (1.0,))
    return Bench(Audit(1, 1, 1, 1, (), ()), Measurement(device=device), {"device": "cuda:0"})


@pytest.mark.parametrize(
    ("execution", "norms", "layout"),
    [
        (Execution(), "; --fold-norm shows what folding them saves", ": use --memory-format channels_last"),
        (
            Execution(2, memory_format=MemoryFormat.CHANNELS_LAST, training=True),
            "",
            ", though feature maps are channels_last",
        ),
    ],
)
def test_norms_and_layout_conversions_are_a_line_each_with_what_to_do(
    execution: Execution, norms: str, layout: str, network: OpenNetwork
) -> None:
    bench = kernels(("bn_fw_inf", 3.0), ("elementwise_kernel", 2.0), ("nchwToNhwcKernel", 4.0), ("gemm", 1.0))
    assert kernel_notes(network.plan, execution, bench)[1:] == [
        f"norms: take 30.0 %, and element-wise kernels another 20.0 %{norms}",
        f"layout: conversions take 40.0 %{layout}",
    ]
    assert len(kernel_notes(network.plan, execution, kernels(("gemm", 96.0), ("bn_fw_inf", 4.0)))) == 1


def test_folding_norms_shows_what_it_saves_on_this_device(
    network: OpenNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = profiled(network, monkeypatch, execution=Execution(fold_norm=True))
    before, after = report.measurement["unfolded_ms"], report.totals["latency_ms"]
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert before == pytest.approx(figure(profiled(network, monkeypatch).totals, "latency_ms"), rel=0.01)
    assert any(note.startswith(f"folding: saves {100 * (1 - after / before):.1f} % on this") for note in report.notes)
