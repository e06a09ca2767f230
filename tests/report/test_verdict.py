import pytest

from mbconv_cli.report.verdict import Level, Severity, Verdict, severity, worst


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


def test_of_several_verdicts_the_worst_one_decides() -> None:
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.NOT_COMPARABLE]) is Verdict.NOT_COMPARABLE
    assert worst([Verdict.MISSING, Verdict.FAIL]) is Verdict.FAIL
    assert worst(reversed(Verdict)) is worst(Verdict) is Verdict.ERROR  # all of them have a place
