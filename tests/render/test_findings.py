"""GitLab's code quality report and SARIF, held against their documentation's keys, and SARIF against its schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from tests.render.conftest import HOSTILE_NAMES, check_report, check_row
from tests.render.readers_schemas import GITLAB_ISSUE, GITLAB_SEVERITIES

TEXT = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "minimum": 1}


def an_object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """No other key is allowed, so that a mistyped one is found."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


# https://docs.gitlab.com/ci/testing/code_quality/: every issue has these keys; the path is relative, without `./`.
# Stricter than what GitLab itself refuses, `GITLAB_ISSUE`.
CODE_QUALITY = {
    "type": "array",
    "items": an_object(
        {
            "description": TEXT,
            "check_name": TEXT,
            "fingerprint": TEXT,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": an_object({"path": {"type": "string"}, "lines": an_object({"begin": WHOLE})}),
        }
    ),
}
# https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html: the properties of the sections named.
MESSAGE = an_object({"text": TEXT})  # 3.11
PLACE = an_object(  # 3.28, 3.29
    {
        "physicalLocation": an_object(
            {"artifactLocation": an_object({"uri": {"type": "string"}})},
            {"region": an_object({"startLine": WHOLE}, {"startColumn": WHOLE})},  # 3.30
        )
    }
)
SARIF = an_object(  # 3.13
    {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": an_object(  # 3.14
                {
                    "tool": an_object(
                        {
                            "driver": an_object(  # 3.19
                                {"name": TEXT},
                                {
                                    "version": TEXT,
                                    "informationUri": {"type": "string", "format": "uri"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": an_object({"id": TEXT}, {"shortDescription": MESSAGE}),  # 3.49
                                    },
                                },
                            )
                        }
                    )
                },
                {
                    "automationDetails": an_object({"id": TEXT}),  # 3.17
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "properties": {"type": "object"},
                    "results": {
                        "type": "array",
                        "items": an_object(  # 3.27
                            {"message": MESSAGE},
                            {
                                "ruleId": TEXT,
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "locations": {"type": "array", "items": PLACE},
                                "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
                            },
                        ),
                    },
                },
            ),
        },
    }
)
SCHEMAS = {Format.CODE_QUALITY: CODE_QUALITY, Format.SARIF: SARIF}
OFFICIAL_SARIF = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def written(report: Report, output_format: Format) -> Any:
    return json.loads(render(report, output_format, Style()))


@pytest.mark.parametrize("output_format", SCHEMAS)
@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_is_valid(name: str, output_format: Format, request: pytest.FixtureRequest) -> None:
    jsonschema.validate(written(request.getfixturevalue(name), output_format), SCHEMAS[output_format])
    jsonschema.validate(written(check_report(()), output_format), SCHEMAS[output_format])


@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_is_valid_by_the_schema_of_sarif(name: str, request: pytest.FixtureRequest) -> None:
    validator = jsonschema.Draft4Validator(OFFICIAL_SARIF, format_checker=jsonschema.FormatChecker())
    log = written(request.getfixturevalue(name), Format.SARIF)
    assert log["runs"][0]["results"]
    assert list(validator.iter_errors(log)) == []
    log["runs"][0]["results"][0]["level"] = "grave"
    assert [error.validator for error in validator.iter_errors(log)] == ["enum"]


@pytest.mark.parametrize("name", ["check", "hostile_check"])
def test_gitlab_reads_every_issue(name: str, request: pytest.FixtureRequest) -> None:
    issues = written(request.getfixturevalue(name), Format.CODE_QUALITY)
    assert issues
    for issue in issues:
        jsonschema.validate(issue, GITLAB_ISSUE)
        assert issue["severity"] in GITLAB_SEVERITIES
        assert "lines" in issue["location"]  # it makes a link of the path and the line
        assert not Path(issue["location"]["path"]).is_absolute()
    with pytest.raises(jsonschema.ValidationError, match="'one' is not of type 'integer'"):
        jsonschema.validate(issues[0] | {"location": {"path": "a", "lines": {"begin": "one"}}}, GITLAB_ISSUE)


def test_an_issue_is_on_its_line_and_weighs_what_its_verdict_does(check: Report) -> None:
    issues = written(check, Format.CODE_QUALITY)
    assert [issue["severity"] for issue in issues] == ["blocker", "critical", "critical", "minor", "minor", "minor"]
    failed = next(issue for issue in issues if "params" in issue["description"])
    assert failed["location"] == {"path": "architectures/ours-large.yaml", "lines": {"begin": 17}}
    assert failed["check_name"] == "mbconv-latency-ms"


def test_a_fingerprint_outlives_a_move_within_the_file(check: Report) -> None:
    def prints(line: int) -> set[str]:
        row = check_row("a", "params", (1, 2, "param"), "", "fail", file="a.yaml", line=line, column=1, message="why")
        return {issue["fingerprint"] for issue in written(check_report((row,)), Format.CODE_QUALITY)}

    assert prints(3) == prints(9)
    fingerprints = [issue["fingerprint"] for issue in written(check, Format.CODE_QUALITY)]
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_sarif_result_has_its_rule_level_and_place(check: Report) -> None:
    (run,) = written(check, Format.SARIF)["runs"]
    assert [result["level"] for result in run["results"]] == ["error"] * 3 + ["warning"] * 3
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    broken = run["results"][0]["locations"][0]["physicalLocation"]
    assert broken["artifactLocation"]["uri"] == "architectures/ours-broken.yaml"
    assert broken["region"] == {"startLine": 3, "startColumn": 1}


def test_a_uri_holds_no_character_that_a_uri_cannot(hostile_check: Report) -> None:
    (run,) = written(hostile_check, Format.SARIF)["runs"]
    uris = [
        place["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"] for place in one["locations"]
    ]
    assert uris
    assert all(re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri) for uri in uris)


def test_hostile_names_are_written_out(hostile_check: Report) -> None:
    text = render(hostile_check, Format.SARIF, Style()) + render(hostile_check, Format.CODE_QUALITY, Style())
    assert "\x1b" not in text
    described = [issue["location"]["path"] for issue in written(hostile_check, Format.CODE_QUALITY)]
    assert {safe(name) for name in HOSTILE_NAMES if name} <= set(described)
