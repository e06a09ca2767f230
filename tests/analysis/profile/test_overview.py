"""A profile that nothing more is asked of: its stages and its costliest rows for people, every row for programs."""

from __future__ import annotations

import pytest

from mbconv_cli.analysis.grouping import By
from mbconv_cli.analysis.networks import OpenNetwork, open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.view import View
from mbconv_cli.render.excerpts import for_people
from mbconv_cli.render.renderers import Format, render
from mbconv_cli.render.style import Style
from mbconv_cli.report.model import Report


@pytest.fixture(scope="module")
def network() -> OpenNetwork:
    return open_network("efficientnet-b0")


@pytest.fixture(scope="module")
def overview(network: OpenNetwork) -> Report:
    return profile(network, view=View(overview=True))


def test_stages_come_first_and_then_the_ten_costliest_layers(overview: Report) -> None:
    stages, costliest = for_people(overview, Style()).sections.items()
    assert (stages[0], costliest[0]) == ("stages", "costliest layers")
    assert [row["name"] for row in costliest[1].rows][::9] == ["head.conv", "stages.1.1.expand.conv"]
    assert costliest[1].rows[-1]["name"] == "228 others"
    for section in (stages[1], costliest[1]):
        assert sum(int(str(row["macs"])) for row in section.rows) == overview.totals["macs"]


def test_programs_get_what_they_got_before(network: OpenNetwork, overview: Report) -> None:
    assert overview.sections["layers"] == profile(network, view=View(By.LAYER)).sections["layers"]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_it_fits_a_screen_of_45_lines(overview: Report, width: int) -> None:
    assert len(render(overview, Format.TABLE, Style(width=width)).splitlines()) <= 45
