from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import junitparser
import pytest

from mbconv_cli.render.junit import render_junit
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from tests.render.conftest import HOSTILE_NAMES, check_report, check_row
from tests.render.junit_schema import violations

EMPTY = check_report(())


def parsed(report: Report) -> ET.Element:
    return ET.fromstring(render_junit(report, Style()).encode("utf-8"))  # noqa: S314 - our own text


def case(root: ET.Element, network: str, metric: str) -> ET.Element:
    found = root.find(f"testsuite[@name='{network}']/testcase[@name='{metric}']")
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_is_valid(name: str, request: pytest.FixtureRequest) -> None:
    assert list(violations(parsed(request.getfixturevalue(name)))) == []
    assert list(violations(parsed(EMPTY))) == []


@pytest.mark.parametrize(
    ("name", "kinds"), [("check", {"Failure", "Error", "Skipped"}), ("hostile_check", {"Failure"})]
)
def test_junitparser_counts_the_same(name: str, kinds: set[str], request: pytest.FixtureRequest) -> None:
    text = render_junit(request.getfixturevalue(name), Style())
    whole: Any = junitparser.JUnitXml.fromstring(text.encode())
    counted = (whole.tests, whole.failures, whole.errors, whole.skipped)
    suites = list(whole)
    whole.update_statistics()  # counts the cases itself
    assert counted[:3] == (whole.tests, whole.failures, whole.errors)
    assert sum(suite.skipped for suite in suites) == whole.skipped
    assert {type(result).__name__ for suite in suites for case in suite for result in case.result} == kinds


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("<testsuite name='a' tests='1' failures='0' errors='0'/>", "the root is testsuite"),
        ("<testsuites><testsuite tests='1' failures='0' errors='0'/></testsuites>", "testsuite lacks name"),
        ("<testsuites skipped='1'/>", "testsuites has skipped"),
        ("<testsuites><testcase name='a'/></testsuites>", "testcase in testsuites"),
        ("<testsuites>text</testsuites>", "text in testsuites"),
        ("<testsuites time='1e-3'/>", "testsuites's time is 1e-3"),
        ("<testsuites><other/></testsuites>", "other is no element"),
    ],
)
def test_the_rules_find_what_is_wrong(text: str, violation: str) -> None:
    assert violation in list(violations(ET.fromstring(text)))  # noqa: S314 - our own text


def test_each_outcome_has_its_element(check: Report) -> None:
    root = parsed(check)
    found = {
        (network, metric): [child.tag for child in case(root, network, metric)]
        for network, metric in (
            ("ours-large", "params"),
            ("ours-large", "macs"),
            ("ours-tiny", "spec"),
            ("ours-broken", "spec"),
            ("ours-old", "latency_ms"),
            ("mobilenet-v3-small", "latency_ms"),
            ("mobilenet-v3-small", "params"),
            ("efficientnet-b0", "peak_bytes"),
        )
    }
    assert list(found.values()) == [
        ["failure"],
        ["system-out"],  # it only warns
        ["failure"],
        ["error"],
        ["skipped"],
        ["skipped"],
        [],
        ["skipped"],
    ]


def test_says_why_and_where(check: Report) -> None:
    failure = case(parsed(check), "ours-large", "params").find("failure")
    assert failure is not None
    assert failure.get("message") == "512 more than at origin/main, and none is allowed"
    assert "architectures/ours-large.yaml:17:9" in (failure.text or "")


def test_times_are_seconds_and_only_where_measured(check: Report) -> None:
    root = parsed(check)
    assert case(root, "ours-large", "latency_ms").get("time") == "0.026750"
    assert case(root, "ours-large", "params").get("time") is None
    assert case(root, "ours-old", "latency_ms").get("time") is None


def test_counts_are_those_of_the_elements(check: Report) -> None:
    root = parsed(check)
    for suite in (root, *root.findall("testsuite")):
        for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(suite.attrib[attribute]) == len(list(suite.iter(tag)))
    assert [suite.get("skipped") for suite in root] == [str(len(list(suite.iter("skipped")))) for suite in root]
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("10", "3", "1")


def test_hostile_names_are_whole_and_harmless(hostile_check: Report) -> None:
    names = [suite.get("name") for suite in parsed(hostile_check).findall("testsuite")]
    assert names == [safe(name) for name in HOSTILE_NAMES]


def test_a_class_is_not_parted_at_the_dot_of_a_name() -> None:
    name = "mobilenet-v1-0.35"
    row = check_row(name, "params", (1, 2, "param"), "", "fail", file="../a.yaml", repository_file="nets/a.yaml")
    found = case(parsed(check_report((row,))), name, "params")
    assert (found.get("classname"), found.get("file")) == ("mbconv.mobilenet-v1-0_35", "nets/a.yaml")
