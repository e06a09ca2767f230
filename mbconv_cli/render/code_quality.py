"""A check's report as GitLab shows it beside a merge request: a code quality report, an issue for each cause.

Format: https://docs.gitlab.com/ci/testing/code_quality/, "Code Quality report format".
"""

from __future__ import annotations

import json
from typing import Any, Final

from mbconv_cli.render.causes import Cause, causes
from mbconv_cli.render.checks import checks
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import Severity

_SEVERITIES: Final = {
    Severity.FAULT: "blocker",
    Severity.FAILED: "critical",
    Severity.UNDECIDED: "minor",
    Severity.WARNED: "minor",
}


def render_code_quality(report: Report, _: Style) -> str:
    """A list with an issue for each cause; empty where all passed."""
    issues = [_issue(cause, report) for cause in causes(checks(report))]
    return json.dumps(issues, indent=2, allow_nan=False) + "\n"


def _issue(cause: Cause, report: Report) -> dict[str, Any]:
    line = cause.worst.row.get("line")
    return {
        "description": safe(f"{cause.verdict}: {cause.sentence}"),
        "check_name": f"mbconv-{cause.rule}",
        "fingerprint": cause.fingerprint,
        "severity": _SEVERITIES[cause.worst.severity],
        "location": {
            "path": safe(cause.worst.repository_file or str(report.subject.get("name") or "")),
            "lines": {"begin": line if isinstance(line, int) else 1},
        },
    }
