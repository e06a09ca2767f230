from __future__ import annotations

import csv
import io
import json
import re

import pytest
from rich.cells import cell_len

from mbconv_cli.errors import InputError
from mbconv_cli.render.cells import value_text
from mbconv_cli.render.html_page import chart_library
from mbconv_cli.render.renderers import RENDERERS, Format, render, renderers
from mbconv_cli.render.style import Style
from mbconv_cli.report.document import from_json
from mbconv_cli.report.model import Column, Kind, Provenance, Report, Section

ALL = ("measured", "exact", "networks", "hostile", "check", "hostile_check")
COST_KEYS = ("params", "macs", "flops", "bytes")
EMPTY = Report("nothing", Provenance("0.1.0", "none"), sections={"layers": Section((Column("name"),), ())})


def figures(text: str) -> list[int]:
    return [int(figure.replace(",", "")) for figure in re.findall(r"[0-9][0-9,]*", text)]


@pytest.mark.parametrize("name", ["measured", "exact"])
def test_printed_columns_add_up_to_the_printed_totals(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    headline = render(report, Format.TABLE, Style()).splitlines()[1]
    rows = list(csv.DictReader(io.StringIO(render(report, Format.CSV, Style()))))
    sums = [sum(int(row[key]) for row in rows) for key in COST_KEYS]
    assert figures(headline)[:4] == sums == [report.totals[key] for key in COST_KEYS]


def test_a_piped_table_adds_up_line_by_line(measured: Report) -> None:
    lines = render(measured, Format.TABLE, Style()).splitlines()
    heading = next(line for line in lines if line.startswith("layer "))
    total = next(line for line in lines if line.startswith("total "))
    rows = lines[lines.index(heading) + 2 : lines.index(total) - 1]
    cells = [re.split(r"\s{2,}", row) for row in rows]
    for title, expected in zip(("params", "MACs", "FLOPs", "bytes"), figures(total), strict=True):
        column = re.split(r"\s{2,}", heading).index(title)
        assert sum(int(row[column].replace(",", "")) for row in cells) == expected


def test_printed_times_of_layers_add_up_to_the_sum_of_layers(measured: Report) -> None:
    lines = render(measured, Format.TABLE, Style(width=80)).splitlines()
    times = {line.split("  ")[0]: float(match[1]) for line in lines if (match := re.search(r"([0-9.]+) ±", line))}
    told = times["sum of layers"]
    layers = [time for name, time in times.items() if "." in name and not name[0].isdigit()]
    assert len(layers) == 6
    assert sum(layers) == pytest.approx(told, abs=len(layers) * 0.0005)


def test_no_total_stands_under_a_column_that_it_does_not_sum(exact: Report) -> None:
    wrong = Report(exact.kind, exact.provenance, exact.subject, dict(exact.totals) | {"macs": 1}, exact.sections)
    total = next(line for line in render(wrong, Format.TABLE, Style()).splitlines() if line.startswith("total"))
    assert figures(total) == [exact.totals[key] for key in ("params", "flops", "bytes")]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("width", range(30, 260, 7))
@pytest.mark.parametrize("unicode", [True, False])
def test_tables_never_exceed_the_terminal(name: str, width: int, unicode: bool, request: pytest.FixtureRequest) -> None:
    text = render(request.getfixturevalue(name), Format.TABLE, Style(width=width, unicode=unicode))
    assert max(map(cell_len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_from_80_columns_on_names_and_what_counts_are_whole(measured: Report, width: int) -> None:
    text = render(measured, Format.TABLE, Style(width=width, exact=True))
    for row in measured.sections["layers"].rows:
        line = next(line for line in text.splitlines() if line.startswith(f"{row['name']} "))
        assert f"{row['params']:,} " in line
        assert f"{row['macs']:,} " in line
        assert "±" in line
        assert "%" in line
    assert "█" in text


def test_colour_changes_nothing_but_colour(measured: Report) -> None:
    plain = render(measured, Format.TABLE, Style(width=80))
    coloured = render(measured, Format.TABLE, Style(width=80, color=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("name", ALL)
def test_no_name_reaches_the_terminal_or_the_runner_as_a_command(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    measured_only = {Format.CHROME_TRACE, Format.SVG} if name != "measured" else {Format.SVG}  # see test_report_charts
    for output_format in renderers(report.kind).keys() - measured_only:
        text = render(report, output_format, Style(width=80))
        if output_format is Format.HTML:
            text = text.replace(chart_library(), "")  # which no name can get into
        assert all(character.isprintable() for line in text.split("\n") for character in line)
        assert "##[" not in text
        if output_format is not Format.GITHUB:
            assert not re.search(r"^\s*::", text, re.MULTILINE)
        text.encode("utf-8")


@pytest.mark.parametrize("output_format", [Format.TABLE, Format.JSON])
def test_ascii_is_enough_where_nothing_else_is_there(measured: Report, hostile: Report, output_format: Format) -> None:
    for report in (measured, hostile):
        assert render(report, output_format, Style(unicode=False)).isascii()


def test_markup_of_rich_is_shown_as_it_is(hostile: Report) -> None:
    assert "[red]markup[/red] :smile:" in render(hostile, Format.TABLE, Style(width=80, color=True))


def test_markdown_has_no_cell_more_than_its_head_says(hostile: Report) -> None:
    table = [line for line in render(hostile, Format.MARKDOWN, Style()).splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {3}
    assert "<script>" not in "".join(table)


def test_a_format_without_a_place_for_a_report_is_refused(measured: Report, networks: Report) -> None:
    for report, output_format in ((measured, Format.JUNIT), (measured, Format.GITHUB), (networks, Format.BMF)):
        with pytest.raises(InputError, match=f"--format {output_format.value} has no place for a report on"):
            render(report, output_format, Style())


def test_csv_has_no_formula(hostile: Report) -> None:
    cells = [cell for row in csv.reader(io.StringIO(render(hostile, Format.CSV, Style()))) for cell in row]
    assert "'=cmd()|' /C calc'!A0" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("name", ALL)
def test_json_is_the_whole_report(name: str, request: pytest.FixtureRequest) -> None:
    report = request.getfixturevalue(name)
    text = render(report, Format.JSON, Style())
    assert json.loads(text)["schema"] == "mbconv.report/1"
    assert from_json(text, "here") == report


@pytest.mark.parametrize("output_format", list(RENDERERS))
def test_every_format_ends_with_one_newline_and_bears_an_empty_section(output_format: Format) -> None:
    text = render(EMPTY, output_format, Style(width=80))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_what_is_the_same_in_every_row_goes_first(networks: Report) -> None:
    narrow = render(networks, Format.TABLE, Style(width=70))
    assert "family" not in narrow.splitlines()[2]
    assert "MACs" in narrow.splitlines()[2]


def test_a_column_that_went_in_vain_comes_back(networks: Report) -> None:
    text = render(networks, Format.TABLE, Style(width=72, exact=True))
    assert "hidden: resolution, source (" in text, "family, which went before them, has room again"


def test_a_label_column_of_figures_is_flush_right() -> None:
    section = Section(
        (Column("name"), Column("blocks"), Column("macs", "MAC", Kind.EXACT)), ({"name": "a", "blocks": 1, "macs": 12},)
    )
    report = Report("profile", Provenance("0.1.0", "none"), sections={"stages": section})
    assert render(report, Format.TABLE, Style()).splitlines()[:3] == [
        "stage  blocks  MACs",
        "───────────────────",
        "a           1    12",
    ]


def test_what_tells_rows_apart_goes_after_all_others() -> None:
    columns = (Column("block"), Column("part"), Column("operator"), Column("macs", "MAC", Kind.EXACT))
    rows = [{"block": "a", "part": part, "operator": "Conv, k3x3", "macs": 10**9} for part in ("depthwise", "project")]
    report = Report("parts", Provenance("0.1.0", "none"), sections={"parts": Section(columns, tuple(rows))})
    lines = render(report, Format.TABLE, Style(width=31)).splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["a", "depthwise"], ["a", "project"]]
    assert "Conv" not in "".join(lines[:4])


@pytest.mark.parametrize(("totals", "line"), [({"networks": 1}, "1 network"), ({"networks": 2}, "2 networks")])
def test_one_is_no_plural(totals: dict[str, int], line: str) -> None:
    report = Report("networks", Provenance("0.1.0", "none"), totals=totals)
    assert render(report, Format.TABLE, Style()).splitlines()[0] == line


@pytest.mark.parametrize(
    ("value", "text"), [(765_100.2, "765,100"), (10_000.0, "10,000"), (9_999.4, "9,999"), (0.01234, "0.01234")]
)
def test_large_figures_have_no_exponent(value: float, text: str) -> None:
    assert value_text(value, Column("gigaflops_per_second", "GFLOP/s")) == text
