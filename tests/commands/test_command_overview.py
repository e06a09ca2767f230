"""The bare command, completion and the manual page: what one can do, without reading the code."""

from __future__ import annotations

import re
import sys

import pytest

from mbconv_cli.cli import COMMANDS, TASKS, main
from mbconv_cli.commands.command_overview import EXAMPLES, overview_text, summary
from mbconv_cli.commands.options import complete_override
from mbconv_cli.errors import InputError
from mbconv_cli.spec.catalogue import Catalogue


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_it_names_every_command_under_its_task_and_fits(width: int) -> None:
    lines = overview_text(TASKS, width).splitlines()
    assert max(map(len, lines)) <= max(width, 49)  # an example is never broken
    places = [lines.index(task) for task in TASKS]
    assert places == sorted(places)
    for name in COMMANDS:
        assert any(re.match(rf"  {name}(  |$)", line) for line in lines)
    for example, _ in EXAMPLES:
        assert any(line.strip().startswith(example) for line in lines)


@pytest.mark.parametrize("place", COMMANDS.values())
def test_every_command_has_a_summary(place: str) -> None:
    assert summary(place).endswith(".")


def test_examples_are_commands_that_there_are() -> None:
    assert {example.split()[1] for example, _ in EXAMPLES} <= set(COMMANDS)


def test_paths_of_set_are_completed() -> None:
    assert "blocks[*].se_ratio=" in complete_override("blocks[*].se")
    assert {"norm.eps=", "norm.momentum="} <= set(complete_override("norm."))
    assert not [path for path in complete_override("") if path.startswith(("name", "expect", "published"))]


@pytest.mark.parametrize("name", ["efficientnet_b0", "EfficientNet-B0", "efficientnetb0", "Efficientnet B0"])
def test_names_are_known_in_other_spellings(name: str) -> None:
    assert Catalogue().find(name) == Catalogue().find("efficientnet-b0")


def test_a_spelling_of_nothing_is_still_no_network() -> None:
    with pytest.raises(InputError, match="no network is called '--'"):
        Catalogue().find("--")


def test_the_manual_page_has_every_command_and_no_bare_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["mbconv", "man"])
    with pytest.raises(SystemExit) as end:
        main()
    page = capsys.readouterr().out
    assert end.value.code == 0
    assert page.startswith(".TH MBCONV 1 ")
    for name in COMMANDS:
        assert f"\n.SS mbconv {name}".replace("-", "\\-") in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
    assert requests <= {".TH", ".SH", ".SS", ".B", ".PP", ".TP"}
