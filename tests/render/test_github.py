"""Annotations, read back as GitHub's runner reads them."""

from __future__ import annotations

from dataclasses import dataclass

from mbconv_cli.render.github import MOST, render_github
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Cell, Report
from tests.render.conftest import HOSTILE_NAMES, check_report, check_row


@dataclass(frozen=True)
class Command:
    kind: str
    properties: dict[str, str]
    message: str


def unescaped(text: str, *, of_property: bool) -> str:
    pairs = [("%0D", "\r"), ("%0A", "\n")] + [("%3A", ":"), ("%2C", ",")] * of_property + [("%25", "%")]
    for escape, character in pairs:
        text = text.replace(escape, character)
    return text


def commands(report: Report) -> list[Command]:
    """As in ActionCommand.TryParseV2 of https://github.com/actions/runner: properties are split at every comma."""
    found = []
    for line in render_github(report, Style()).splitlines():
        if line.lstrip().startswith("::"):
            head, _, message = line.lstrip()[2:].partition("::")
            kind, _, given = head.partition(" ")
            pairs = [pair.partition("=") for pair in given.split(",")]
            properties = {key: unescaped(value, of_property=True) for key, _, value in pairs}
            found.append(Command(kind, properties, unescaped(message, of_property=False)))
    return found


def test_a_failure_is_an_error_on_its_line(check: Report) -> None:
    error = next(command for command in commands(check) if "params" in command.properties["title"])
    assert error.kind == "error"
    assert error.properties == {
        "file": "architectures/ours-large.yaml",
        "line": "17",
        "col": "9",
        "title": "ours-large latency_ms, params: fail",
    }
    assert "params: 512 more than at origin/main, and none is allowed" in error.message


def test_one_line_that_five_networks_inherit_is_one_annotation() -> None:
    place: dict[str, Cell] = {"file": "../nets/base.yaml", "line": 6, "column": 39,
                              "repository_file": "nets/base.yaml"}  # fmt: skip
    rows = [
        check_row(f"n{index}", metric, (100, 110 + index, "param"), "max_increase 0", "fail", **place, next_step="look")
        for index in range(5)
        for metric in ("params", "macs")
    ]
    (found,) = commands(check_report(tuple(rows)))
    assert found.properties == {"file": "nets/base.yaml", "line": "6", "col": "39",
                                "title": "5 networks params, macs: fail"}  # fmt: skip
    assert found.message == (
        "n4, n3, n2, n1, n0; params +14.0% in n4 (max_increase 0); MACs +14.0% in n4 (max_increase 0); next: look"
    )


def test_the_worst_come_first_and_what_only_warns_is_a_warning(check: Report) -> None:
    assert [(command.kind, command.properties["title"]) for command in commands(check)] == [
        ("error", "ours-broken spec: error"),
        ("error", "ours-tiny spec: missing"),
        ("error", "ours-large latency_ms, params: fail"),
        ("warning", "ours-old latency_ms: not comparable"),
        ("warning", "mobilenet-v3-small latency_ms: inconclusive"),
        ("warning", "ours-large macs: warning"),
    ]


def test_percent_signs_survive(check: Report) -> None:
    assert any("slower by 5.6% at least, 3% is allowed" in command.message for command in commands(check))


def test_at_most_ten_and_the_rest_are_counted() -> None:
    rows = [check_row(f"n{index}", "params", (1, 2, "param"), "", "fail", message="more") for index in range(12)]
    rows.insert(0, check_row("first", "latency_ms", (1.0, 1.1, "ms"), "", "inconclusive", message="noisy"))
    found = commands(check_report(tuple(rows)))
    assert [command.kind for command in found] == ["error"] * MOST + ["notice"]
    assert found[-1].message == "3 more causes are in the report: 2 fail, 1 inconclusive"


def test_nothing_wrong_is_one_plain_line() -> None:
    report = check_report((check_row("a", "params", (1, 1, "param"), "max_increase 0", "pass"),))
    assert render_github(report, Style()) == "mbconv check: mbconv-check.yaml, against origin/main: 1 passed\n"


def test_hostile_names_stay_in_their_place(hostile_check: Report) -> None:
    found = commands(hostile_check)
    assert len(found) == MOST + 1
    for command, name in zip(found, HOSTILE_NAMES, strict=False):
        if command.kind != "notice":
            assert command.kind == "error"
            assert command.properties["title"].startswith(safe(f"{name} params"))
            assert command.properties.get("file", "") == safe(name)
            assert command.message == safe(name)
            assert set(command.properties) <= {"file", "line", "col", "title"}
