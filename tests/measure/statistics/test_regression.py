from __future__ import annotations

import math
import random
from statistics import fmean, stdev

import pytest

from mbconv_cli.measure.statistics.estimates import process_interval
from mbconv_cli.measure.statistics.regression import FALSE_ALARM, POWER, difference, interval, judge, trimmed_mean
from mbconv_cli.report.verdict import Verdict

PROCESSES = 10
SPREAD = 0.01


def figures(order: random.Random, ratio: float = 1.0, count: int = PROCESSES, spread: float = SPREAD) -> list[float]:
    return [ratio * math.exp(order.gauss(0, spread)) for _ in range(count)]


def share(verdict: Verdict, ratio: float, runs: int, *, allowed: float = 1.0, spread: float = SPREAD) -> float:
    order = random.Random(5)
    judged = [judge(trimmed_mean(figures(order, ratio, spread=spread)), allowed, 0.03, 1) for _ in range(runs)]
    return sum(judgement.verdict is verdict for judgement in judged) / runs


def test_with_few_processes_it_is_students() -> None:
    found = trimmed_mean([math.exp(1.0), math.exp(2.0), math.exp(4.0)])
    logs = [1.0, 2.0, 4.0]
    assert found.value == pytest.approx(fmean(logs))
    assert found.error == pytest.approx(stdev(logs) / math.sqrt(3))
    assert found.freedom == 2
    expected = process_interval([math.exp(log) for log in logs])
    assert interval(found) == pytest.approx((expected.value, expected.low, expected.high), rel=1e-5)


def test_with_ten_the_ends_are_left_out() -> None:
    logs = [-9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 90.0]
    found = trimmed_mean([math.exp(log) for log in logs])
    assert found.value == pytest.approx(4.5)
    winsorized = [1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 8.0]
    assert found.error == pytest.approx(stdev(winsorized) / (0.8 * math.sqrt(10)))
    assert found.freedom == 7


def test_at_the_limit_itself_false_alarms_are_as_rare_as_promised() -> None:
    runs = 4_000
    assert share(Verdict.FAIL, 1.03, runs, allowed=1.03) <= FALSE_ALARM + 3 * math.sqrt(FALSE_ALARM / runs)


def test_a_slowdown_well_beyond_the_limit_is_found_and_an_equal_network_passes() -> None:
    assert share(Verdict.FAIL, 1.06, 500, allowed=1.03) >= 0.9
    assert share(Verdict.PASS, 1.0, 500, allowed=1.03) >= 0.99


def test_noise_makes_it_inconclusive_and_not_a_pass() -> None:
    assert share(Verdict.INCONCLUSIVE, 1.02, 500, spread=0.2) > 0.9


def test_the_detectable_slowdown_is_detected_as_often_as_it_says() -> None:
    order = random.Random(3)
    detectable = fmean(judge(trimmed_mean(figures(order)), 1.0, 0.03, 1).detectable for _ in range(500))
    assert share(Verdict.FAIL, 1 + detectable, 2_000) == pytest.approx(POWER, abs=0.04)


def test_one_wild_process_neither_makes_nor_hides_a_slowdown() -> None:
    order = random.Random(1)
    equal, slower = figures(order, count=9), figures(order, 1.06, count=9)
    assert judge(trimmed_mean([*equal, 1.5]), 1.03, 0.03, 1).verdict is Verdict.PASS
    assert judge(trimmed_mean([*slower, 0.7]), 1.03, 0.03, 1).verdict is Verdict.FAIL


def test_more_tests_ask_for_more_evidence() -> None:
    mean = trimmed_mean(figures(random.Random(2), 1.03))
    alone, among_many = judge(mean, 1.0, 0.03, 1), judge(mean, 1.0, 0.03, 50)
    assert among_many.low < alone.low
    assert among_many.detectable > alone.detectable
    assert among_many.high == alone.high


def test_two_samples_are_compared_by_welch() -> None:
    # Figures whose logarithms are 1, 2, 3 and 2, 4, 6: t = -2 / sqrt(1 / 3 + 4 / 3), by hand.
    found = difference(trimmed_mean([math.exp(x) for x in (1, 2, 3)]), trimmed_mean([math.exp(x) for x in (2, 4, 6)]))
    assert found.value == pytest.approx(-2)
    assert found.error == pytest.approx(math.sqrt(5 / 3))
    assert found.freedom == pytest.approx((5 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (4 / 3) ** 2 / 2))


def test_samples_without_any_spread() -> None:
    same = trimmed_mean([2.0] * 5)
    assert judge(difference(same, same), 1.0, 0.03, 1).verdict is Verdict.PASS
    assert judge(same, 1.0, 0.03, 1).verdict is Verdict.FAIL


def test_boundless_intervals_stay_numbers() -> None:
    judgement = judge(trimmed_mean([1e-200, 1e200, 1.0]), 1.0, 0.03, 1)
    assert all(math.isfinite(end) for end in (judgement.low, judgement.high, judgement.detectable))
    assert judgement.verdict is Verdict.INCONCLUSIVE
