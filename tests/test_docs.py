"""The documentation: every quick command in it runs, and all its pages are listed."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from mbconv_cli.cli import main

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("tutorial", "explain", "terminal", "pages")
"""Pages whose commands measure nothing and need no file of the reader's."""
COMMANDS = sorted(
    {
        line
        for page in PAGES
        for block in re.findall(r"```sh\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines()
        if line.startswith("mbconv ")
    }
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_a_page_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    assert out or list(tmp_path.iterdir())


def test_every_page_is_in_the_contents() -> None:
    listed = set((DOCS / "index.md").read_text(encoding="utf-8").splitlines())
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= listed
