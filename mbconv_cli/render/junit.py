"""A check's report as JUnit XML, as Jenkins, GitLab and others read it: a suite a network, a case a metric."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from mbconv_cli.render.cells import subject_line
from mbconv_cli.render.check_view import sentence
from mbconv_cli.render.checks import Check, checks
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import Severity
from mbconv_cli.units import MILLISECOND

MILLISECONDS_PER_SECOND: Final = 1_000
_TAGS: Final = {
    Severity.FAULT: "error",
    Severity.FAILED: "failure",
    Severity.UNDECIDED: "skipped",
    Severity.OFF: "skipped",
}


def render_junit(report: Report, _: Style) -> str:
    """One `testsuites` with a `testsuite` for each network and a `testcase` for each metric.

    A case has a time, in seconds, where it is a latency. JUnit knows no warnings: a failure that only warns passes,
    and its sentence stands under `system-out`, as does that of whatever else passes.
    """
    found = checks(report)
    by_network: defaultdict[str, list[Check]] = defaultdict(list)
    for check in found:
        by_network[check.network].append(check)
    name = safe(f"mbconv check: {subject_line(report.subject)}")
    root = ET.Element("testsuites", {"name": name} | _counts(found))
    root.extend(_suite(network, cases) for network, cases in by_network.items())
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(network: str, cases: Sequence[Check]) -> ET.Element:
    skipped = sum(_TAGS.get(case.severity) == "skipped" for case in cases)
    suite = ET.Element("testsuite", {"name": safe(network)} | _counts(cases) | {"skipped": str(skipped)})
    suite.extend(map(_case, cases))
    return suite


def _counts(cases: Iterable[Check]) -> dict[str, str]:
    """How many cases there are, and how many of them are failures and errors."""
    counted = Counter(case.severity for case in cases)
    numbers = {"tests": counted.total(), "failures": counted[Severity.FAILED], "errors": counted[Severity.FAULT]}
    return {key: str(number) for key, number in numbers.items()}


def _case(check: Check) -> ET.Element:
    case = ET.Element(
        "testcase", {"name": safe(check.metric), "classname": _class(check)} | _time(check) | _file(check)
    )
    tag = _TAGS.get(check.severity)
    if tag is not None:
        outcome = ET.SubElement(case, tag, {"type": check.verdict.value, "message": safe(check.message)})
        outcome.text = safe(sentence(check))
    elif check.message:
        ET.SubElement(case, "system-out").text = safe(sentence(check))
    return case


def _class(check: Check) -> str:
    """A class in the package `mbconv`: Jenkins parts the two at the last dot, and a name such as `v1-0.35` has one."""
    return f"mbconv.{safe(check.network).replace('.', '_')}"


def _file(check: Check) -> dict[str, str]:
    """GitLab links a failed case to its file. The schema of Jenkins' xUnit plugin (junit-10.xsd) does not have it."""
    return {"file": safe(check.repository_file)} if check.repository_file else {}


def _time(check: Check) -> dict[str, str]:
    head = check.number("head")
    measured = head is not None and check.row.get("unit") == MILLISECOND
    return {"time": f"{head / MILLISECONDS_PER_SECOND:.6f}"} if head is not None and measured else {}
