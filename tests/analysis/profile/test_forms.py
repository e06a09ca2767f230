"""Reports of other forms of execution, from measurements that are made up."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mbconv_cli.analysis.grouping import OF_OPS, By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.batch_sizes import profile_batches
from mbconv_cli.analysis.profile.benches import LatencyRequest
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.audit_result import Audit
from mbconv_cli.measure.bench_result import Bench
from mbconv_cli.measure.budget import Budget
from mbconv_cli.measure.execution import Dtype, Execution, Mode, plan_to_run
from mbconv_cli.measure.latency import Measurement
from mbconv_cli.render.cells import subject_line, title
from mbconv_cli.report.model import Column, Row, Section

REQUEST = LatencyRequest(DeviceChoice("cpu"), Budget(), lambda _: None)
BATCHES = (1, 8)


def made_up(network: OpenNetwork, execution: Execution, batch_size: int) -> Bench:
    """The k-th time of a stamped pass is k microseconds, times the batch; end to end takes 10 ms an image."""
    plan = plan_to_run(network.plan, execution)
    cost, ops = total(plan_costs(plan)), len(plan.ops)
    parts = 1 if not execution.by_layer else 2 * ops if execution.training else ops
    layers = [[batch_size * (part + 1) / 1_000 for part in range(parts)]] * 4
    return Bench(
        Audit(ops, cost.macs, cost.params, cost.params, (), ()),
        Measurement([10.0 * batch_size] * 8, layers, warm_up=8, steady=True, seconds=2.0),
        {"torch": "2.6", "threads": 2, "device": "cpu", "device_name": "a CPU"},
        notes=("mode: made up",),
        both_ways=execution.training,
    )


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network("mobilenet-v3-small", resolution=64)


@pytest.fixture(autouse=True)
def _benches(network: OpenNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_batches(*_: Any, execution: Execution, batch_sizes: tuple[int, ...], **__: Any) -> tuple[Bench, ...]:
        return tuple(made_up(network, execution, size) for size in batch_sizes)

    monkeypatch.setattr("mbconv_cli.pytorch.bench.run_batches", run_batches)


def figure(row: Row, key: str) -> float:
    value = row[key]
    assert isinstance(value, int | float)
    return value


def column(section: Section, key: str) -> list[float]:
    return [figure(row, key) for row in section.rows]


@pytest.mark.parametrize("by", OF_OPS)
def test_both_ways_add_up_row_by_row_and_in_all(network: OpenNetwork, by: By) -> None:
    execution = Execution(batch_size=2, training=True)
    section = profile(network, execution=execution, view=View(by), latency=REQUEST).sections[by.section]
    ways = [column(section, key) for key in ("forward_ms", "backward_ms")]
    both = column(section, "latency_ms")
    assert [there + back for there, back in zip(*ways, strict=True)] == pytest.approx(both)
    parts = 2 * len(network.plan.ops)
    assert math.fsum(both) == pytest.approx(2 * parts * (parts + 1) / 2 / 1_000)


def test_the_way_back_is_told_from_the_last_op_to_the_first(network: OpenNetwork) -> None:
    execution = Execution(batch_size=2, training=True)
    section = profile(network, execution=execution, latency=REQUEST).sections["layers"]
    ops = len(network.plan.ops)
    assert column(section, "forward_ms") == pytest.approx([2 * (op + 1) / 1_000 for op in range(ops)])
    assert column(section, "backward_ms") == pytest.approx([2 * (2 * ops - op) / 1_000 for op in range(ops)])


def test_others_keep_the_sums_of_both_ways(network: OpenNetwork) -> None:
    execution = Execution(batch_size=2, training=True)
    whole = profile(network, execution=execution, latency=REQUEST).sections["layers"]
    cut = profile(network, execution=execution, view=View(top=3), latency=REQUEST).sections["layers"]
    for key in ("forward_ms", "backward_ms", "latency_ms", "macs"):
        assert math.fsum(column(cut, key)) == pytest.approx(math.fsum(column(whole, key)))


def test_layers_that_are_no_part_of_the_pass_are_no_warning_in_training(network: OpenNetwork) -> None:
    notes = profile(network, execution=Execution(batch_size=2, training=True), latency=REQUEST).notes
    assert not [note for note in notes if "layers sum to" in note]


def test_a_compiled_network_has_exact_layers_and_one_latency(network: OpenNetwork) -> None:
    report = profile(network, execution=Execution(mode=Mode.COMPILE), latency=REQUEST)
    section = report.sections["layers"]
    assert not [key for row in section.rows for key in row if "latency" in key]
    assert math.fsum(column(section, "macs_share")) == pytest.approx(1)
    assert [row["name"] for row in report.sections["latency"].rows] == ["end to end"]
    assert report.totals["latency_ms"] == 10.0
    assert report.provenance.settings["mode"] == "compile"
    assert "mode: made up" in report.notes


def test_layers_of_a_compiled_network_cannot_be_sorted_by_time(network: OpenNetwork) -> None:
    with pytest.raises(InputError, match="layers are not measured with --mode compile"):
        profile(network, execution=Execution(mode=Mode.COMPILE), view=View(sort="latency_ms"), latency=REQUEST)


def test_a_way_back_is_no_column_of_a_forward_pass(network: OpenNetwork) -> None:
    with pytest.raises(InputError, match="--sort 'backward_ms' is no column"):
        profile(network, view=View(sort="backward_ms"), latency=REQUEST)


@pytest.mark.parametrize("dtype", [Dtype.BFLOAT16, Dtype.FLOAT16])
def test_half_the_bits_are_half_the_bytes(network: OpenNetwork, dtype: Dtype) -> None:
    half, whole = (profile(network, execution=Execution(dtype=kind)) for kind in (dtype, Dtype.FLOAT32))
    assert [2 * value for value in column(half.sections["layers"], "bytes")] == column(
        whole.sections["layers"], "bytes"
    )
    assert half.totals["macs"] == whole.totals["macs"]
    assert half.subject["dtype"] == dtype.value


def test_a_folded_network_is_told_with_its_own_figures(network: OpenNetwork) -> None:
    folded, whole = (profile(network, execution=Execution(fold_norm=fold)) for fold in (True, False))
    assert figure(folded.totals, "params") < figure(whole.totals, "params")
    assert folded.totals["macs"] == whole.totals["macs"]
    assert not [row for row in folded.sections["layers"].rows if row["op"] == "batch_norm"]
    assert folded.subject["fold_norm"] is True
    assert [note for note in folded.notes if note.startswith("norm: 34 batch norms are part of")]


def test_batch_sizes_stand_side_by_side(network: OpenNetwork) -> None:
    report = profile_batches(network, BATCHES, execution=Execution(), latency=REQUEST)
    assert list(report.sections) == ["batch_sizes", "layers", "latency"]
    one, eight = report.sections["batch_sizes"].rows
    assert (one["latency_ms"], eight["latency_ms"]) == (10.0, 80.0)
    assert (one["latency_ms_per_image"], eight["latency_ms_per_image"]) == (10.0, 10.0)
    assert (one["images_per_second"], eight["images_per_second"]) == (100.0, 100.0)
    assert (one["macs"], eight["macs"]) == (report.totals["macs"], 8 * figure(report.totals, "macs"))
    layers = report.sections["layers"]
    for size in BATCHES:
        ops = len(network.plan.ops)
        assert math.fsum(column(layers, f"latency_ms_batch_{size}")) == pytest.approx(size * ops * (ops + 1) / 2_000)
    keys = [column.key for column in layers.columns]
    assert all(row.keys() == set(keys) for row in layers.rows)


@pytest.mark.parametrize("execution", [Execution(), Execution(training=True), Execution(mode=Mode.COMPILE)])
def test_every_section_of_batch_sizes_is_regular(execution: Execution) -> None:
    other = open_network("mobilenet-v3-small")
    report = profile_batches(other, BATCHES, execution=execution, view=View(By.STAGE), latency=REQUEST)
    for name in ("batch_sizes", "stages"):
        section = report.sections[name]
        assert all(row.keys() == {column.key for column in section.columns} for row in section.rows)
    assert {row["batch_size"] for row in report.sections["latency"].rows} == set(BATCHES)


def test_exact_figures_of_batch_sizes_need_no_measurement(network: OpenNetwork) -> None:
    report = profile_batches(network, BATCHES, execution=Execution())
    assert list(report.sections) == ["batch_sizes", "layers"]
    layers = report.sections["layers"]
    sums = {key: sum(column(layers, key)) for key in ("params", "macs", "flops", "bytes")}
    assert sums | {"peak_bytes": max(column(layers, "alive_bytes"))} == report.totals


def test_the_others_of_batch_sizes_keep_the_sums(network: OpenNetwork) -> None:
    view = View(sort="latency_ms_batch_8", top=2)
    cut = profile_batches(network, BATCHES, execution=Execution(), view=view, latency=REQUEST).sections["layers"]
    whole = profile_batches(network, BATCHES, execution=Execution(), latency=REQUEST).sections["layers"]
    for key in ("macs", "latency_ms_batch_1", "latency_ms_batch_8"):
        assert math.fsum(column(cut, key)) == pytest.approx(math.fsum(column(whole, key)))


def test_what_is_the_same_for_all_batch_sizes_is_told_once(network: OpenNetwork) -> None:
    notes = profile_batches(network, BATCHES, execution=Execution(), latency=REQUEST).notes
    assert len([note for note in notes if note.startswith("audit: ")]) == 1
    assert len(set(notes)) == len(notes)


def test_words_of_forms() -> None:
    assert title(Column("latency_ms_batch_32")) == "ms at 32"
    assert subject_line({"name": "tiny", "dtype": "bfloat16", "fold_norm": True}) == "tiny, bfloat16, fold norm"
