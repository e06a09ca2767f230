"""The output formats: one line each, for all reports or for those of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, TypeAlias

from mbconv_cli.errors import InputError
from mbconv_cli.render.benchmark_action import render_benchmark_action
from mbconv_cli.render.bmf import render_bmf
from mbconv_cli.render.check_markdown import render_check_markdown
from mbconv_cli.render.check_view import for_reading
from mbconv_cli.render.checks import CHECK
from mbconv_cli.render.chrome_trace import render_chrome_trace
from mbconv_cli.render.code_quality import render_code_quality
from mbconv_cli.render.csv_text import render_csv
from mbconv_cli.render.github import render_github
from mbconv_cli.render.json_text import render_json
from mbconv_cli.render.markdown import render_markdown
from mbconv_cli.render.sarif import render_sarif
from mbconv_cli.render.style import Style
from mbconv_cli.render.table import render_table
from mbconv_cli.report.model import Report

Renderer: TypeAlias = Callable[[Report, Style], str]


class Format(str, Enum):
    """How a report is written; `auto` is what the file's suffix means, or else a table."""

    AUTO = "auto"
    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    YAML = "yaml"
    JUNIT = "junit"
    GITHUB = "github"
    CODE_QUALITY = "codequality"
    SARIF = "sarif"
    BMF = "bmf"
    BENCHMARK_ACTION = "benchmark-action"
    CHROME_TRACE = "chrome-trace"
    HTML = "html"
    SVG = "svg"

    def __str__(self) -> str:
        return self.value


def _render_junit(report: Report, style: Style) -> str:
    from mbconv_cli.render.junit import render_junit  # XML is loaded where it is written alone

    return render_junit(report, style)


def _render_html(report: Report, style: Style) -> str:
    from mbconv_cli.render.html_page import render_html  # as long as any table: loaded where a page is written alone

    return render_html(report, style)


def _render_svg(report: Report, style: Style) -> str:
    from mbconv_cli.render.svg import render_svg  # loaded where a drawing is written alone, as the page is

    return render_svg(report, style)


RENDERERS: Final[Mapping[Format, Renderer]] = {
    Format.TABLE: render_table,
    Format.JSON: render_json,
    Format.CSV: render_csv,
    Format.MARKDOWN: render_markdown,
    Format.HTML: _render_html,
}
"""Those of every report."""
_HISTORIES: Final[Mapping[Format, Renderer]] = {
    Format.BMF: render_bmf,
    Format.BENCHMARK_ACTION: render_benchmark_action,
}
_DRAWN: Final[Mapping[Format, Renderer]] = {Format.SVG: _render_svg}
_OF_KIND: Final[Mapping[str, Mapping[Format, Renderer]]] = {
    "profile": {**_HISTORIES, **_DRAWN, Format.CHROME_TRACE: render_chrome_trace},
    **dict.fromkeys(("compare-kernels", "diff", "frontier", "history", "sweep"), _DRAWN),
    CHECK: {
        Format.TABLE: lambda report, style: render_table(for_reading(report, verbose=style.verbose), style),
        Format.MARKDOWN: render_check_markdown,
        Format.JUNIT: _render_junit,
        Format.GITHUB: render_github,
        Format.CODE_QUALITY: render_code_quality,
        Format.SARIF: render_sarif,
        **_HISTORIES,
        **_DRAWN,
    },
}


FORMATS_OF_SUFFIX: Final[Mapping[str, tuple[Format, ...]]] = {
    ".csv": (Format.CSV,),
    ".html": (Format.HTML,),
    ".json": (Format.JSON, Format.BMF, Format.BENCHMARK_ACTION, Format.CODE_QUALITY, Format.SARIF, Format.CHROME_TRACE),
    ".md": (Format.MARKDOWN,),
    ".sarif": (Format.SARIF,),
    ".svg": (Format.SVG,),
    ".xml": (Format.JUNIT,),
    ".yaml": (Format.YAML,),
    ".yml": (Format.YAML,),
}
"""The formats that a file of a suffix may have, the usual one first."""


def renderers(kind: str) -> Mapping[Format, Renderer]:
    """The formats that reports of a kind can be written in."""
    return {**RENDERERS, **_OF_KIND.get(kind, {})}


def render(report: Report, output_format: Format, style: Style) -> str:
    """The report as text of a format, with a final newline.

    Raises:
        InputError: the format has no place for reports of this kind.
    """
    of_kind = renderers(report.kind)
    if output_format not in of_kind:
        valid = ", ".join(map(str, of_kind))
        raise InputError(f"--format {output_format} has no place for a report on {report.kind}; valid are {valid}")
    return of_kind[output_format](report, style)
