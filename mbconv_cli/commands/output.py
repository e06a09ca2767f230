"""Where a command's text goes: a file, a terminal or a pipe; and what is said beside it on standard error."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from mbconv_cli.commands.presentation import presentation
from mbconv_cli.errors import InputError, did_you_mean
from mbconv_cli.files import write_atomically
from mbconv_cli.render.notes import urgent_notes
from mbconv_cli.render.renderers import FORMATS_OF_SUFFIX, Format, render
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


class ClosedPipeError(Exception):
    """Whoever read standard output has closed it, as `head` does: no fault, and nobody to report to."""


def show(report: Report, output_format: Format, output: Path | None, section: str | None = None) -> None:
    """Write a report to a file, into a folder of CSV files, or to standard output.

    Args:
        report: what to write.
        output_format: in which format.
        output: the file or, for CSV, the folder; standard output if absent.
        section: of CSV, which has one table: the section's name; the first one if absent.

    Raises:
        InputError: it could not be written to the end, or there is no such section.
    """
    if output_format is Format.CSV:
        _show_csv(report, output, section)
        return
    style = style_of_stdout() if output is None else Style()
    chosen = presentation.get()
    style = replace(style, verbose=chosen.verbose, exact=chosen.exact)
    write_text(render(report, output_format, style), output)


def _show_csv(report: Report, output: Path | None, section: str | None) -> None:
    """One section, with those that are left out named on standard error; or all of them, as files of a folder."""
    from mbconv_cli.render.csv_text import render_section

    for note in urgent_notes(report):
        remark(note)  # a table of values has no place for it
    names = list(report.sections)
    if output is not None and output.is_dir() and section is None:
        for name in names:
            write_atomically(output / f"{name.replace(' ', '-')}.csv", render_section(report, name))
        return
    chosen = section or names[0]
    if chosen not in names:
        hint = did_you_mean(chosen, names) or f"; this report has {', '.join(names)}"
        raise InputError(f"--section {chosen!r}: no such section{hint}")
    write_text(render_section(report, chosen), output)
    if section is None and len(names) > 1:
        others = ", ".join(name for name in names if name != chosen)
        remark(f"CSV has one table, {chosen}; left out: {others} (--section NAME, or -o FOLDER for all)")


def format_for(chosen: Format, output: Path | None) -> Format:
    """The format that is asked for, or else that of the file's suffix, or else a table.

    Raises:
        InputError: format and suffix contradict each other.
    """
    suffix = output.suffix.lower() if output is not None else ""
    meant = FORMATS_OF_SUFFIX.get(suffix, ())
    if chosen is Format.AUTO:
        into_folder = output is not None and output.is_dir()
        return meant[0] if meant else Format.CSV if into_folder else Format.TABLE
    if meant and chosen not in meant:
        raise InputError(f"-o {output}: {suffix} means {meant[0]}, but --format says {chosen}; leave one of them out")
    return chosen


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
        ClosedPipeError: who read it has enough.
    """
    stream = sys.stdout
    if stream is None:
        raise InputError("standard output is closed")
    try:
        _write_all(stream, _encodable(text, stream.encoding))
    except OSError as error:
        abandon_stdout()
        if isinstance(error, BrokenPipeError):
            raise ClosedPipeError from error
        raise InputError(f"standard output: {error.strerror}") from error


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


def remark(text: str) -> None:
    """A sentence on standard error beside the result, which nobody needs who has asked for quiet."""
    if not presentation.get().quiet:
        say(f"mbconv: {text}")


@contextmanager
def progress_bar(task: str, count: int | None = None) -> Iterator[Callable[[float], None]]:
    """A bar on standard error with the time left; none where nobody watches.

    Args:
        task: what is being done.
        count: how many things there are to do.

    Yields:
        What to tell how many of them are done; without a count, which share of the work.
    """
    if presentation.get().quiet or sys.stderr is None or not sys.stderr.isatty():
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


@contextmanager
def progress_bars() -> Iterator[Callable[[str], Callable[[float], None]]]:
    """Bars of tasks whose names and number are not known before: each is begun with a name, and ends the one before.

    Yields:
        What begins a task, and returns what takes the share of it that is done.
    """
    with ExitStack() as stack:

        def begin(task: str) -> Callable[[float], None]:
            stack.close()
            return stack.enter_context(progress_bar(task))

        yield begin


def takes_unicode(output: Path | None) -> bool:
    """Whether any character can be written: to a file, which is UTF-8, or to standard output in its encoding."""
    return output is not None or sys.stdout is None or _shows_unicode(sys.stdout.encoding)


def style_of_stdout() -> Style:
    """What is known of the place that standard output goes to."""
    stream = sys.stdout
    if stream is None:
        return Style()
    terminal = stream.isatty()
    return Style(
        width=shutil.get_terminal_size().columns if terminal or _columns_given() else None,
        color=_wants_color(terminal=terminal),
        unicode=_shows_unicode(stream.encoding),
    )


def _columns_given() -> bool:
    """Whether a width is asked for in a pipe, too: https://pubs.opengroup.org/onlinepubs/9799919799/, chapter 8."""
    return os.environ.get("COLUMNS", "").isdecimal() and os.environ["COLUMNS"] != "0"


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
