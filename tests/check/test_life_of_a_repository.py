"""A repository's life with the gate, event by event: exit code, one-line summary, and the lines that are annotated."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from mbconv_cli.cli import main
from tests.check.life_of_a_repository import EVENTS, Event
from tests.repositories import GitRepository

_ANNOTATION = re.compile(r"::(?P<kind>\w+) file=(?P<file>[^,]*)(?:,line=(?P<line>\d+))?")


def annotated(out: str) -> tuple[str, ...]:
    found = filter(None, map(_ANNOTATION.match, out.splitlines()))
    return tuple(f"{match['kind']} {match['file']}:{match['line']}" for match in found)


@pytest.mark.parametrize("event", EVENTS, ids=[event.name for event in EVENTS])
def test_what_the_gate_says(
    event: Event,
    git_repository: GitRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    event.happens(git_repository)
    monkeypatch.chdir(Path(git_repository.folder, event.folder))
    monkeypatch.setattr(sys, "argv", ["mbconv", "check", *event.arguments, "--format", "github"])
    for variable in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(SystemExit) as end:
        main()
    out = capsys.readouterr().out
    summary = out.splitlines()[0]
    assert (end.value.code or 0, summary.rpartition(": ")[2], annotated(out)) == (
        event.code, event.summary, event.annotations
    )  # fmt: skip
