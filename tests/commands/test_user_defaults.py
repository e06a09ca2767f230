"""Defaults of the user's own: which file counts, what its keys mean, and that they never stand in the way."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mbconv_cli.cli import COMMANDS, main
from mbconv_cli.commands.user_defaults import defaults_for
from mbconv_cli.errors import InputError

TABLE = 'threads = 2\n[profile]\nby = "stage"\nformat = "json"\n'


def test_a_commands_own_table_is_added_to_what_holds_for_all(tmp_path: Path) -> None:
    (tmp_path / "mbconv.toml").write_text(TABLE, encoding="utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    assert defaults_for("profile", COMMANDS, inner) == {
        "profile": {"threads": "2", "by": "stage", "output_format": "json"}
    }
    assert defaults_for("show", COMMANDS, inner) == {"show": {"threads": "2"}}


def test_a_table_of_pyproject_counts_and_other_tools_tables_do_not(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mbconv]\narch-dir = ["nets"]\n', encoding="utf-8")
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.other]\nthreads = 3\n", encoding="utf-8")
    assert defaults_for("list", COMMANDS, inner) == {"list": {"arch_dir": ["nets"]}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("thread = 2\n", "unknown key 'thread' of mbconv; did you mean 'threads'"),
        ("[profil]\n", "did you mean 'profile'"),
        ("profile = 3\n", "should be a table"),
        ("threads = \n", "mbconv.toml: "),
    ],
)
def test_what_is_wrong_is_named_with_its_file(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "mbconv.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        defaults_for("profile", COMMANDS, tmp_path)


def test_a_default_applies_and_gives_way_where_it_has_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mbconv.toml").write_text("verbose = true\n" + TABLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mbconv", "profile", "mobilenet-v1", "--no-latency"])
    with pytest.raises(SystemExit) as end:
        main()
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    assert list(json.loads(out)["sections"]) == ["stages"]
