"""What the schema of the Jenkins xUnit plugin says about JUnit XML, as far as a document without reruns uses it.

Source: https://github.com/jenkinsci/xunit-plugin, src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/
junit-10.xsd (MIT). Its rules are told here in the words of this table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET


@dataclass(frozen=True, slots=True)
class Rule:
    """What an element may have: attributes (those that it must have apart), child elements, and text."""

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    text: bool = False


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


OUTCOME = Rule(optional=words("type message"), text=True)
RULES: Mapping[str, Rule] = {
    "testsuites": Rule(optional=words("name time tests failures errors"), children=words("testsuite")),
    "testsuite": Rule(
        required=words("name tests failures errors"),
        optional=words("group time skipped timestamp hostname id package file log url"),
        children=words("testsuite properties testcase system-out system-err"),
    ),
    "testcase": Rule(
        required=words("name"),
        optional=words("time classname group file"),  # GitLab's, and not the plugin's: `file`
        children=words("skipped error failure system-out system-err"),
    ),
    "skipped": OUTCOME,
    "error": OUTCOME,
    "failure": OUTCOME,
    "properties": Rule(children=words("property")),
    "property": Rule(required=words("name value")),
    "system-out": Rule(text=True),
    "system-err": Rule(text=True),
}
SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def violations(root: ET.Element) -> Iterator[str]:
    """Every place where a document breaks the rules."""
    if root.tag != "testsuites":
        yield f"the root is {root.tag}"
    for element in root.iter():
        rule = RULES.get(element.tag)
        if rule is None:
            yield f"{element.tag} is no element"
            continue
        attributes = set(element.attrib)
        yield from (f"{element.tag} lacks {name}" for name in rule.required - attributes)
        yield from (f"{element.tag} has {name}" for name in attributes - rule.required - rule.optional)
        yield from (f"{child.tag} in {element.tag}" for child in element if child.tag not in rule.children)
        if not rule.text and ((element.text or "").strip() or any((child.tail or "").strip() for child in element)):
            yield f"text in {element.tag}"
        if element.tag in {"testsuites", "testsuite"} and not SUREFIRE_TIME.fullmatch(element.get("time", "")):
            yield f"{element.tag}'s time is {element.get('time')}"
