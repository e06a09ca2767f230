"""Several networks in one table, over turns that a test makes up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mbconv_cli.analysis.networks import open_network
from mbconv_cli.analysis.profile.profile import profile
from mbconv_cli.analysis.profile.side_by_side import profile_networks, require_side_by_side
from mbconv_cli.analysis.turns.turn_measuring import Turns
from mbconv_cli.errors import InputError
from mbconv_cli.measure.execution import Execution, Mode
from mbconv_cli.measure.processes.turn_requests import Turn
from mbconv_cli.report.model import Cell

NETWORKS = [open_network("mobilenet-v2"), open_network("mobilenet-v3-small")]
MACHINE: dict[str, Cell] = {"torch": "2.6", "threads": 1, "device": "cpu", "device_name": "a CPU"}


def test_a_row_has_the_totals_of_its_network() -> None:
    execution = Execution(batch_size=8, fold_norm=True)
    report = profile_networks(NETWORKS, execution)
    for network, row in zip(NETWORKS, report.sections["networks"].rows, strict=True):
        assert row.items() >= profile(network, execution=execution).totals.items()


def test_latencies_have_intervals_and_overlapping_ones_share_ranks() -> None:
    by_place = {
        (index, process): Turn(latency + process / 10, 9, MACHINE)
        for index, latency in enumerate((10.0, 10.1))
        for process in range(3)
    }
    report = profile_networks(NETWORKS, Execution(), Turns(by_place))
    assert [row["rank"] for row in report.sections["networks"].rows] == ["1-2", "1-2"]
    assert report.measurement["complete"] is True
    assert report.samples["process_latency_ms mobilenet-v2"] == (10.0, 10.1, 10.2)


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        require_side_by_side([NETWORKS[0], NETWORKS[0]], Execution(), measured=False)


@pytest.mark.parametrize("change", [{"training": True}, {"mode": Mode.COMPILE}])
def test_what_is_prepared_for_minutes_takes_no_turns(change: dict[str, object]) -> None:
    execution = replace(Execution(), **change)  # type: ignore[arg-type]  # each of its own type
    require_side_by_side(NETWORKS, execution, measured=False)
    with pytest.raises(InputError, match="give one"):
        require_side_by_side(NETWORKS, execution, measured=True)
