"""The output formats: one line each, for all reports or for those of a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from importlib import import_module
from typing import Final, TypeAlias

from mbconv_cli.errors import InputError
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report
from mbconv_cli.report.verdict import CHECK

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


def _renderer(place: str) -> Renderer:
    """The renderer at a place below `mbconv_cli.render`, which is loaded when it writes."""
    module, _, function = place.rpartition(".")

    def write(report: Report, style: Style) -> str:
        text: str = getattr(import_module(f"mbconv_cli.render.{module}"), function)(report, style)
        return text

    return write


RENDERERS: Final[Mapping[Format, Renderer]] = {
    Format.TABLE: _renderer("table.render_table"),
    Format.JSON: _renderer("json_text.render_json"),
    Format.CSV: _renderer("csv_text.render_csv"),
    Format.MARKDOWN: _renderer("markdown.render_markdown"),
    Format.HTML: _renderer("html_page.render_html"),
}
"""Those of every report."""
_HISTORIES: Final[Mapping[Format, Renderer]] = {
    Format.BMF: _renderer("bmf.render_bmf"),
    Format.BENCHMARK_ACTION: _renderer("benchmark_action.render_benchmark_action"),
}
_DRAWN: Final[Mapping[Format, Renderer]] = {Format.SVG: _renderer("svg.render_svg")}
_OF_KIND: Final[Mapping[str, Mapping[Format, Renderer]]] = {
    "profile": {**_HISTORIES, **_DRAWN, Format.CHROME_TRACE: _renderer("chrome_trace.render_chrome_trace")},
    **dict.fromkeys(("compare-kernels", "diff", "frontier", "history", "sweep"), _DRAWN),
    CHECK: {
        Format.TABLE: _renderer("check_table.render_check_table"),
        Format.MARKDOWN: _renderer("check_markdown.render_check_markdown"),
        Format.JUNIT: _renderer("junit.render_junit"),
        Format.GITHUB: _renderer("github.render_github"),
        Format.CODE_QUALITY: _renderer("code_quality.render_code_quality"),
        Format.SARIF: _renderer("sarif.render_sarif"),
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
