import pytest

from mbconv_cli.report.verdict import Level, Severity, Verdict, severity


@pytest.mark.parametrize(
    ("verdict", "level", "expected"),
    [
        (Verdict.PASS, Level.WARN, Severity.PASSED),
        (Verdict.ERROR, Level.WARN, Severity.FAULT),
        (Verdict.FAIL, Level.ERROR, Severity.FAILED),
        (Verdict.FAIL, Level.WARN, Severity.WARNED),
        (Verdict.MISSING, Level.WARN, Severity.WARNED),
        (Verdict.INCONCLUSIVE, Level.ERROR, Severity.UNDECIDED),
        (Verdict.INCONCLUSIVE, Level.WARN, Severity.WARNED),
        (Verdict.NOT_COMPARABLE, Level.WARN, Severity.WARNED),
        (Verdict.OFF, Level.OFF, Severity.OFF),
    ],
)
def test_a_verdict_weighs_what_its_level_lets_it_weigh(verdict: Verdict, level: Level, expected: Severity) -> None:
    assert severity(verdict, level) is expected


def test_every_verdict_weighs_something_at_every_level() -> None:
    assert all(severity(verdict, level) in Severity for verdict in Verdict for level in Level)
