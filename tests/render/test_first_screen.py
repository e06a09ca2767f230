"""What a person sees first: the answer, a line of each note, figures that fit, and colours where networks differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.analysis.columns import COSTS, MACS_SHARE, cost_cells
from mbconv_cli.analysis.grouping import LABELS, By, group_ops
from mbconv_cli.analysis.networks import open_network
from mbconv_cli.cost.counts import plan_costs, total
from mbconv_cli.render.diff_headline import diff_headline
from mbconv_cli.render.notes import brief_notes
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Better, Column, Excerpt, Kind, Provenance, Report, Row, Section
from mbconv_cli.units import CHANGE, MAC

NAME, MACS = Column("name"), Column("macs", MAC, Kind.EXACT, Better.LOWER)
ROWS: tuple[Row, ...] = ({"name": "a", "macs": 385_814_752}, {"name": "b", "macs": 12})
PROVENANCE = Provenance("1", "MACs: one multiply-accumulate is one; of convolutions")
NOTES = ("audit: all 3 ops agree; as fvcore counts", "clock: resolution 1 us", "device: cpu")
TOTALS = (
    Column("metric"),
    Column("difference", kind=Kind.EXACT, better=Better.LOWER),
    Column("change", CHANGE, Kind.EXACT, Better.LOWER),
)


def report(excerpt: Excerpt | None = None) -> Report:
    section = Section((NAME, MACS), ROWS, excerpt=excerpt)
    return Report("profile", PROVENANCE, {"name": "tiny"}, {"macs": 385_814_764}, {"layers": section}, NOTES)


def compared(macs: int, params: int, ratio: tuple[float, float, float] | None = None) -> Report:
    rows: tuple[Row, ...] = (
        {"metric": "params", "difference": params, "change": params / 1_000},
        {"metric": "macs", "difference": macs, "change": macs / 1_000_000},
    )
    sections = {"totals": Section(TOTALS, rows)}
    if ratio:
        middle, low, high = ratio
        times: tuple[Row, ...] = (
            {"name": "base", "latency_ms": 10.0},
            {
                "name": "head",
                "latency_ms": 10.0 * middle,
                "latency_ratio": middle,
                "latency_ratio_low": low,
                "latency_ratio_high": high,
            },
        )
        sections["latency"] = Section((NAME,), times)
    return Report("diff", PROVENANCE, {"name": "a -> b"}, sections=sections)


@pytest.mark.parametrize("output_format", [Format.TABLE, Format.MARKDOWN])
def test_people_see_the_excerpt_and_programs_every_row(output_format: Format) -> None:
    short = report(Excerpt("costliest layers", ROWS[:1]))
    text = render(short, output_format, Style())
    assert "costliest layer" in text
    assert "12" not in text.replace("1 2", "")
    assert "\nb,12\n" in render(short, Format.CSV, Style())
    assert render(short, output_format, Style(verbose=True)) == render(report(), output_format, Style(verbose=True))


def test_an_excerpt_that_shortens_names_alone_is_shown_in_full_with_exact() -> None:
    short = tuple({**row, "name": f"{row['name']}…"} for row in ROWS)
    for title, shortened in (("layers", False), ("slowest layers", True)):
        text = render(report(Excerpt(title, short)), Format.TABLE, Style(exact=True))
        assert ("b…" in text) is shortened
    assert "b…" in render(report(Excerpt("layers", short)), Format.TABLE, Style())


def test_a_section_that_answers_no_first_question_is_left_to_verbose() -> None:
    text = render(report(Excerpt()), Format.TABLE, Style())
    assert "layer " not in text
    assert "385,814,764 MACs" in text


def test_notes_are_one_line_each_and_in_full_with_verbose() -> None:
    assert brief_notes(report(), Style(width=30)) == [
        "audit: all 3 ops agree",
        "device: cpu",
        "counting: MACs: one multiply-accumulate is one",
        "more: --verbose shows every row and every note in full",
    ]
    assert brief_notes(report(), Style(verbose=True)) == [*NOTES, f"counting: {PROVENANCE.convention}"]


def test_digits_go_before_columns_do_and_stay_where_all_are_wanted() -> None:
    wide = render(report(), Format.TABLE, Style(width=20))
    other = Column("bytes", "byte", Kind.EXACT)
    rows = tuple({**row, "bytes": 123_456_789} for row in ROWS)
    crowded = replace(report(), sections={"layers": Section((NAME, MACS, other), rows)})
    assert "385,814,752" in wide
    rounded = render(crowded, Format.TABLE, Style(width=28))
    assert "385.8 M" in rounded
    assert "117.7 MiB" in rounded
    assert "rounded: MACs, bytes (--exact shows all digits)" in " ".join(rounded.split())
    assert "385,814,752" not in rounded
    assert "123,456,789" in render(crowded, Format.TABLE, Style(width=28, exact=True))
    for exact in (Format.CSV, Format.JSON, Format.MARKDOWN):
        assert "123456789" in render(crowded, exact, Style(width=28)).replace(",", "")


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("name", ["efficientnet-b0", "mobilenet-v3-small", "resnet-18"])
def test_what_a_stage_is_stays_on_a_narrow_terminal(name: str, width: int) -> None:
    plan = open_network(name).plan
    columns = (*LABELS[By.STAGE], *COSTS, MACS_SHARE)
    costs = plan_costs(plan)
    rows = tuple(
        {**group.labels, **cost_cells(total(costs[index] for index in group.ops), 1), "macs_share": 0.1}
        for group in group_ops(plan, By.STAGE)
    )
    text = render(Report("profile", PROVENANCE, {}, {}, {"stages": Section(columns, rows)}), Format.TABLE, Style(width))
    assert all(str(row["operator"])[:20] in text for row in rows)


def test_two_halves_of_a_pair_are_cut_alike_and_stay() -> None:
    words = "a value of many words that has no room at all"
    columns = (NAME, Column("base", pair="compared"), Column("head", pair="compared"))
    rows = ({"name": "width", "base": words, "head": words}, {"name": "other", "base": "1", "head": words})
    narrow = Report("diff", PROVENANCE, {}, {}, {"options": Section(columns, rows)})
    for width, shown in ((60, 2), (36, 2), (20, 0)):
        table = render(narrow, Format.TABLE, Style(width)).splitlines()
        line = next(line for line in table if line.startswith("width"))
        assert line.count("a value of") == shown
        assert len(line) <= width


def test_a_diff_begins_with_what_changed_better_in_green_and_worse_in_red() -> None:
    pieces = diff_headline(compared(780_000, -40, (1.78, 1.75, 1.81)))
    assert "".join(text for text, _ in pieces) == "+780.0 k MACs (+78 %), -40 params (-4 %), +7.8 ms (+78 % ±3)"
    assert [style for text, style in pieces if text != ", "] == ["red", "green", "red"]


def test_what_is_the_same_or_undecided_has_no_colour() -> None:
    pieces = diff_headline(compared(0, 0, (1.02, 0.98, 1.06)))
    assert "".join(text for text, _ in pieces) == "the same MACs, the same params, +0.2 ms (+2 % ±4)"
    assert not any(style for _, style in pieces)


def test_a_measurement_that_is_of_no_use_is_no_part_of_the_first_line() -> None:
    pieces = diff_headline(replace(compared(0, 0, (1.78, 1.75, 1.81)), measurement={"usable": False}))
    assert "".join(text for text, _ in pieces) == "the same MACs, the same params"


def test_changes_in_tables_are_coloured_by_which_direction_is_better() -> None:
    text = render(compared(780_000, -40), Format.TABLE, Style(color=True))
    assert "\x1b[31m780,000\x1b[0m" in text
    assert "\x1b[32m-40\x1b[0m" in text
