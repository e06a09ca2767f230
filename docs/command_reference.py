"""The reference of commands, written from the commands themselves: their help."""

from __future__ import annotations

from typing import Any

import typer

from mbconv_cli.cli import TASKS, app


def reference() -> str:
    """Every command with its first sentences and its options, under its task."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("mbconv", ["list"], resilient_parsing=True)
    lines = ["# Commands", "", "Written from the commands' own help.", ""]
    for task, commands in TASKS.items():
        lines += [f"## {task}", ""]
        for name in commands:
            lines += _command(f"mbconv {name}", group.get_command(context, name), context)
    return "\n".join(lines)


def _command(name: str, command: Any, context: Any) -> list[str]:
    if inner := getattr(command, "commands", {}):
        return [line for own, one in inner.items() for line in _command(f"{name} {own}", one, context)]
    text = (command.help or "").partition("For example:")[0].strip()
    records = [found for parameter in command.get_params(context) if (found := parameter.get_help_record(context))]
    lines = [f"### {name}", "", " ".join(text.split()), ""]
    for option, meaning in records:
        lines += [f"`{' '.join(option.split())}`", f": {_plain(meaning)}", ""]
    return lines


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("*", "\\*").replace("<", "&lt;").replace("[", "\\[")
