"""What one can do with `mbconv`, grouped by task: the bare command's text, made without importing any command."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping
from importlib.abc import InspectLoader
from importlib.util import find_spec
from typing import Final

EXAMPLES: Final = (
    ("mbconv explain mbconv", "what an MBConv block is, and what its parts cost"),
    ("mbconv profile efficientnet-b0", "which stages and layers take the time"),
    ("mbconv diff efficientnet-b0 efficientnet-b1", "what one network costs more than another"),
)
OPTIONS: Final = (
    ("--version", "Print the version and exit."),
    ("--debug", "Show a traceback where something fails."),
    ("--install-completion", "Install completion for the current shell."),
    ("--show-completion", "Print that completion, to copy or adapt it."),
    ("-h, --help", "Show this text; mbconv COMMAND --help explains a command."),
)
_GAP: Final = 2
_NARROWEST_TEXT: Final = 20


def overview_text(groups: Mapping[str, Mapping[str, str]], width: int, *, color: bool = False) -> str:
    """The commands by task, three examples and the program's own options.

    Args:
        groups: of each task the commands, each with its function as `module.attribute`.
        width: columns of the terminal.
        color: whether headings are bold.
    """
    lines = [
        *textwrap.wrap("Usage: mbconv COMMAND [ARGUMENTS] [OPTIONS]", width),
        "",
        *textwrap.wrap("What every layer of an efficient convolutional network costs, and what to change.", width),
    ]
    named = {task: [(name, summary(place)) for name, place in commands.items()] for task, commands in groups.items()}
    widest = max(len(name) for rows in named.values() for name, _ in rows)
    for task, rows in named.items():
        lines += ["", _heading(task, color=color), *_rows(rows, widest, width)]
    for heading, pairs in (("For example", EXAMPLES), ("Options", OPTIONS)):
        lines += ["", _heading(heading, color=color), *_rows(pairs, max(len(left) for left, _ in pairs), width)]
    return "\n".join(lines) + "\n"


def summary(place: str) -> str:
    """The first line of a command's docstring, or of its group's help, read from the source.

    Args:
        place: its function as `module.attribute`, within `mbconv_cli.commands`.
    """
    module, _, attribute = place.rpartition(".")
    spec = find_spec(f"mbconv_cli.commands.{module}")
    loader = spec.loader if spec else None
    source = loader.get_source(spec.name) if spec and isinstance(loader, InspectLoader) else None
    for node in ast.parse(source or "").body:
        match node:
            case ast.FunctionDef(name=name) if name == attribute:
                return _plain((ast.get_docstring(node) or "").partition("\n")[0])
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=keywords)) if name == attribute:
                texts = [one.value for one in keywords if one.arg == "help"]
                return _plain(str(texts[0].value)) if texts and isinstance(texts[0], ast.Constant) else ""
    return ""


def _plain(text: str) -> str:
    return text.replace("`", "")


def _heading(text: str, *, color: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if color else text


def _rows(pairs: list[tuple[str, str]] | tuple[tuple[str, str], ...], widest: int, width: int) -> Iterator[str]:
    """Names with their texts beside them, or below them where there is no room beside."""
    indent = widest + 2 * _GAP
    for name, text in pairs:
        if width - indent < _NARROWEST_TEXT:
            yield " " * _GAP + name
            yield from textwrap.wrap(text, width, initial_indent=" " * 4, subsequent_indent=" " * 4)
            continue
        first, *rest = textwrap.wrap(text, width - indent) or [""]
        yield f"{'':{_GAP}}{name:{widest}}{'':{_GAP}}{first}".rstrip()
        yield from (f"{'':{indent}}{line}" for line in rest)
