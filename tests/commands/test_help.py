"""What `--help` shows of every command, as it is rendered."""

from __future__ import annotations

import contextlib
import io
import re

import pytest
import typer

from mbconv_cli.cli import COMMANDS, app
from tests.test_language import PHRASES

GROUPS = {"baseline": ("write",)}
HELPS = [(), *((name,) for name in COMMANDS), *((group, one) for group, names in GROUPS.items() for one in names)]


@pytest.fixture(scope="module")
def helps() -> dict[tuple[str, ...], str]:
    """The help of the program and of each command, at 100 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        patch.setenv("TERMINAL_WIDTH", "100")
        return {command: _help(*command) for command in HELPS}


def _help(*command: str) -> str:
    shown = io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit, typer.Exit):
        app(prog_name="mbconv", args=[*command, "--help"], standalone_mode=False)
    shown.seek(0)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.read())


def _listed(text: str, pattern: str) -> dict[str, str]:
    """Names and the first lines of summaries; the lines that continue a summary begin with more spaces."""
    return dict(re.findall(pattern, text, re.MULTILINE))


def test_every_command_has_its_name_and_a_summary(helps: dict[tuple[str, ...], str]) -> None:
    listed = _listed(helps[()].partition("\nFor example\n")[0], r"^  (\S+) +(\S.*)$")
    assert sorted(listed) == sorted(COMMANDS)
    assert all(len(summary) > 10 for summary in listed.values()), listed


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_has_its_name_and_a_summary(group: str, helps: dict[tuple[str, ...], str]) -> None:
    listed = _listed(helps[group,].partition("─ Commands ─")[2], r"^│ (\S+) +(\S.*?) *│$")
    assert tuple(listed) == GROUPS[group]
    assert all(len(summary) > 10 for summary in listed.values()), listed


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_the_help_is_rendered_whole(command: tuple[str, ...], helps: dict[tuple[str, ...], str]) -> None:
    text = helps[command]
    assert " ".join(("Usage: mbconv", *command)) in text
    assert "`" not in text
    assert not re.search(r"<(bool|str|int|float|path|list\[\w+\])>|BOOLEAN|\[\[|\{[A-Z]", text)


@pytest.mark.parametrize("command", HELPS, ids=" ".join)
def test_the_help_has_no_phrase_of_the_list(command: tuple[str, ...], helps: dict[tuple[str, ...], str]) -> None:
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", helps[command]).split())
    assert [name for name, phrase in PHRASES.items() if re.search(phrase, text)] == []
