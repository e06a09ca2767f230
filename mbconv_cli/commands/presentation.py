"""The options that every command with a report has: how many rows and digits, and what is printed beside them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format

PANEL: Final = "Output"


@dataclass(frozen=True, slots=True)
class Presentation:
    """How results are shown.

    Attributes:
        verbose: every row, and every note in full.
        exact: all digits, even where a column has to go for them.
        quiet: nothing on standard error but errors.
    """

    verbose: bool = False
    exact: bool = False
    quiet: bool = False


_USUAL: Final = Presentation()
presentation: ContextVar[Presentation] = ContextVar("presentation", default=_USUAL)

_VERBOSE: Final = Annotated[
    bool, typer.Option("--verbose", help="Show every row, and every note in full.", rich_help_panel=PANEL)
]
_EXACT: Final = Annotated[
    bool,
    typer.Option("--exact", help="Show all digits in a terminal, even if columns must go.", rich_help_panel=PANEL),
]
_QUIET: Final = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but the result and errors.", rich_help_panel=PANEL)
]
_VALID: Final = {"verbose": (Format.TABLE, Format.MARKDOWN), "exact": (Format.TABLE,)}
"""The formats that each option changes; all others have every row and every digit in any case."""


def with_presentation(command: Callable[..., None]) -> Callable[..., None]:
    """The command with `--quiet`, and with `--verbose` and `--exact` if it shows a report."""
    own = inspect.signature(command, eval_str=True)
    added = {"quiet": _QUIET}
    if "output_format" in own.parameters:
        added = {"verbose": _VERBOSE, "exact": _EXACT, **added}

    @functools.wraps(command)
    def run(**options: Any) -> None:
        presentation.set(Presentation(**{name: bool(options.pop(name, False)) for name in added}))
        _require_effect(options.get("output_format"))
        command(**options)

    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in added.items()
    ]
    parameters = [*own.parameters.values(), *more]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _require_effect(output_format: Format | None) -> None:
    """Refuse an option that changes nothing.

    Raises:
        InputError: names it.
    """
    for name, formats in _VALID.items():
        if getattr(presentation.get(), name) and output_format not in (None, *formats):
            raise InputError(f"--{name} changes nothing in --format {output_format}, which has everything")
