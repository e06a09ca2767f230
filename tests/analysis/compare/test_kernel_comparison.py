from __future__ import annotations

import pytest

from mbconv_cli.analysis.compare.kernel_question import KernelQuestion
from mbconv_cli.analysis.compare.kernels import compare_kernels
from mbconv_cli.analysis.compare.kernels_in_network import kernels_in_network
from mbconv_cli.analysis.measuring import MeasureRequest
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request
from mbconv_cli.report.model import Cell, Report

MACHINE: dict[str, Cell] = {"device": "cpu", "device_name": "a CPU", "threads": 1, "torch": "2"}


def launch(request: Request, _: Progress) -> Outcome:
    """A machine on which time goes by the number of ops, but for a little noise, another in each process."""
    times = [
        tuple(len(plan.ops) * (1 + (0.01 * request.seed if index else 0)) for index, plan in enumerate(plans))
        for plans in request.sets
    ]
    ratios = [tuple(time / of_set[0] for time in of_set) for of_set in times]
    return Outcome(tuple(times), tuple(ratios), (10,) * len(times), MACHINE, 5)


MEASURE = MeasureRequest(DeviceChoice("cpu"), None, 3, lambda _: None, launch)


def row(report: Report, n: int) -> dict[str, object]:
    return next(dict(row) for row in report.sections["crossing"].rows if row["n"] == n)


@pytest.mark.parametrize(("n", "winner"), [(6, "3x3, 3x3"), (7, "tie"), (8, "5x5")])
def test_the_neighbourhood_of_mnasnets_crossing(n: int, winner: str) -> None:
    report = compare_kernels(KernelQuestion(5, (3, 3), (8,)))
    assert row(report, n)["paper_winner"] == row(report, n)["built_winner"] == winner
    assert report.totals == {"paper_crossing": 7.0, "built_crossing": 7.0}
    assert "at N = 8, on paper: 33 for 5x5 against 34 for 3x3, 3x3" in report.notes
    assert report.sections["crossing"].plot is None


def test_with_another_m_what_is_built_differs_from_the_paper() -> None:
    report = compare_kernels(KernelQuestion(5, (3, 3), (8, 12, 16), m=32))
    assert row(report, 12)["paper_winner"] == "5x5"
    assert row(report, 12)["built_kernel"] == 32 * (25 + 12) * 56 * 56
    assert row(report, 12)["built_stack"] == (32 * (9 + 12) + 12 * (9 + 12)) * 56 * 56
    assert row(report, 12)["built_winner"] == "3x3, 3x3"
    plot = report.sections["crossing"].plot
    assert plot is not None
    assert plot.y == ("paper_ratio", "built_ratio")
    assert len(plot.marks) == 2


def test_candidates_have_the_bytes_between_their_layers() -> None:
    report = compare_kernels(KernelQuestion(7, (3, 3, 3), (4,), m=2, height=10, width=6, stride=2, batch_size=3))
    one, stack = report.sections["candidates"].rows
    assert one["intermediate_bytes"] == 0
    assert stack["intermediate_bytes"] == 2 * (4 * 5 * 3) * 3 * 4
    assert (one["receptive_field"], stack["receptive_field"]) == (7, 11)
    assert any(note.startswith("warning: not the same receptive field") for note in report.notes)


def test_without_norm_and_activation_the_layers_are_lighter() -> None:
    rich, bare = (
        compare_kernels(KernelQuestion(5, (3, 3), (8,), norm_act=norm_act)).sections["candidates"].rows[0]
        for norm_act in (True, False)
    )
    assert (rich["macs"], rich["params"]) == (bare["macs"], 264 + 32)
    assert bare["params"] == 264


def test_measured_ratios_stand_beside_the_exact_ones() -> None:
    report = compare_kernels(KernelQuestion(5, (3, 3), (4, 8, 16)), MEASURE)
    measured = row(report, 8)
    assert measured["latency_ratio"] == pytest.approx(0.5, rel=0.02)
    assert measured["latency_winner"] == "5x5"
    assert isinstance(measured["latency_ratio_low"], float)
    assert isinstance(measured["latency_ratio_high"], float)
    assert measured["latency_ratio_low"] < 0.505 < measured["latency_ratio_high"]
    assert "measured, faster is: 5x5 at N = 4 to 16" in report.notes
    one, stack = report.sections["candidates"].rows[:2]
    assert one["latency_ms"] == pytest.approx(6.06, rel=0.01)
    assert stack["latency_ms"] == 12.0
    plot = report.sections["crossing"].plot
    assert plot is not None
    assert plot.y == ("paper_ratio", "latency_ratio")


def test_neighbours_are_not_measured() -> None:
    report = compare_kernels(KernelQuestion(5, (3, 3), (8,)), MEASURE)
    assert "latency_ratio" in row(report, 8)
    assert "latency_ratio" not in row(report, 7)


def test_one_layer_against_one_has_no_crossing() -> None:
    report = compare_kernels(KernelQuestion(5, (3,), (8,)))
    assert report.totals == {}
    assert any("crossing: none" in note for note in report.notes)


def test_in_a_network_every_such_kernel_becomes_a_stack() -> None:
    report = kernels_in_network(open_network("mnasnet-a1"), 5, (3, 3), measure=MEASURE)
    unchanged, stacked = report.sections["changes"].rows
    assert unchanged["name"] == "as it is"
    assert stacked["name"] == "5x5 to 3x3 + 3x3"
    assert stacked["macs"] == 308_977_760
    assert stacked["macs_difference"] == 308_977_760 - 311_579_072
    assert isinstance(stacked["latency_ratio"], float)
    assert stacked["latency_ratio"] > 1


def test_and_back() -> None:
    overrides = ["blocks[2].depthwise_stack=[3, 3]", "blocks[5].depthwise_stack=[3, 3]"]
    network = open_network("mnasnet-a1", overrides=overrides)
    (_, back) = kernels_in_network(network, 5, (3, 3)).sections["changes"].rows
    assert back["name"] == "3x3 + 3x3 to 5x5"
    assert back["macs"] == 311_579_072


@pytest.mark.parametrize(("kernel", "stack"), [(5, (3, 5)), (5, (5,)), (9, (3, 3, 3, 3))])
def test_a_network_without_such_kernels_is_refused(kernel: int, stack: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"spans|has no depthwise"):
        kernels_in_network(open_network("mnasnet-a1"), kernel, stack)
