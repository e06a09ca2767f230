from __future__ import annotations

from mbconv_cli.render.markdown import render_markdown
from mbconv_cli.render.plot import HEIGHT, Axis, draw
from mbconv_cli.render.style import Style
from mbconv_cli.render.table import render_table
from mbconv_cli.report.document import from_json, to_json
from mbconv_cli.report.model import Column, Kind, Plot, Provenance, Report, Row, Section

PLOT = Plot("n", ("ratio", "latency_ratio"), level=1.0, marks=(7.0,))
COLUMNS = (Column("n"), Column("ratio", kind=Kind.EXACT), Column("latency_ratio", kind=Kind.MEASURED))


def section(*rows: Row) -> Section:
    return Section(COLUMNS, rows, PLOT)


FALLING = section(*({"n": n, "ratio": 2.0 - n / 7} for n in range(1, 15)))


def test_draws_the_curve_the_level_and_the_mark() -> None:
    lines = draw(FALLING, PLOT, Style(width=60, unicode=False)).splitlines()
    assert len(lines) == HEIGHT + 2
    assert lines[0].split()[0] == "1.857"
    assert lines[0].split()[1] == "o"
    level = next(line for line in lines if line.split()[:1] == ["1"])
    assert level.count("-") > 40
    assert sum("|" in line for line in lines[:HEIGHT]) == HEIGHT - 1  # the level goes over it
    assert lines[-2].split() == ["1", "7", "14"]
    assert lines[-1].split("over n: ")[1] == "o ratio   | n = 7"
    assert all(len(line) <= 60 for line in lines)


def test_a_row_without_a_figure_has_no_point() -> None:
    some = section({"n": 1, "ratio": 1.5, "latency_ratio": 0.5}, {"n": 2, "ratio": 1.4}, {"n": 3, "latency_ratio": 0.6})
    text = draw(some, PLOT, Style(unicode=False))
    drawn = text.rpartition("over n")[0]
    assert (drawn.count("o"), drawn.count("x")) == (2, 2)


def test_one_point_is_no_curve() -> None:
    assert draw(section({"n": 1, "ratio": 1.0}), PLOT, Style()) == "too few points to draw"
    assert draw(section(), PLOT, Style()) == "too few points to draw"


def test_the_same_figure_everywhere_is_drawn_too() -> None:
    flat = section({"n": 1, "ratio": 1.0}, {"n": 2, "ratio": 1.0})
    assert "●" in draw(flat, PLOT, Style())


def test_uneven_steps_are_spread_by_their_logarithm() -> None:
    assert Axis(1, 100, 101, logarithmic=True).cell(10) == 50
    assert Axis(1, 101, 101).cell(51) == 50
    doubling = section(*({"n": 2**power, "ratio": float(power)} for power in range(5)))
    row = draw(doubling, PLOT, Style(unicode=False)).splitlines()[-2]
    assert row.split() == ["1", "7", "16"]


def test_only_tables_are_drawn_and_json_keeps_the_plot() -> None:
    report = Report("compare-kernels", Provenance("1", "c"), sections={"crossing": FALLING})
    assert "over n:" in render_table(report, Style())
    assert from_json(to_json(report), "x.json") == report


def test_points_are_parted_by_a_column() -> None:
    rows = ({"x": 1, "y": 1.0, "best": True}, {"x": 2, "y": 2.0, "best": False}, {"x": 3, "y": 3.0, "best": False})
    section = Section((Column("x"), Column("y"), Column("best")), rows)
    drawn = draw(section, Plot("x", ("y",), by="best"), Style())
    assert "● y, best: no   ◆ y, best: yes" in drawn


def test_points_of_a_plot_may_be_others_than_the_rows() -> None:
    section = Section((Column("x"), Column("y")), ())
    rows = ({"x": 1, "y": 1.0}, {"x": 2, "y": 2.0})
    assert draw(section, Plot("x", ("y",), rows=rows), Style()).count("●") == 3  # two points and the legend


FRONT = Plot("ms", ("top1",), by="pareto", rows=(
    {"ms": 30.0, "top1": 78.0, "pareto": "yes", "label": "large"},
    {"ms": 10.0, "top1": 70.0, "pareto": "yes", "label": "small"},
    {"ms": 30.0, "top1": 72.0, "pareto": "no"},
), front="yes")  # fmt: skip


def test_the_points_of_a_front_are_letters_joined_by_steps() -> None:
    lines = draw(Section((), (), FRONT), FRONT, Style(width=60, unicode=False)).splitlines()
    assert lines[0].rstrip().endswith("b")
    assert lines[HEIGHT - 1].split()[1] == "a" + "." * 49
    assert sum(line.rstrip().endswith(".") for line in lines[1:HEIGHT]) == HEIGHT - 2  # the other point stands on it
    assert lines[-2].split("over ms: ")[1] == "o top1, pareto: no   a-b top1, pareto: yes"
    assert lines[-1].split() == ["a", "small", "b", "large"]


def test_a_front_of_more_points_than_letters_has_none() -> None:
    rows: tuple[Row, ...] = tuple({"ms": float(n), "top1": n, "pareto": True, "label": f"net {n}"} for n in range(60))
    many = Plot("ms", ("top1",), by="pareto", rows=rows, front=True)
    text = draw(Section((), (), many), many, Style(width=60, unicode=False))
    assert "o top1, pareto: yes" in text
    assert "net" not in text


def test_json_keeps_the_front() -> None:
    report = Report("frontier", Provenance("1", "c"), sections={"networks": Section((), (), FRONT)})
    assert from_json(to_json(report), "a").sections["networks"].plot == FRONT


def test_markdown_draws_it_as_code() -> None:
    report = Report("frontier", Provenance("1", "c"), sections={"networks": Section((), (), FRONT)})
    text = render_markdown(report, Style())
    assert text.count("```") == 2
    assert "a small   b large" in text
