"""Where a command's text goes: a file, a terminal or a pipe; and what is said beside it on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


def show(report: Report, output_format: Format, output: Path | None) -> None:
    """Write a report to a file, or to standard output.

    Raises:
        InputError: it could not be written to the end.
    """
    style = _style_of_stdout() if output is None else Style()
    write_text(render(report, output_format, style), output)


def write_text(text: str, output: Path | None) -> None:
    """Write text to a file, atomically, or to standard output.

    Raises:
        InputError: it could not be written to the end.
    """
    if output is None:
        print_text(text)
    else:
        write_atomically(output, text)


def print_text(text: str) -> None:
    """Write text to standard output, to the end.

    Raises:
        InputError: standard output is closed or full.
    """
    stream = sys.stdout
    if stream is None:
        raise InputError("standard output is closed")
    try:
        _write_all(stream, _encodable(text, stream.encoding))
    except OSError as error:
        abandon_stdout()
        what = "was closed before all was written" if isinstance(error, BrokenPipeError) else error.strerror
        raise InputError(f"standard output: {what}") from error


def _write_all(stream: TextIO, text: str) -> None:
    """Write all of it: an unbuffered stream (PYTHONUNBUFFERED) may take only a part at a time."""
    stream.flush()
    rest = memoryview(text.encode(stream.encoding, errors=stream.errors or "strict"))
    while rest:
        rest = rest[stream.buffer.write(rest) :]
    stream.buffer.flush()


def abandon_stdout() -> None:
    """Have what is left in the buffer of standard output not tried again when the interpreter exits."""
    with suppress(OSError, ValueError):  # a stream without a file has nothing to abandon
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """A line on standard error; where that is closed or full there is nobody to tell."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(safe(text, unicode=_shows_unicode(sys.stderr.encoding)), file=sys.stderr, flush=True)


@contextmanager
def progress_bar(task: str, count: int | None = None) -> Iterator[Callable[[float], None]]:
    """A bar on standard error with the time left; none where nobody watches.

    Args:
        task: what is being done.
        count: how many things there are to do.

    Yields:
        What to tell how many of them are done; without a count, which share of the work.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    counted = () if count is None else (MofNCompleteColumn(),)
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
        unicode=_shows_unicode(stream.encoding),
    )


def _wants_color(*, terminal: bool) -> bool:
    """https://no-color.org and https://force-color.org: a variable counts if it is there and not empty."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"


def _shows_unicode(encoding: str | None) -> bool:
    """Whether a stream takes any character: it does in UTF-8 and its kin."""
    return (encoding or "").lower().startswith("utf")


def _encodable(text: str, encoding: str | None) -> str:
    """The text with what a stream's encoding lacks written as escapes."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
