"""The charts of reports, and the drawing that matplotlib makes of them."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from mbconv_cli.analysis.diff.diff import diff
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.errors import InputError
from mbconv_cli.render.chart import Chart, Drawn, Tone
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.report_charts import charts
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Column, Kind, Plot, Provenance, Report, Row, Section

LIMITS = Section(
    (Column("name"), Column("gigaflops_per_second"), Column("gigabytes_per_second")),
    (
        {"name": "compute", "gigaflops_per_second": 100.0},
        {"name": "memory, 1 MiB", "working_set": 2**20, "gigabytes_per_second": 50.0},
        {"name": "memory, 8 MiB", "working_set": 2**23, "gigabytes_per_second": 75.0},
        {"name": "memory, 64 MiB", "working_set": 2**26, "gigabytes_per_second": 10.0},
    ),
)
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [text for element in ET.fromstring(svg).iter(f"{SVG}text") for text in element.itertext()]  # noqa: S314 - our own


@pytest.fixture
def with_roofline(measured: Report) -> Report:
    layers = measured.sections["layers"]
    rows = tuple(dict(row) | {"intensity": 2.0 + index} for index, row in enumerate(layers.rows))
    return replace(measured, sections={"layers": replace(layers, rows=rows), "limits": LIMITS})


@pytest.fixture
def front() -> Report:
    rows: tuple[Row, ...] = (
        {"name": "net $a$", "label": "net $a$", "macs": 100, "top1": 70.5, "pareto": True},
        {"name": "net b", "macs": 200, "top1": 70.0, "pareto": False},
    )
    columns = (Column("name"), Column("macs", "MAC", Kind.EXACT), Column("top1", "%"), Column("pareto"))
    section = Section(columns, rows, Plot("macs", ("top1",), by="pareto"))
    return Report("frontier", Provenance("0.1.0", "none"), {"name": "nets"}, sections={"networks": section})


def test_the_roofs_bend_where_memory_and_compute_take_the_same_time(with_roofline: Report) -> None:
    (chart,) = charts(with_roofline)
    roofs = [series for series in chart.series if series.drawn is Drawn.LINE]
    assert [roof.name for roof in roofs] == [
        "limit: 100 GFLOP/s, 75 GB/s (memory, 8 MiB)",
        "limit: 100 GFLOP/s, 10 GB/s (memory, 64 MiB)",
    ]
    assert [(roof.x[1], roof.y[1]) for roof in roofs] == [(100 / 75, pytest.approx(100)), (10.0, 100.0)]
    assert roofs[1].y[0] == pytest.approx(10 * float(roofs[1].x[0]))


def test_points_of_a_roofline_are_flops_over_time_by_role(with_roofline: Report) -> None:
    (chart,) = charts(with_roofline)
    points = {series.name: series for series in chart.series if series.drawn is Drawn.POINTS}
    assert list(points) == ["stem", "project", "classifier"]
    assert points["stem"].y == (2 * 10_838_016 / 0.75 / 1e6,)
    assert points["stem"].names == ("stem.conv",)


def test_before_and_after_of_a_check_in_percent(check: Report) -> None:
    (chart,) = charts(check)
    before, better, worse = chart.series
    assert set(before.x) == {100.0}
    assert better.tone is Tone.BETTER
    assert better.y == ("efficientnet-b0 ms",)
    assert better.half_widths == pytest.approx((0.8,))
    assert worse.y == ("ours-large params", "ours-large MACs", "ours-large ms", "mobilenet-v3-small ms")
    assert worse.texts[1] == "+2.9 %"
    assert worse.names[1] == "ours-large MACs: 385,814,752 -> 397,002,848"


def test_a_diff_shows_where_its_difference_comes_from() -> None:
    report = diff(open_network("mobilenet-v1"), open_network("mobilenet-v2")).report
    totals, stages = charts(report)
    assert [series.name for series in totals.series] == ["before", "after, better", "after, worse"]
    lengths = [float(length) for series in stages.series for length in series.x]
    assert sum(lengths) == report.totals["macs_difference"]


def test_a_front_has_its_names(front: Report) -> None:
    (chart,) = charts(front)
    assert (chart.x.title, chart.y.title) == ("MACs", "top1 (%)")
    assert {series.name: series.names for series in chart.series} == {
        "pareto: no": ("net b",),
        "pareto: yes": ("net $a$",),
    }
    assert "net $a$" in texts(render(front, Format.SVG, Style()))


def test_a_drawing_is_the_same_every_time_and_has_names_as_text(measured: Report, with_roofline: Report) -> None:
    one, two = (render(with_roofline, Format.SVG, Style()) for _ in range(2))
    assert one == two
    assert {"stem", "project", "GFLOP/s", "roofline: speed of each layer, under the machine's limits"} <= set(
        texts(one)
    )
    assert not [text for text in texts(one) if "\\" in text]
    with pytest.raises(InputError, match="has no chart"):
        render(replace(measured, sections={}), Format.SVG, Style())


def test_hostile_names_are_nothing_but_text_in_a_drawing(hostile_check: Report) -> None:
    svg = render(hostile_check, Format.SVG, Style())
    ET.fromstring(svg)  # noqa: S314 - our own
    assert "<script" not in svg


def test_without_matplotlib_the_extra_is_named(with_roofline: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mbconv_cli.render.svg.find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"pip install 'mbconv-cli\[plot\]'"):
        render(with_roofline, Format.SVG, Style())


def test_a_chart_without_bars_has_none(with_roofline: Report) -> None:
    charted: list[Chart] = charts(with_roofline)
    assert charted[0].bars == ()
