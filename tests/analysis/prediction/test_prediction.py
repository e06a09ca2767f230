"""Latency from a table, over networks whose ops take what a test decides."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.prediction.held_out import HeldOut, errors, hold_out, interval_error, macs_line
from mbconv_cli.analysis.prediction.least_squares import ridge
from mbconv_cli.analysis.prediction.op_model import Timed, fit
from mbconv_cli.analysis.prediction.op_traits import FARTHEST, Traits, bounds, far_outside, traits
from mbconv_cli.analysis.prediction.predicted_profile import predicted_profile
from mbconv_cli.analysis.prediction.predictor import UnpredictableError
from mbconv_cli.analysis.prediction.table_build import build_table, table_report
from mbconv_cli.analysis.prediction.table_file import LatencyTable, read_table, require_form, write_table
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.turns.turn_measuring import Turns
from mbconv_cli.analysis.view import View
from mbconv_cli.cost.counts import cost_of, plan_costs, total
from mbconv_cli.errors import InputError
from mbconv_cli.measure.execution import Execution, Mode
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.plan.ops import Op
from mbconv_cli.report.model import Cell
from mbconv_cli.spec.catalogue import shipped

FORM = Execution(threads=1)
MACHINE: dict[str, Cell] = {"torch": "2.6.0+cpu", "threads": 1, "device": "cpu", "device_name": "a CPU"}
NETWORKS = [
    network
    for network in (open_network(name) for name in shipped() if not name.startswith("bottleneck"))
    if total(plan_costs(network.plan)).macs < 600_000_000
]
SIZES = st.integers(1, 1_000)


def true_ms(op: Op) -> float:
    """A made-up machine: a start, arithmetic that depthwise kernels do badly and few channels slow down, and memory.

    Kernels have a habit, too: they are slower for odd numbers of channels.
    """
    cost, channels = cost_of(op), op.output.shape[0]
    speed = (4e6 if "depthwise" in traits(op).kind else 4e7) * channels / (channels + 32)
    habit = 1.0 if channels % 16 == 0 else 1.15
    return habit * (0.004 + cost.macs / speed + cost.bytes(1, 4) / 2e7)


def made_up_turns(noise: float) -> Turns:
    draw = random.Random(0)
    by_place: dict[tuple[int, int], Turn] = {}
    for index, network in enumerate(NETWORKS):
        for process in range(3):
            layers = tuple(true_ms(op) * math.exp(draw.gauss(0, noise)) for op in network.plan.ops)
            by_place[index, process] = Turn(1.02 * sum(layers), 9, MACHINE, layers_ms=layers)
    return Turns(by_place)


@pytest.fixture(scope="module")
def built() -> tuple[LatencyTable, list[HeldOut]]:
    return build_table(NETWORKS, FORM, made_up_turns(0.05))


@pytest.fixture(scope="module")
def table(built: tuple[LatencyTable, list[HeldOut]]) -> LatencyTable:
    return built[0]


@given(st.lists(st.lists(st.floats(-5, 5), min_size=3, max_size=3), min_size=6, max_size=12, unique_by=tuple))
def test_ridge_finds_the_line_that_values_are_on(points: list[list[float]]) -> None:
    rows = [[1.0, *point] for point in points]
    values = [2.0 + 0.5 * a - b + 0.1 * c for a, b, c in points]
    found = ridge(rows, values)
    spread = max(abs(x) for row in rows for x in row)
    for row, value in zip(rows, values, strict=True):
        assert sum(a * b for a, b in zip(found, row, strict=True)) == pytest.approx(value, abs=0.3 * (1 + spread))


def test_a_product_of_powers_is_found_again() -> None:
    def one(channels: int, pixels: int) -> Timed:
        return Timed(Traits("kind", ("channels", "pixels"), (channels, pixels)), 1e-5 * channels**0.9 * pixels**0.8)

    model = fit([one(c, p) for c in (8, 16, 32, 64, 128) for p in (49, 196, 784, 3136)])
    for channels, pixels in ((24, 100), (100, 400), (8, 49)):
        expected = one(channels, pixels)
        assert model.milliseconds(expected.traits) == pytest.approx(expected.milliseconds, rel=0.02)


def test_what_one_size_takes_longer_for_is_remembered() -> None:
    sizes = [8 * 2**power for power in range(8)]
    slow = 128
    timed = [Timed(Traits("kind", ("channels",), (c,)), 0.01 * c * (2 if c == slow else 1)) for c in sizes] * 3
    model = fit(timed)
    shares = {c: model.milliseconds(Traits("kind", ("channels",), (c,))) / c for c in (slow // 2, slow)}
    assert shares[slow] > 1.2 * shares[slow // 2]


@given(st.lists(SIZES, min_size=1, max_size=5), SIZES)
def test_only_what_is_far_outside_is_refused(measured: list[int], asked: int) -> None:
    known = bounds([Traits("kind", ("channels",), (size,)) for size in measured])
    reason = far_outside(Traits("kind", ("channels",), (asked,)), known)
    assert (reason is None) == (min(measured) / FARTHEST <= asked <= FARTHEST * max(measured))
    assert reason is None or f"{asked:,} channels" in reason


def test_every_op_of_the_shipped_networks_has_traits() -> None:
    for network in NETWORKS:
        for op in network.plan.ops:
            one = traits(op)
            assert len(one.names) == len(one.sizes)
            assert all(size > 0 for size in one.sizes)


def test_networks_that_are_left_out_are_predicted(built: tuple[LatencyTable, list[HeldOut]]) -> None:
    found, held = built
    assert [one.name for one in held] == [network.plan.name for network in NETWORKS]
    assert found.held_out.networks >= 25
    assert found.held_out.within_10 >= 0.9
    assert found.held_out.spearman > 0.99
    assert found.held_out.rmse_ms < found.held_out_by_macs.rmse_ms / 3


def test_the_report_has_both_predictors_and_every_network(built: tuple[LatencyTable, list[HeldOut]]) -> None:
    report = table_report(*built, made_up_turns(0.05))
    ops, macs = report.sections["predictors"].rows
    assert (ops["name"], macs["name"]) == ("ops of the table", "MACs alone")
    assert len(report.sections["held_out"].rows) == len(NETWORKS)


def test_too_few_networks_make_no_table() -> None:
    turns = Turns({place: turn for place, turn in made_up_turns(0).by_place.items() if place[0] < 3})
    with pytest.raises(InputError, match="5 measured networks at least, and there are 3"):
        build_table(NETWORKS, FORM, turns)


def test_the_layers_add_up_to_the_prediction(table: LatencyTable) -> None:
    network = open_network("mobilenet-v2")
    report = predicted_profile(network, table, View(By.LAYER))
    rows, totals = report.sections["layers"].rows, report.totals
    whole = totals["predicted_ms"]
    assert isinstance(whole, float)
    assert sum(float(str(row["predicted_ms"])) for row in rows) == pytest.approx(whole)
    assert whole == pytest.approx(1.02 * sum(map(true_ms, network.plan.ops)), rel=0.1)
    assert totals.items() >= {key: profile(network).totals[key] for key in ("params", "macs", "bytes")}.items()
    assert float(str(totals["predicted_ms_low"])) < whole < float(str(totals["predicted_ms_high"]))


def test_ops_far_outside_are_named_together(table: LatencyTable) -> None:
    with pytest.raises(InputError) as caught:
        predicted_profile(open_network("mobilenet-v2", resolution=672), table, View())
    assert len(caught.value.problems) == 4
    assert "stem.conv: 112,896 output pixels" in caught.value.sentences[0]
    assert caught.value.sentences[-1].endswith("more ops")


def test_a_kind_that_was_not_measured_is_refused(table: LatencyTable) -> None:
    predictor = table.predictor()
    (op, *_) = open_network("mobilenet-v2").plan.ops
    strange = op._replace(kind=open_network("efficientnet-b0").plan.ops[0].kind)
    assert predictor.op_ms(strange) > 0
    del predictor.models["convolution"]  # type: ignore[attr-defined]  # a dictionary
    predictor._known.clear()
    with pytest.raises(UnpredictableError, match="no convolution was measured"):
        predictor.op_ms(op)


def test_a_file_comes_back_as_it_was(table: LatencyTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbconv_cli.analysis.prediction.table_file._torch_version", lambda: "2.6.0")
    path = tmp_path / "table.json"
    write_table(path, table)
    assert read_table(path) == table


def test_a_table_of_another_machine_is_refused(
    table: LatencyTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mbconv_cli.analysis.prediction.table_file._torch_version", lambda: "2.6.0")
    path = tmp_path / "table.json"
    document = json.loads(table.model_dump_json())
    document["machine"]["cpu"] = "another CPU"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match="cpu 'another CPU'"):
        read_table(path)
    write_table(path, table)
    monkeypatch.setattr("mbconv_cli.analysis.prediction.table_file._torch_version", lambda: "2.7.0")
    with pytest.raises(InputError, match=r"torch '2\.6\.0\+cpu', and here it is '2\.7\.0'"):
        read_table(path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "mbconv.latency-table/1", "networks": []}'])
def test_what_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is no latency table"):
        read_table(path)


@pytest.mark.parametrize("wanted", [Execution(fold_norm=True), Execution(threads=2), Execution(mode=Mode.COMPILE)])
def test_another_form_than_the_tables_is_refused(table: LatencyTable, wanted: Execution) -> None:
    require_form(table, Execution(threads=1))
    require_form(table, Execution())
    with pytest.raises(InputError, match="with --predict"):
        require_form(table, wanted)


def test_errors_are_shares_of_what_was_measured() -> None:
    found = errors([(1.04, 1.0), (2.16, 2.0), (3.0, 4.0)])
    assert (found.within_5, found.within_10) == (1 / 3, 2 / 3)
    assert found.rmse_ms == pytest.approx(math.sqrt((0.04**2 + 0.16**2 + 1) / 3))
    assert found.spearman == pytest.approx(1.0)


@given(st.lists(st.floats(0.5, 2.0), min_size=19, max_size=60))
def test_the_interval_holds_what_it_was_made_of(ratios: list[float]) -> None:
    error = interval_error([HeldOut("a", 1.0, ratio, 1.0) for ratio in ratios])
    within = sum(abs(math.log(ratio)) <= error + 1e-12 for ratio in ratios)
    assert within >= 0.95 * len(ratios)


def test_macs_are_a_line_of_logarithms() -> None:
    from mbconv_cli.analysis.prediction.predictor import MeasuredNetwork

    networks = [MeasuredNetwork("a", macs, 1e-4 * macs**0.5, (), 1.0) for macs in (10**6, 10**7, 10**8)]
    slope, level = macs_line(networks)
    assert slope == pytest.approx(0.5)
    assert level == pytest.approx(math.log(1e-4))


def test_hold_out_never_shows_a_network_its_own_figures() -> None:
    turns = made_up_turns(0.0)
    networks = NETWORKS[:10]
    few = Turns({place: turn for place, turn in turns.by_place.items() if place[0] < 10})
    from mbconv_cli.analysis.prediction.table_build import measured_networks

    measured = measured_networks(networks, FORM, few)
    slower = [*measured[:-1], measured[-1].__class__(measured[-1].name, measured[-1].macs, 1e3, measured[-1].ops, 1e3)]
    before, after = hold_out(measured)[-1], hold_out(slower)[-1]
    assert before.predicted_ms == after.predicted_ms
    assert before.by_macs_ms == after.by_macs_ms
