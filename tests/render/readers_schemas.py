"""What GitLab and Bencher themselves accept, in our own words: the schemas by which their programs read a file.

They are looser than the formats' documentation, which `test_findings.py` and `test_histories.py` hold the texts to:
both programs pass over keys that they do not know.
"""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = {"type": "string"}
NUMBER: Final = {"type": "number"}
WHOLE: Final = {"type": "integer"}


def _with(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _named(value: dict[str, Any], longest: int) -> dict[str, Any]:
    """Any names, of 1 to so many characters."""
    return {"type": "object", "propertyNames": {"minLength": 1, "maxLength": longest}, "additionalProperties": value}


# github.com/gitlabhq/gitlabhq at 33827e3: app/validators/json_schemas/codeclimate.json, one issue. The reader
# (lib/gitlab/ci/parsers/codequality/code_climate.rb) drops the issues from the first one on that is not valid, and its
# report (lib/gitlab/ci/reports/codequality_reports.rb) keeps one issue for each fingerprint, sorted by severity.
GITLAB_SEVERITIES: Final = ("blocker", "critical", "major", "minor", "info", "unknown")
_LOCATION: Final = _with(
    [], path=TEXT, lines=_with([], begin=WHOLE), positions=_with([], begin=_with([], line=WHOLE))
)  # fmt: skip
GITLAB_ISSUE: Final = _with(
    ["description", "fingerprint", "severity", "location"],
    description=TEXT,
    fingerprint=TEXT,
    severity=TEXT,
    location=_LOCATION,
)

# https://bencher.dev/bmf.json, version 0 of the format (services/console/public/bmf.json of
# github.com/bencherdev/bencher at 97800d1). How long a benchmark's name may be: lib/bencher_valid/src/benchmark_name.rs
# at 0b8f911; a measure's: https://bencher.dev/docs/reference/bencher-metric-format.
LONGEST_BENCHMARK_NAME: Final = 1_024
LONGEST_MEASURE_NAME: Final = 64
BENCHER_RESULTS: Final = _named(
    _named(_with(["value"], value=NUMBER, lower_value=NUMBER, upper_value=NUMBER), LONGEST_MEASURE_NAME),
    LONGEST_BENCHMARK_NAME,
)
