"""What a check leaves on GitHub beside its report: a summary of the step, and annotations of the lines to blame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from mbconv_cli.commands.output import print_text, say
from mbconv_cli.errors import InputError
from mbconv_cli.files import write_atomically
from mbconv_cli.render.cells import totals_parts
from mbconv_cli.render.check_view import totals
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.safe_text import safe
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report

STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The environment variable that names the file to which a step's summary is appended."""

OUTPUTS: Final = "GITHUB_OUTPUT"
"""The environment variable that names the file to which a step's outputs are appended, a `name=value` in each line."""
TEMPORARY: Final = "RUNNER_TEMP"
"""The environment variable that names a folder which is emptied after a job."""
REPORT: Final = "mbconv-check.md"
_FAILED: Final = ("failed", "errors")
_VERDICTS: Final = {0: "pass", 1: "fail", 2: "error", 3: "undecided"}

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


def leave_on_github(report: Report, exit_code: int, *, annotate: bool) -> None:
    """The step's summary and outputs, where there are any, and the annotations, where they are asked for."""
    append_step_summary(report)
    append_outputs(report, exit_code)
    if annotate:
        annotate_checks(report)


def annotate_checks(report: Report) -> None:
    """Print a check's annotations on standard output, where the runner reads them."""
    print_text(render(report, Format.GITHUB, Style()))


def append_step_summary(report: Report) -> None:
    """Append a check's report as Markdown to the step's summary, where there is one.

    A summary that cannot be written is reported, and changes nothing about the check.
    """
    if os.environ.get(STEP_SUMMARY):
        _append(STEP_SUMMARY, render(report, Format.MARKDOWN, Style()))


def append_outputs(report: Report, exit_code: int) -> None:
    """Append a check's verdict, counts and one-line summary to the step's outputs, where it has any.

    The comment for the pull request is written into the runner's temporary folder, and its path is an output, too.
    """
    if not os.environ.get(OUTPUTS):
        return
    outputs = {
        "verdict": _VERDICTS[exit_code],
        "failed": sum(count for key in _FAILED if isinstance(count := report.totals.get(key), int)),
        "warned": report.totals.get("warned"),
        "summary": safe(", ".join(totals_parts(totals(report), {}))),
    }
    if folder := os.environ.get(TEMPORARY):
        path = Path(folder) / REPORT
        write_atomically(path, render(report, Format.MARKDOWN, Style()))
        outputs["report"] = str(path)
    _append(OUTPUTS, "".join(f"{key}={value}\n" for key, value in outputs.items()))


def _append(variable: str, text: str) -> None:
    """Append to the file that a variable names, if it does; one that cannot be written is reported, and that is all."""
    path = os.environ.get(variable)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        say(f"mbconv: warning: {variable}: {path}: not written: {error.strerror or error}")
