"""Where a command's text goes: a file, a terminal or a pipe; and what is said beside it on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.render.registry import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


def show(report: Report, output_format: Format, output: Path | None) -> None:
    """Write a report to a file, or to standard output.

    Raises:
        InputError: it could not be written to the end.
    """
    if output is None:
        print_text(render(report, output_format, _style_of_stdout()))
    else:
        write_atomically(output, render(report, output_format, Style()))


def print_text(text: str) -> None:
    """Write text to standard output, to the end.

    Raises:
        InputError: standard output is closed or full.
    """
    stream = sys.stdout
    if stream is None:
        raise InputError("standard output is closed")
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        # What is left in the buffer must not be tried again when the interpreter exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        what = "was closed before all was written" if isinstance(error, BrokenPipeError) else error.strerror
        raise InputError(f"standard output: {what}") from error


def say(text: str) -> None:
    """A line on standard error."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


@contextmanager
def progress_bar(task: str, count: int | None = None) -> Iterator[Callable[[float], None]]:
    """A bar on standard error with the time left; none where nobody watches.

    Args:
        task: what is being done.
        count: how many things there are to do.

    Yields:
        What to tell how much is done: of so many things, or else of one whole.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    counted = (MofNCompleteColumn(),) if count is not None else ()
    columns = (TextColumn("{task.description}"), BarColumn(), *counted, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(task, total=1.0 if count is None else count)
        yield lambda done: progress.update(bar, completed=done)


def _style_of_stdout() -> Style:
    stream = sys.stdout
    if stream is None:
        return Style()
    terminal = stream.isatty()
    return Style(
        width=shutil.get_terminal_size().columns if terminal else None,
        color=_wants_color(terminal=terminal),
        unicode=_can_encode("█±", stream.encoding),
    )


def _wants_color(*, terminal: bool) -> bool:
    """https://no-color.org and https://force-color.org: a variable counts if it is there and not empty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
