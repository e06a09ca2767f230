"""How a command ends: an error becomes sentences on standard error and an exit code, never a traceback."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import typer

from mbconv_cli.commands.output import say
from mbconv_cli.errors import InputError, MbconvError

INTERRUPTED: Final = 130

debug: ContextVar[bool] = ContextVar("debug", default=False)

Command = TypeVar("Command", bound=Callable[..., None])


def guarded(command: Command) -> Command:
    """The command, with every way to fail turned into an exit code."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except KeyboardInterrupt as error:
            say("mbconv: interrupted")
            raise typer.Exit(INTERRUPTED) from error
        except MbconvError as error:
            _tell(error.problems)
            raise typer.Exit(error.exit_code) from error
        except MemoryError as error:
            _tell(("the machine has not enough memory",))
            raise typer.Exit(InputError.exit_code) from error
        except Exception as error:
            _tell((f"this is a fault of mbconv: {type(error).__name__}: {error}", "`mbconv --debug ...` shows where"))
            raise typer.Exit(InputError.exit_code) from error

    return run  # type: ignore[return-value]  # functools.wraps keeps the signature, which typer reads


def _tell(problems: tuple[str, ...]) -> None:
    if debug.get():
        traceback.print_exc()
    for problem in problems:
        say(f"mbconv: {problem}")
