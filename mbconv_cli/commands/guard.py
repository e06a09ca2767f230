"""How the program ends: an error becomes sentences on standard error and an exit code, never a traceback."""

from __future__ import annotations

import errno
import functools
import traceback
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import typer

from mbconv_cli.commands.output import ClosedPipeError, abandon_stdout, format_for, say
from mbconv_cli.commands.presentation import with_presentation
from mbconv_cli.errors import InputError, MbconvError
from mbconv_cli.render.renderers import Format

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
"""128 + SIGPIPE, as a shell reports of any program whose reader has enough."""
# The class of all wrong usage: newer typers bring a click of their own, and name it nowhere in public.
UsageError: Final[Any] = typer.BadParameter.__mro__[1]

_LIMITS: Final[Mapping[int, str]] = {
    errno.EMFILE: "allow this shell more, e.g. with `ulimit -n 256`",
    errno.ENFILE: "end other programs, or raise the limit of the system (`fs.file-max`)",
    errno.EAGAIN: "end other programs, or allow more processes (`ulimit -u`)",
}
_OF_WRITING: Final = (errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EPIPE)
"""Errors of writing to a stream that is open: help goes to standard output, and no file is named with it."""

debug: ContextVar[bool] = ContextVar("debug", default=False)

Command = TypeVar("Command", bound=Callable[..., None])


def guarded(command: Command) -> Command:
    """The command, with the options on its presentation, and every way to fail turned into an exit code."""
    presented = with_presentation(command)

    @functools.wraps(presented)
    def run(**options: Any) -> None:
        code = exit_code(lambda: presented(**_with_format(options)))
        if code:
            raise typer.Exit(code)

    return run  # type: ignore[return-value]  # functools.wraps keeps the signature, which typer reads


def _with_format(options: dict[str, Any]) -> dict[str, Any]:
    """A command's options with the format that is meant, which is known before any work is done.

    Raises:
        InputError: format and suffix contradict each other, or the format has no use for a section.
    """
    if "output_format" not in options or "output" not in options:
        return options
    chosen = format_for(options["output_format"], options["output"])
    if options.get("section") and chosen is not Format.CSV:
        raise InputError(f"--section is for CSV, which has one table; {chosen} has all of them")
    return {**options, "output_format": chosen}


def exit_code(call: Callable[[], object]) -> int:
    """Run something to its end, tell what went wrong, and say with which code to exit.

    Args:
        call: may return an exit code itself.
    """
    try:
        code = call()
    except (KeyboardInterrupt, typer.Abort):
        say("mbconv: interrupted")
        return INTERRUPTED
    except typer.Exit as exit_:
        return exit_.exit_code
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):  # typer, when it has completed a word
            raise
        return CLOSED_PIPE  # rich, where a pipe was closed under the help that it prints
    except ClosedPipeError:
        return CLOSED_PIPE
    except MbconvError as error:
        _tell(error.sentences)
        return error.exit_code
    except MemoryError:
        _tell(("the machine has not enough memory",))
        return InputError.exit_code
    except OSError as error:  # files are the business of whoever opens them: help and processes are left
        abandon_stdout()
        _tell((_refusal(error),))
        return InputError.exit_code
    except Exception as error:
        _tell(_usage(error) or _fault(error))
        return InputError.exit_code
    return code if isinstance(code, int) else 0


def _refusal(error: OSError) -> str:
    """What the operating system refused, and what to do about it where that is known."""
    reason = error.strerror or str(error)
    if error.errno is not None and error.errno in _LIMITS:
        return f"{reason[:1].lower()}{reason[1:]}; {_LIMITS[error.errno]}"
    return (
        f"{error.filename or ('standard output' if error.errno in _OF_WRITING else 'the operating system')}: {reason}"
    )


def _usage(error: Any) -> tuple[str, ...]:
    """What typer complains of, in this program's words; nothing if it is another kind of error."""
    if not isinstance(error, UsageError):
        return ()
    message = error.format_message().replace("Value error, ", "").replace("Input should", "should").rstrip(".")
    asked = error.ctx.command_path if error.ctx else "mbconv"
    return (f"{message[:1].lower()}{message[1:]}; `{asked} --help` explains",)


def _fault(error: Exception) -> tuple[str, ...]:
    return (f"this is a fault of mbconv: {type(error).__name__}: {error}", "`mbconv --debug ...` shows where")


def _tell(problems: tuple[str, ...]) -> None:
    if debug.get():
        traceback.print_exc()
    for problem in problems:
        say(f"mbconv: {problem}")
