from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mbconv_cli.commands.output import format_for, show
from mbconv_cli.commands.sizes import parse_extent, parse_output
from mbconv_cli.errors import InputError
from mbconv_cli.render.renderers import Format
from mbconv_cli.report.model import Column, Provenance, Report, Section

REPORT = Report(
    "profile",
    Provenance("0.1.0", "none"),
    sections={name: Section((Column(name),), ({name: 1},)) for name in ("layers", "latency of all")},
)


@pytest.mark.parametrize(
    ("chosen", "output", "expected"),
    [
        (Format.AUTO, None, Format.TABLE),
        (Format.AUTO, "x.txt", Format.TABLE),
        (Format.AUTO, "x.CSV", Format.CSV),
        (Format.AUTO, "x.json", Format.JSON),
        (Format.AUTO, "x.md", Format.MARKDOWN),
        (Format.AUTO, "x.xml", Format.JUNIT),
        (Format.AUTO, "x.yaml", Format.YAML),
        (Format.BMF, "x.json", Format.BMF),
        (Format.JSON, "x.report", Format.JSON),
    ],
)
def test_the_suffix_chooses_the_format(chosen: Format, output: str | None, expected: Format) -> None:
    assert format_for(chosen, Path(output) if output else None) is expected


def test_a_contradiction_is_refused() -> None:
    with pytest.raises(InputError, match=r"x\.csv: \.csv means csv, but --format says json"):
        format_for(Format.JSON, Path("x.csv"))


def test_csv_names_the_tables_that_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT, Format.CSV, None)
    shown = capsys.readouterr()
    assert shown.out == "layers\n1\n"
    assert "left out: latency of all" in shown.err


def test_warnings_that_csv_has_no_place_for_are_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    notes = ("warning: one file was left out", "counting: MACs")
    show(replace(REPORT, notes=notes), Format.CSV, None, "layers")
    assert capsys.readouterr() == ("layers\n1\n", "mbconv: warning: one file was left out\n")


def test_csv_of_a_section(capsys: pytest.CaptureFixture[str]) -> None:
    show(REPORT, Format.CSV, None, "latency of all")
    assert capsys.readouterr() == ("latency of all\n1\n", "")
    with pytest.raises(InputError, match="did you mean 'layers'"):
        show(REPORT, Format.CSV, None, "layer")


def test_a_folder_takes_every_section(tmp_path: Path) -> None:
    show(REPORT, format_for(Format.AUTO, tmp_path), tmp_path)
    files = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert files == {"layers.csv": "layers\n1\n", "latency-of-all.csv": "latency of all\n1\n"}


def test_a_dash_is_standard_output_and_nothing_is_no_file() -> None:
    assert parse_output("-") is None
    assert parse_output("a/b.csv") == Path("a/b.csv")
    with pytest.raises(InputError, match="names no file"):
        parse_output("")


@pytest.mark.parametrize(("text", "extent"), [("224", (224, 224)), ("320x640", (320, 640)), ("1x65536", (1, 65_536))])
def test_a_resolution_is_one_number_or_two(text: str, extent: tuple[int, int]) -> None:
    assert parse_extent(text) == extent


@pytest.mark.parametrize("text", ["0", "x", "3x", "224x0", "65537", "-1", "1x2x3", "2.5"])
def test_what_is_no_resolution(text: str) -> None:
    with pytest.raises(InputError, match="should be pixels from 1 to 65536"):
        parse_extent(text)
