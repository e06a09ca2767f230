"""What a check would measure, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from mbconv_cli.analysis.provenance import provenance
from mbconv_cli.check.measured_judgement import GATE_SECONDS
from mbconv_cli.check.timing import LatencyTask
from mbconv_cli.report.model import Cell, Column, Kind, Report, Section
from mbconv_cli.units import COUNT, SECOND

START_SECONDS: Final = 2.25
"""How long a process takes to import PyTorch and to build, on the machine of GATE_SECONDS, where ten processes with one
network took some 30 s."""


_NOTHING: Final = "nothing would be measured: no rule for latency_ms or launched_ms, or no network that changed"


def plan_report(subject: Mapping[str, Cell], tasks: Sequence[tuple[str, LatencyTask]], processes: int) -> Report:
    """A row for each time that would be measured.

    Args:
        subject: what the report is about.
        tasks: the networks' names, and what is measured of each.
        processes: fresh ones, each of which measures all networks.
    """
    rows = [
        {
            "network": name,
            "metric": task.metric,
            "measured": "base and head in turn" if task.base else "head alone",
            "tests": task.tests,
            "seconds": GATE_SECONDS * processes,
        }
        for name, task in tasks
    ]
    columns = (
        *map(Column, ("network", "metric", "measured")),
        Column("tests", COUNT, Kind.EXACT),
        Column("seconds", SECOND),
    )
    start = START_SECONDS * processes if tasks else 0.0
    total = GATE_SECONDS * processes * len(tasks) + start
    note = (
        f"processes: {processes}, started some at a time, measuring one after the other, each with all networks; about "
        f"{start:.3g} s of the time is their start; a network whose pass takes long needs more"
    )
    return Report(
        "check plan",
        provenance(processes=processes),
        subject,
        {"networks": len({task.network for _, task in tasks}), "seconds": total},
        {"measurements": Section(columns, tuple(rows))},
        (note,) if tasks else (_NOTHING,),
    )
