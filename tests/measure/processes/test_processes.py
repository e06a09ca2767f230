from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import pytest

from mbconv_cli.errors import InputError
from mbconv_cli.machine.device_choice import DeviceChoice
from mbconv_cli.measure.latency import Progress
from mbconv_cli.measure.processes.comparisons import Outcome, Request, compare, launch_process
from mbconv_cli.measure.statistics.estimates import process_interval
from mbconv_cli.plan.planner import make_plan
from mbconv_cli.spec.loader import load_text

TWO = tuple(
    make_plan(load_text(f"input: {{resolution: 8}}\nstem: {{output_filters: {filters}}}", "net.yaml").spec)
    for filters in (2, 4)
)
REQUEST = Request(sets=(TWO,), device=DeviceChoice("cpu"), threads=1, seconds=0.01)


def test_each_process_counts_once_and_only_the_first_audits() -> None:
    requests: list[Request] = []
    told: list[float] = []

    def launch(request: Request, progress: Progress) -> Outcome:
        requests.append(request)
        progress(1.0)
        ratio = 1.1 ** len(requests)
        return Outcome(((10.0, 10.0 * ratio),), ((1.0, ratio),), (9 - request.seed,), {"device": "cpu"}, 7)

    found = compare(REQUEST, 3, told.append, launch)
    assert [(request.seed, request.audit) for request in requests] == [(0, True), (1, False), (2, False)]
    assert told == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert found.latency_ratio[0][1].value == pytest.approx(1.1**2)
    assert found.latency_ratio[0][0].low == found.latency_ratio[0][0].high == 1.0
    assert (found.processes, found.rounds, found.audited_ops) == (3, 7, 7)


def test_the_interval_is_students_on_the_logarithms() -> None:
    estimate = process_interval([math.exp(1.0), math.exp(2.0), math.exp(3.0)])
    half = 4.302653 * 1.0 / math.sqrt(3)
    assert estimate.value == pytest.approx(math.exp(2.0))
    assert math.log(estimate.low) == pytest.approx(2.0 - half)
    assert math.log(estimate.high) == pytest.approx(2.0 + half)


def test_the_quantile_goes_on_beyond_the_table() -> None:
    widths = []
    for count in (21, 22, 200):
        figures = [math.exp((-1.0) ** index) for index in range(count)]
        estimate = process_interval(figures)
        widths.append((math.log(estimate.high) - math.log(estimate.value)) * math.sqrt(count))
    assert widths[0] > widths[1] > widths[2] > 1.95


def test_an_interval_without_bounds_stays_a_number() -> None:
    estimate = process_interval([1e-3, 1e300])
    assert math.isfinite(estimate.high)
    assert estimate.low > 0


def test_a_fresh_process_builds_audits_and_measures() -> None:
    told: list[float] = []
    outcome = launch_process(replace(REQUEST, audit=True, keep_rounds=True), told.append)
    assert outcome.audited_ops == sum(len(plan.ops) for plan in TWO)
    assert outcome.latency_ratio[0][0] == 1.0
    assert outcome.latency_ms[0][0] > 0
    assert len(outcome.round_ms[0]) == outcome.rounds[0]
    assert outcome.latency_ms[0] == tuple(median(times) for times in zip(*outcome.round_ms[0], strict=True))
    assert outcome.machine["device"] == "cpu"
    assert outcome.machine["threads"] == 1
    assert told
    assert told[-1] <= 1.0


def test_what_a_process_cannot_do_is_told_in_its_words() -> None:
    request = Request(sets=(TWO,), device=DeviceChoice("cuda", 4_000))
    with pytest.raises(InputError, match="'cuda:4000' is not there"):
        launch_process(request, lambda _: None)
