"""`mbconv man`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from mbconv_cli import __version__
from mbconv_cli.commands.options import OutputOption
from mbconv_cli.commands.output import write_text


def man_command(context: typer.Context, output: OutputOption = None) -> None:
    """Print the manual page, made from the commands themselves.

    For example:

    - `mbconv man -o ~/.local/share/man/man1/mbconv.1`, and then `man mbconv`
    """
    root = context.find_root()
    group: Any = root.command
    lines = [
        f'.TH MBCONV 1 "" "mbconv {__version__}" "User Commands"',
        ".SH NAME",
        "mbconv \\- what every layer of an efficient convolutional network costs",
        ".SH SYNOPSIS",
        ".B mbconv",
        "COMMAND [ARGUMENTS] [OPTIONS]",
        ".SH COMMANDS",
    ]
    for name in group.list_commands(root):
        lines += _command_lines(f"mbconv {name}", group.get_command(root, name), root)
    lines += [".SH EXIT STATUS", *_exit_codes()]
    write_text("\n".join(lines) + "\n", output)


def _command_lines(name: str, command: Any, context: Any) -> Iterator[str]:
    """A command's section, or those of a group's own commands."""
    inner = getattr(command, "commands", {})
    if inner:
        for own, one in inner.items():
            yield from _command_lines(f"{name} {own}", one, context)
        return
    yield f".SS {_escaped(name)}"
    for line in (command.help or "").splitlines():
        text = line.strip().replace("`", "")
        if text:
            yield from (".PP", _escaped(text.removeprefix("- ")))
    for parameter in command.get_params(context):
        if shown := parameter.get_help_record(context):
            yield from (".TP", f"\\fB{_escaped(shown[0])}\\fR", _escaped(shown[1]))


def _exit_codes() -> Iterator[str]:
    for code, meaning in (
        (0, "all is well"),
        (1, "a check failed"),
        (2, "wrong usage or bad input"),
        (3, "a check could not decide"),
        (130, "interrupted"),
    ):
        yield from (".TP", f".B {code}", meaning)


def _escaped(text: str) -> str:
    """Text that troff takes as nothing but text: no escape, and no request at the start of a line."""
    shown = " ".join(text.replace("\\", "\\e").replace("-", "\\-").split())
    return f"\\&{shown}" if shown.startswith((".", "'")) else shown
