from __future__ import annotations

import re

import pytest

from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import Verdict
from tests.render.conftest import check_report, check_row


def lines(report: Report, width: int | None = None, **style: bool) -> list[str]:
    return render(report, Format.TABLE, Style(width=width, **style)).splitlines()


def test_the_worst_come_first(check: Report) -> None:
    table = lines(check, 80, verbose=True)[5:15]
    assert [re.split(r"\s{2,}", line)[-1] for line in table] == [
        "error",
        "missing",
        "fail",
        "fail",
        "not comparable",
        "inconclusive",
        "warning",
        "pass",
        "pass",
        "off",
    ]


def test_what_did_not_change_is_shown_when_asked_for(check: Report) -> None:
    unchanged = "mobilenet-v3-small  params "
    assert not any(line.startswith(unchanged) for line in lines(check))
    assert "unchanged: 2 checks of 6 networks in all; --verbose shows them" in lines(check)
    assert any(line.startswith(unchanged) for line in lines(check, verbose=True))


def test_an_identical_plan_is_no_change_and_a_renamed_network_is_one() -> None:
    same = check_row("same", "latency_ms", (None, None, "ms"), "max_increase 3%", "pass", message="identical plan")
    renamed = check_row("new", "spec", (None, None, ""), "", "pass", message="renamed from old.yaml")
    text = "\n".join(lines(check_report((same, renamed))))
    assert "latency_ms" not in text
    assert re.search(r"^new +spec", text, re.MULTILINE)
    assert "networks: new renamed from old.yaml" in text


def test_a_budget_that_unchanged_networks_exceed_is_no_change() -> None:
    over = [
        check_row(one, "macs", (9, 9, "MAC"), "max 5", "fail", file="c", line=3, column=1, message="9 MACs, 4 over")
        for one in "ab"
    ]
    text = " ".join("\n".join(lines(check_report(tuple(over)))).split())
    assert "2 networks macs: a, b; macs: 9 MACs, 4 over" in text
    assert "+0.0%" not in text.partition("2 networks")[2]


def test_what_costs_less_is_counted_but_not_what_only_seems_to(check: Report) -> None:
    assert "improved" not in lines(check)[1]  # its interval reaches to 1
    better = check_report((check_row("a", "params", (2, 1, "param"), "max_increase 0", "pass"),))
    assert lines(better)[1] == "1 improved, 1 passed"


@pytest.mark.parametrize("width", [100, 120, 200, None])
def test_from_100_columns_on_base_head_and_verdict_are_whole(check: Report, width: int | None) -> None:
    row = next(line for line in lines(check, width) if line.startswith("ours-large          macs"))
    assert re.search(r"385,814,752\s+397,002,848\s+\+2\.9%.*warning", row)


@pytest.mark.parametrize("width", [66, 72, 80])
def test_a_narrow_terminal_keeps_the_limit_and_hides_base_and_head_together(check: Report, width: int) -> None:
    heading = next(line for line in lines(check, width) if line.startswith("network"))
    assert ("base" in heading) == ("head" in heading)
    assert "limit" in heading
    assert "verdict" in heading


def test_figures_are_in_the_unit_of_their_row(check: Report) -> None:
    text = "\n".join(lines(check))
    assert "latency_ms       25.125       26.750" in text  # to the microsecond
    assert "params        5,288,548    5,289,060" in text


def test_the_smallest_increase_does_not_look_like_none(check: Report) -> None:
    row = next(line for line in lines(check) if line.startswith("ours-large          params"))
    assert "+0.01%" in row


def test_all_that_is_not_well_is_explained_and_placed(check: Report) -> None:
    text = "\n".join(lines(check))
    assert "error: ours-broken spec: unknown key 'activaton'; did you mean 'activation'? " in text
    assert "(architectures/ours-broken.yaml:3:1)" in text
    assert "warning: ours-large macs: 2.9% more" in text
    assert "pass: " not in text


def test_measured_rows_have_ratio_interval_processes_and_what_could_be_detected(check: Report) -> None:
    row = next(line for line in lines(check, 80) if line.startswith("ours-large") and "±" in line)
    assert re.split(r"\s{2,}", row) == ["ours-large", "1.065 ±0.009", "+1.2%", "10"]


def test_counts_of_nothing_are_not_told() -> None:
    report = check_report((check_row("a", "params", (1, 1, "param"), "max_increase 0", "pass"),))
    assert lines(report)[1] == "1 passed"
    assert "measured" not in "\n".join(lines(report))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_a_colour(verdict: Verdict) -> None:
    report = check_report((check_row("a", "params", (1, 2, "param"), "", verdict.value, message="why"),))
    assert re.search(rf"\x1b\[\d+m{verdict.value}\x1b\[0m", "\n".join(lines(report, 80, color=True)))
