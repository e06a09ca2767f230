"""The frontier's report, over turns that a test makes up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbconv_cli.analysis.frontier.contenders import Contender, Selection, form_labels, forms, open_contenders
from mbconv_cli.analysis.frontier.cost_budgets import parse_budgets
from mbconv_cli.analysis.frontier.frontier import (
    Question,
    exact_frontier,
    measured_frontier,
    require_answerable,
    reward,
)
from mbconv_cli.analysis.sweep.constraints import parse_conditions
from mbconv_cli.analysis.turns.turn_measuring import Turns
from mbconv_cli.errors import InputError
from mbconv_cli.measure.execution import Backend, Execution
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.report.model import Cell, Report
from mbconv_cli.spec.catalogue import Catalogue, shipped

NAMES = ("mobilenet-v2", "mobilenet-v3-large", "mobilenet-v3-small")
FORMS = forms([Backend.TORCH, Backend.ONNXRUNTIME], [1], fold_norm=False, batch_size=1)
MACHINE: dict[str, Cell] = {
    "torch": "2.6",
    "threads": 1,
    "threads_because": "as requested",
    "device": "cpu",
    "device_name": "a CPU",
}


def contenders(names: tuple[str, ...] = NAMES) -> list[Contender]:
    return open_contenders(Selection(names), FORMS[:1], Catalogue())[0]


def turns(latencies: list[float], spread: float = 0.01) -> Turns:
    """Three processes for each candidate, the outer ones a little off."""
    shares = (1 - spread, 1.0, 1 + spread)
    return Turns(
        {
            (candidate, index): Turn(latency * share, 9, dict(MACHINE))
            for candidate, latency in enumerate(latencies)
            for index, share in enumerate(shares)
        }
    )


def measured(latencies: list[float], question: Question, spread: float = 0.001) -> Report:
    return measured_frontier(contenders(), FORMS[:1], turns(latencies, spread), question)


def test_the_answer_comes_first() -> None:
    report = measured([20.0, 14.0, 5.0], Question(budgets=parse_budgets(["latency_ms=15ms"])))
    assert report.prose[0] == "within 15 ms: mobilenet-v3-large, 74.0 %, 14.0 ±0.0 ms"
    (row,) = report.sections["answers"].rows
    assert (row["name"], row["certain"]) == ("mobilenet-v3-large", True)


def test_what_may_be_within_is_named_beside_the_answer() -> None:
    report = measured([20.0, 14.99, 5.0], Question(budgets=parse_budgets(["latency_ms=15ms"])), spread=0.01)
    assert report.prose[0].startswith("within 15 ms: mobilenet-v3-small, 67.7 %, 5.00 ±0.1")
    assert "perhaps also mobilenet-v3-large" in report.prose[0]


def test_where_none_is_certain_what_may_be_within_is_the_answer() -> None:
    report = measured([20.0, 16.0, 15.01], Question(budgets=parse_budgets(["latency_ms=15ms"])), spread=0.01)
    assert report.prose[0].startswith("within 15 ms: none for certain; perhaps mobilenet-v3-small, 67.7 %, 15.0 ±0.")


def test_nothing_within_names_the_cheapest() -> None:
    report = measured([20.0, 14.0, 5.0], Question(budgets=parse_budgets(["latency_ms=1ms"])))
    assert report.prose[0].startswith("within 1 ms: no network; the cheapest is mobilenet-v3-small")


def test_rows_go_from_the_fastest_and_overlapping_ones_share_ranks() -> None:
    rows = measured([14.05, 14.0, 5.0], Question(), spread=0.02).sections["networks"].rows
    assert [(row["name"], row["rank"]) for row in rows] == [
        ("mobilenet-v3-small", "1"),
        ("mobilenet-v3-large", "2-3"),
        ("mobilenet-v2", "2-3"),
    ]
    assert [row["pareto"] for row in rows] == ["yes", "yes", "undecided"]


def test_on_an_accelerator_launched_times_stand_beside() -> None:
    found = turns([20.0, 14.0, 5.0], 0.001)
    launched = Turns({place: replace(turn, launched_ms=30.0) for place, turn in found.by_place.items()})
    question = Question(budgets=parse_budgets(["latency_ms=15ms"]))
    report = measured_frontier(contenders(), FORMS[:1], launched, question)
    for section in ("networks", "answers"):
        assert [row["launched_ms"] for row in report.sections[section].rows] == pytest.approx(
            [30.0] * len(report.sections[section].rows)
        )
        assert "launched_ms" in [column.key for column in report.sections[section].columns]
    assert "launched_ms" not in measured([20.0, 14.0, 5.0], question).sections["networks"].rows[0]


def test_every_form_has_a_section_and_a_part_of_the_answer() -> None:
    question = Question(budgets=parse_budgets(["latency_ms=15ms"]))
    report = measured_frontier(contenders(), FORMS, turns([20, 9, 14, 8, 5, 3], 0.001), question)
    assert [*report.sections] == ["torch", "onnxruntime", "answers"]
    first, _, second = report.prose[0].partition(" (onnxruntime: ")
    assert first == "within 15 ms: mobilenet-v3-large, 74.0 %, 14.0 ±0.0 ms"
    assert second == "mobilenet-v3-large, 74.0 %, 8.00 ±0.02 ms)"


def test_a_network_with_one_turn_has_no_latency_and_comes_last() -> None:
    found = turns([14.0, 20.0, 5.0], 0.001)
    few = Turns(
        {place: turn for place, turn in found.by_place.items() if place[0] != 2 or place[1] == 0}, interrupted=True
    )
    report = measured_frontier(contenders(), FORMS[:1], few, Question())
    assert [("latency_ms" in row) for row in report.sections["networks"].rows] == [True, True, False]
    assert report.sections["networks"].rows[-1]["name"] == "mobilenet-v3-small"
    assert report.measurement["complete"] is False
    assert any(note.startswith("warning: interrupted") for note in report.notes)


def test_an_overloaded_machine_gives_no_usable_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MBCONV_CACHE_DIR", str(tmp_path))
    slow = {
        place: Turn(turn.latency_ms, 9, turn.machine | {"architecture": "x"}, reference_ms=0.5 if place[1] else 2.0)
        for place, turn in turns([14.0, 20.0, 5.0]).by_place.items()
    }
    report = measured_frontier(contenders(), FORMS[:1], Turns(slow), Question())
    assert report.measurement["usable"] is False
    assert report.notes[0].startswith("no usable result: the machine was overloaded")


def test_the_reward_is_the_accuracy_at_the_target() -> None:
    report = measured([20.0, 14.0, 5.0], Question(reward_ms=14.0))
    rewards = {row["name"]: row["reward"] for row in report.sections["networks"].rows}
    assert rewards["mobilenet-v3-large"] == pytest.approx(74.042, rel=1e-3)


@given(st.floats(1, 100), st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_twice_the_latency_is_worth_five_percent(top1: float, latency: float, target: float) -> None:
    assert reward(top1, 2 * latency, target) == pytest.approx(0.9526 * reward(top1, latency, target), rel=1e-3)


def test_exact_costs_need_no_measurement() -> None:
    report = exact_frontier(contenders(), Question(x="macs", budgets=parse_budgets(["macs=250M"])))
    assert report.prose == ("within 250M MACs: mobilenet-v3-large, 74.0 %, 216.6 M MACs",)
    assert [row["pareto"] for row in report.sections["networks"].rows] == ["yes", "yes", "no"]
    assert not report.measurement


def test_by_default_all_shipped_networks_with_an_accuracy_are_compared() -> None:
    found, left_out = open_contenders(Selection(), FORMS[:1], Catalogue())
    assert {*left_out} | {one.name for one in found} == {*shipped()}
    assert all(one.accuracy for one in found)


def test_conditions_choose_by_resolution() -> None:
    units = {"resolution": {"": 1}}
    chosen = Selection(("mobilenet-v2", "efficientnet-b1"), conditions=parse_conditions(["resolution <= 224"], units))
    assert [one.name for one in open_contenders(chosen, FORMS[:1], Catalogue())[0]] == ["mobilenet-v2"]


def test_the_accuracy_of_another_resolution_is_pointed_out() -> None:
    found, _ = open_contenders(Selection(("mobilenet-v2",), resolution=(160, 160)), FORMS[:1], Catalogue())
    assert any("mobilenet-v2 (at 224 px)" in note for note in exact_frontier(found, Question(x="macs")).notes)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(family="MobilNet"), "did you mean 'MobileNet'"),
        (Selection(("mobilenet-v2",), conditions=parse_conditions(["macs < 1M"])), "no network is left for --where"),
        (Selection(("mobilenet-v7",)), "no network is called"),
    ],
)
def test_no_network(selection: Selection, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_contenders(selection, FORMS[:1], Catalogue())


@pytest.mark.parametrize(
    "question", [Question(x="macs", budgets=parse_budgets(["latency_ms=1"])), Question(x="macs", reward_ms=1.0)]
)
def test_exact_costs_answer_nothing_about_latency(question: Question) -> None:
    with pytest.raises(InputError, match="needs --x latency_ms"):
        require_answerable(question)


def test_labels_name_what_differs() -> None:
    assert form_labels(FORMS) == ["torch", "onnxruntime"]
    assert form_labels([Execution(threads=1), Execution(threads=2)]) == ["torch 1 thread", "torch 2 threads"]


def test_norms_are_not_folded_for_onnxruntime_alone() -> None:
    with pytest.raises(InputError, match="leave it out"):
        forms([Backend.ONNXRUNTIME], [None], fold_norm=True, batch_size=1)
    assert [form.fold_norm for form in forms([*Backend], [None], fold_norm=True, batch_size=1)] == [True, False]
