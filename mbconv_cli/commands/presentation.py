"""The options that every command with a report has: how many rows and digits, and what is printed beside them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
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
OF_MEASURING: Final = ("device", "threads", "processes", "precision", "max_time", "memory_format")
"""Options that have no effect where nothing is measured: a user's default of one is then not looked at."""
_VALID: Final = {"verbose": (Format.TABLE, Format.MARKDOWN), "exact": (Format.TABLE,)}
"""The formats that each option changes; all others have every row and every digit in any case."""


def with_presentation(command: Callable[..., None]) -> Callable[..., None]:
    """The command with `--quiet`, and with `--verbose` and `--exact` if it shows a report."""
    own = inspect.signature(command, eval_str=True)
    context = next((name for name, each in own.parameters.items() if each.annotation is typer.Context), "invocation")
    added = {"quiet": _QUIET}
    if "output_format" in own.parameters:
        added = {"verbose": _VERBOSE, "exact": _EXACT, **added}

    @functools.wraps(command)
    def run(**options: Any) -> None:
        invocation = options[context] if context in own.parameters else options.pop(context)
        chosen = {name: bool(options.pop(name, False)) for name in added}
        presentation.set(Presentation(**chosen))
        _require_effect([name for name in chosen if chosen[name] and not _is_users_default(invocation, name)], options)
        if False in (options.get("latency"), options.get("measure")):
            idle = (name for name in OF_MEASURING if name in options and _is_users_default(invocation, name))
            options |= {name: own.parameters[name].default for name in idle}
        command(**options)

    kinds: dict[str, tuple[Any, bool | None]] = {name: (kind, False) for name, kind in added.items()}
    kinds |= {} if context in own.parameters else {context: (typer.Context, None)}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in kinds.items()
    ]
    parameters = [*own.parameters.values(), *more]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _is_users_default(invocation: typer.Context, name: str) -> bool:
    """Whether a value comes from the user's own defaults, which hold wherever they have an effect."""
    source = invocation.get_parameter_source(name)
    return source is not None and source.name == "DEFAULT_MAP"


def _require_effect(given: Sequence[str], options: Mapping[str, Any]) -> None:
    """Refuse an option that changes nothing.

    Raises:
        InputError: names it.
    """
    output_format = options.get("output_format")
    for name in given:
        if name in _VALID and output_format not in (None, *_VALID[name]):
            raise InputError(f"--{name} changes nothing in --format {output_format}, which has everything")
