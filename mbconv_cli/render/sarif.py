"""A check's report as SARIF 2.1.0, for code scanning and editors: a result for each cause.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; numbers in brackets are its sections.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote

from mbconv_cli.render.causes import Cause, causes
from mbconv_cli.render.checks import checks
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import Severity

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME: Final = "https://github.com/mbconv/mbconv-cli"
_ERRORS: Final = (Severity.FAULT, Severity.FAILED)


def render_sarif(report: Report, _: Style) -> str:
    """A log with one run."""
    found = causes(checks(report))
    run = {
        "tool": {"driver": _driver(report, found)},
        "automationDetails": {"id": "mbconv-check/"},
        "columnKind": "unicodeCodePoints",
        "results": list(map(_result, found)),
        "properties": {key: value for key, value in report.provenance.settings.items() if value is not None},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, allow_nan=False) + "\n"


def _driver(report: Report, found: Iterable[Cause]) -> dict[str, Any]:
    """The program, with a rule [3.49] for each kind of result."""
    rules = sorted({cause.rule for cause in found})
    described = [{"id": rule, "shortDescription": {"text": f"mbconv check: {rule}"}} for rule in rules]
    return {"name": "mbconv", "version": report.provenance.mbconv, "informationUri": HOME, "rules": described}


def _result(cause: Cause) -> dict[str, Any]:
    """A result [3.27] with its place; relative paths [3.10.3] start at the top of the repository."""
    row, file = cause.worst.row, cause.worst.repository_file
    region = {"startLine": row.get("line"), "startColumn": row.get("column")}
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(safe(file))}}
    known = {key: value for key, value in region.items() if value is not None}
    place |= {"region": known} if known else {}
    return {
        "ruleId": cause.rule,
        "level": "error" if cause.worst.severity in _ERRORS else "warning",
        "message": {"text": safe(f"{cause.verdict}: {cause.sentence}")},
        "locations": [{"physicalLocation": place}] if file else [],
        "partialFingerprints": {"mbconvCause/v1": cause.fingerprint},
    }
