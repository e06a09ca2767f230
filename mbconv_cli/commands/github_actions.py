"""What a check leaves on GitHub beside its report: a summary of the step, and annotations of the lines to blame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from mbconv_cli.commands.output import print_text, say
from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report

STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file to which a step's summary is appended."""

AnnotateOption: TypeAlias = Annotated[
    bool,
    typer.Option("--annotate", help="Print annotations for GitHub, too, on the lines of YAML that are to blame."),
]


def require_room_for_annotations(annotate: bool, output_format: Format, output: Path | None) -> None:
    """Refuse what would mix annotations into text that a program reads.

    Raises:
        InputError: standard output already has the annotations, or another format than the table.
    """
    if not annotate or output is not None or output_format is Format.TABLE:
        return
    if output_format is Format.GITHUB:
        raise InputError("--annotate changes nothing beside --format github; give one of them")
    raise InputError(f"--annotate: standard output has the {output_format}; write that into a file with -o FILE")


def annotate_checks(report: Report) -> None:
    """Print a check's annotations on standard output, where the runner reads them."""
    print_text(render(report, Format.GITHUB, Style()))


def append_step_summary(report: Report) -> None:
    """Append a check's report as Markdown to the step's summary, where there is one.

    A summary that cannot be written is reported, and changes nothing about the check.
    """
    path = os.environ.get(STEP_SUMMARY)
    if not path:
        return
    text = render(report, Format.MARKDOWN, Style())
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        say(f"mbconv: warning: {STEP_SUMMARY}: {path}: not written: {error.strerror or error}")
